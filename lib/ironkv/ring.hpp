// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/assert.hpp"

// A queue in an array that grows and does not shrink. Threading: one thread.
namespace quintet::ironkv {

// Every operation is O(1), but for growing.
template <class T>
class Ring {
 public:
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool is_empty() const { return size_ == 0; }
  // Requires: i < size(); 0 is the oldest.
  [[nodiscard]] T& at(std::size_t i) { return slots_[(first_ + i) & mask()]; }
  [[nodiscard]] const T& at(std::size_t i) const { return slots_[(first_ + i) & mask()]; }
  [[nodiscard]] T& front() { return at(0); }

  T& push(T item) {
    if (size_ == slots_.size()) grow();
    T& slot = slots_[(first_ + size_++) & mask()];
    slot = std::move(item);
    return slot;
  }
  // Requires: not empty.
  void pop() {
    QT_ASSERT(size_ > 0);
    slots_[first_] = T();
    first_ = (first_ + 1) & mask();
    --size_;
  }
  // Requires: not empty.
  T pop_newest() {
    QT_ASSERT(size_ > 0);
    --size_;
    return std::exchange(slots_[(first_ + size_) & mask()], T());
  }

 private:
  [[nodiscard]] std::size_t mask() const { return slots_.size() - 1; }
  void grow() {
    std::vector<T> larger(slots_.empty() ? 8 : 2 * slots_.size());
    for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move(slots_[(first_ + i) & mask()]);
    slots_ = std::move(larger);
    first_ = 0;
  }

  std::vector<T> slots_;  // a power of two, or empty
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace quintet::ironkv
