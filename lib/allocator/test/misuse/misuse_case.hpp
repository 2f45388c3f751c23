// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdlib>
#include <span>

// What a misuse case is, and how its code gets memory so that no compiler sees what it does with
// it: every call and every pointer goes through a volatile. Threading: one thread.
namespace quintet::allocator::misuse {

struct Case {
  const char* family;
  const char* name;
  // Does it, with blocks of about so many bytes. True: the allocator keeps what the case asks of
  // it; false: it has not noticed. Most of those that notice do not come back.
  bool (*run)(std::size_t size);
};

// Each of them is run with each of kSizes,
std::span<const Case> free_cases();
std::span<const Case> bounds_cases();
std::span<const Case> reuse_cases();
inline constexpr std::size_t kSizes[] = {8, 4096, 256 << 10};
// and these once.
std::span<const Case> cpp_cases();
inline constexpr std::size_t kCppSize = 100;

inline void* (*volatile get)(std::size_t) = std::malloc;
inline void (*volatile put)(void*) = std::free;
inline void* (*volatile resize)(void*, std::size_t) = std::realloc;

// The same pointer, of which nothing is known.
template <class T>
T* opaque(T* pointer) {
  T* volatile hidden = pointer;
  return hidden;
}
using Bytes = volatile unsigned char*;
inline Bytes get_bytes(std::size_t size) { return static_cast<Bytes>(get(size)); }
inline void put_bytes(Bytes bytes) { put(const_cast<unsigned char*>(bytes)); }

inline void fill(Bytes bytes, std::size_t count, unsigned char value) {
  for (std::size_t i = 0; i < count; ++i) bytes[i] = value;
}
inline bool is_filled(Bytes bytes, std::size_t count, unsigned char value) {
  for (std::size_t i = 0; i < count; ++i) {
    if (bytes[i] != value) return false;
  }
  return true;
}

}  // namespace quintet::allocator::misuse
