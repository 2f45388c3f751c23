// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

// The world of the allocator: where address space and memory come from, and what hears of misuse.
namespace quintet::allocator {

// What was wrong with a pointer, or with the memory around it.
enum class Misuse : std::uint8_t {
  kForeign,     // freed: not from this allocator
  kMisaligned,  // freed: inside a block, or where no block is
  kDoubleFree,  // freed: is free already
  kOverflow,    // the bytes behind a block were written
  kUnderflow,   // the bytes before a block were written
  kAfterFree,   // a free block was written
  kWrongSize,   // a sized delete that names another size
  kWrongKind,   // reserved for mismatched new and delete
};

// Address space is reserved, which costs nothing; pieces of it are committed, which makes them
// readable, writable and zero; decommitted memory reads as zero again.
//
//   reserve(bytes, alignment)  inaccessible address space, or null; errno is kept
//   commit(begin, bytes)       accessible, zero where it was not before; false: no memory
//   decommit(begin, bytes)     stays accessible, reads as zero, takes no memory; false: not done
//   protect(begin, bytes, accessible)
//                              committed memory becomes inaccessible, or accessible again with its
//                              contents; false: perhaps done in part
//   release(begin, bytes)      gives a whole reservation back
//   move(from, to, bytes)      moves contents without copying, `from` reads as zero; false: no move
//   secret()                   a number that differs between runs, for disguises; static
//   milliseconds()             a clock that does not go back; wraps
//   node()                     the NUMA node of the calling thread
//   report(misuse, pointer)    may not return; if it does, the operation is given up
//
// All but report(): multiples of the shape's page, inside one reservation. Threading: any thread.
template <class Os>
concept OsMemory = requires(Os& os, std::byte* begin, std::uint64_t bytes, const void* pointer) {
  { os.reserve(bytes, bytes) } -> std::same_as<std::byte*>;
  { os.commit(begin, bytes) } -> std::same_as<bool>;
  { os.decommit(begin, bytes) } -> std::same_as<bool>;
  { os.protect(begin, bytes, true) } -> std::same_as<bool>;
  os.release(begin, bytes);
  { os.move(begin, begin, bytes) } -> std::same_as<bool>;
  { Os::secret() } -> std::same_as<std::uint64_t>;
  { os.milliseconds() } -> std::same_as<std::uint32_t>;
  { os.node() } -> std::same_as<std::uint32_t>;
  os.report(Misuse::kForeign, pointer);
};

}  // namespace quintet::allocator
