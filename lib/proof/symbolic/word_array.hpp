// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/word_array.hpp"
#include "proof/symbolic/word.hpp"

// Arrays of a core under proof: an index that is not known reads every element at once.
//
// The array is the list of its writes; a read is the newest write at that index. `Value` is a
// word, or any type with select(Boolean, Value, Value). Threading: as Paths (path.hpp).
namespace quintet {

template <unsigned kWidth, class Value, std::size_t kSize>
class WordArray<proof::Word<kWidth>, Value, kSize> {
 public:
  using Index = proof::Word<kWidth>;

  [[nodiscard]] Value at(const Index& index) const {
    proof::prove("an index is within its array", index < Index(kSize));
    Value result = rest_;
    for (const auto& [where, value] : writes_) result = select(index == where, value, result);
    return result;
  }
  void set(const Index& index, const Value& value) {
    proof::prove("an index is within its array", index < Index(kSize));
    writes_.emplace_back(index, value);
  }
  void fill(const Value& value) {
    writes_.clear();
    rest_ = value;
  }

 private:
  Value rest_{};
  std::vector<std::pair<Index, Value>> writes_;
};

}  // namespace quintet
