// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>

// An array whose index is a word. For native words it is a std::array; for a symbolic word, which
// cannot be an index, lib/proof/symbolic/word_array.hpp specialises it, so that cores with tables
// in them can be proved for every index at once.
namespace quintet {

template <class W, class Value, std::size_t kSize>
class WordArray {
 public:
  // Requires: index < kSize.
  [[nodiscard]] constexpr const Value& at(W index) const {
    return values_[static_cast<std::size_t>(index)];
  }
  constexpr void set(W index, const Value& value) {
    values_[static_cast<std::size_t>(index)] = value;
  }
  constexpr void fill(const Value& value) { values_.fill(value); }

 private:
  std::array<Value, kSize> values_{};
};

}  // namespace quintet
