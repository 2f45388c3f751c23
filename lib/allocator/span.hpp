// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "allocator/env.hpp"

// The record of a span: a run of units that is in use or free. It lies in the region's table at the
// span's first unit; the one at its last unit repeats `units` and `state`, so that a neighbour
// finds the span. Entries between them say nothing.
// Threading: under the lock of the arena that owns the span; `begins_chunk` never changes.
namespace quintet::allocator {

enum class SpanState : std::uint8_t {
  kNothing,  // never handed to an arena
  kUsed,
  kDirty,  // free; may take memory
  kClean,  // free; takes no memory and reads as zero
};

template <class Env>
struct Span {
  // Neighbours among the free spans of one state and length (arena.hpp).
  typename Env::template Plain<Span*> previous;
  typename Env::template Plain<Span*> next;
  // Neighbours among the dirty spans in the order in which they became free.
  typename Env::template Plain<Span*> older;
  typename Env::template Plain<Span*> newer;
  typename Env::template Plain<std::uint32_t> units;
  // When it became free, in the world's milliseconds.
  typename Env::template Plain<std::uint32_t> since;
  typename Env::template Plain<SpanState> state;
  // Which arena the span is of. Written by whoever has the span.
  typename Env::template Plain<std::uint8_t> arena;
  // The unit before belongs to another arena, or to none.
  typename Env::template Plain<bool> begins_chunk;
};

}  // namespace quintet::allocator
