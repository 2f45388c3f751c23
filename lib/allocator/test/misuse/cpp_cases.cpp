// SPDX-License-Identifier: MIT
// Blocks that are freed otherwise than they were asked for, in C++.
#include <array>
#include <new>

#include "allocator/test/misuse/misuse_case.hpp"

namespace quintet::allocator::misuse {
namespace {

struct Short {
  char bytes[kCppSize / 2];
};
struct Long {
  char bytes[kCppSize];
};

bool array_delete_of_new(std::size_t) {
  delete[] opaque(new Long);
  return false;
}
bool delete_of_array_new(std::size_t size) {
  delete opaque(new char[size]);
  return false;
}
bool delete_of_malloc(std::size_t size) {
  delete static_cast<Long*>(get(size));
  return false;
}
bool free_of_new(std::size_t) {
  put(new Long);
  return false;
}
bool delete_of_another_size(std::size_t) {
  delete opaque(reinterpret_cast<Short*>(new Long));
  return false;
}

constexpr std::array<Case, 5> kCases{{
    {"mismatch", "new_and_array_delete", array_delete_of_new},
    {"mismatch", "array_new_and_delete", delete_of_array_new},
    {"mismatch", "malloc_and_delete", delete_of_malloc},
    {"mismatch", "new_and_free", free_of_new},
    {"mismatch", "size_of_delete", delete_of_another_size},
}};

}  // namespace

std::span<const Case> cpp_cases() { return kCases; }

}  // namespace quintet::allocator::misuse
