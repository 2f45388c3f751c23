// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>

// What the allocator tells a tool that watches the program's memory; chosen_tracker.hpp has tools.
//
// Memory that no block in use has is closed: the tool reports who touches it. The allocator opens
// what it keeps there, a link or a trailer, for as long as it looks (Opened).
// Threading: a block's memory is told of by whoever has the block.
namespace quintet::allocator {

// open(p, n)            these bytes may be read and written
// close(p, n)           nobody may touch them
// give(p, n)            a block begins; its contents are not known
// resize(p, old, n)     it has n bytes now
// take(p, n)            it is free
// refuse(p)             the program frees what is no block in use
// reserve(p, n), release(p, n)   blocks may come to lie in these bytes; they do not any more
template <class T>
concept Tracker = requires(void* p, std::size_t n) {
  T::open(p, n);
  T::close(p, n);
  T::give(p, n);
  T::resize(p, n, n);
  T::take(p, n);
  T::refuse(p);
  T::reserve(p, n);
  T::release(p, n);
};

// Nobody watches, and nothing is done.
struct NoTracker {
  static constexpr void open(const void*, std::size_t) {}
  static constexpr void close(const void*, std::size_t) {}
  static constexpr void give(void*, std::size_t) {}
  static constexpr void resize(void*, std::size_t, std::size_t) {}
  static constexpr void take(void*, std::size_t) {}
  static constexpr void refuse(void*) {}
  static constexpr void reserve(void*, std::size_t) {}
  static constexpr void release(void*, std::size_t) {}
};
static_assert(Tracker<NoTracker>);

// Closed memory that is open to the allocator while this lives.
template <Tracker T>
class Opened {
 public:
  Opened(const void* bytes, std::size_t count) : bytes_(bytes), count_(count) {
    T::open(bytes_, count_);
  }
  ~Opened() { T::close(bytes_, count_); }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

 private:
  const void* bytes_;
  std::size_t count_;
};

}  // namespace quintet::allocator
