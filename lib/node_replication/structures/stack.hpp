// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

// A stack. Nothing in it can be parallel, so it shows the worst case of replication.
//
// An operation is applied once on every replica, always from a const reference. So a pushed element
// is not moved into a replica: each replica makes its own by `Copy`, a function object without
// state, T(const T&). By default that is the copy constructor; for a T that can only be moved, such
// as a std::unique_ptr, give one that copies what it owns. A popped element is moved out of each
// replica; the caller gets that of its own replica, the others are destroyed.
// Requires: T can be moved; Copy gives equal elements for equal elements and does not throw. Out of
// memory ends the process.
// Threading: none of its own.
namespace quintet::node_replication {

struct CopyConstruct {
  template <class T>
  T operator()(const T& original) const {
    return original;
  }
};

template <class T, class Copy = CopyConstruct>
class Stack {
 public:
  // Pushes `pushed`, or pops when there is nothing to push.
  struct WriteOp {
    std::optional<T> pushed;
  };
  [[nodiscard]] static WriteOp push(T element) { return {std::move(element)}; }
  [[nodiscard]] static WriteOp pop() { return {std::nullopt}; }

  // Returns what was popped: nothing when the stack was empty, and nothing for a push. O(1).
  std::optional<T> apply(const WriteOp& op) noexcept {
    if (op.pushed) {
      elements_.push_back(Copy()(*op.pushed));
      return std::nullopt;
    }
    if (elements_.empty()) return std::nullopt;
    std::optional<T> top(std::move(elements_.back()));
    elements_.pop_back();
    return top;
  }

  // The element that would be popped next, or null. It stays where it is until the next write.
  [[nodiscard]] const T* top() const { return elements_.empty() ? nullptr : &elements_.back(); }
  [[nodiscard]] std::size_t size() const { return elements_.size(); }
  // From the bottom to the top.
  [[nodiscard]] const std::vector<T>& elements() const { return elements_; }

 private:
  std::vector<T> elements_;
};

}  // namespace quintet::node_replication
