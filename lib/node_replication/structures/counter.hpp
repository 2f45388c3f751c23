// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// A number that is added to: the smallest structure that can be replicated, and the one that shows
// what replication itself costs.
// Threading: none of its own, like every structure here: NodeReplicated provides it.
namespace quintet::node_replication {

class Counter {
 public:
  struct WriteOp {
    std::uint64_t add = 1;
  };

  explicit Counter(std::uint64_t value = 0) : value_(value) {}

  // Adds (modulo 2^64) and returns the new value, so that additions of one are told 1 to n once
  // each.
  std::uint64_t apply(const WriteOp& op) noexcept { return value_ += op.add; }

  [[nodiscard]] std::uint64_t value() const { return value_; }

  friend bool operator==(const Counter&, const Counter&) = default;

 private:
  std::uint64_t value_;
};

}  // namespace quintet::node_replication
