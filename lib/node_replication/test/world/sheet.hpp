// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/assert.hpp"

// Structures that tell everything: they keep which operations were applied, in order, and answer
// with the number of the operation among them. So responses are 1 to n, each once, and what a read
// sees is a prefix of the one order of all operations.
namespace quintet::node_replication::world {

// An operation is who wrote and his how manieth it is.
using Id = std::uint32_t;

struct Sheet {
  struct WriteOp {
    Id id;
  };
  std::size_t apply(const WriteOp& op) {
    applied.push_back(op.id);
    return applied.size();
  }
  std::vector<Id> applied{};
};

// The same with one operation a line of the log, and calls that do not fit into slots.
struct WideSheet {
  struct WriteOp {
    Id id;
    std::uint32_t rest[9] = {};
  };
  std::size_t apply(const WriteOp& op) {
    applied.push_back(op.id);
    return applied.size();
  }
  std::vector<Id> applied{};
};

// The same with operations that own something, as one that holds a string does.
struct OwningSheet {
  class WriteOp {
   public:
    explicit WriteOp(Id id) : id_(id) { ++live; }
    WriteOp(WriteOp&& other) noexcept : id_(std::exchange(other.id_, kMoved)) { ++live; }
    WriteOp& operator=(WriteOp&& other) noexcept {
      id_ = std::exchange(other.id_, kMoved);
      return *this;
    }
    ~WriteOp() {
      --live;
      id_ = kDestroyed;
    }
    [[nodiscard]] Id id() const { return id_; }

    static constexpr Id kMoved = ~Id{0};
    static constexpr Id kDestroyed = ~Id{0} - 1;
    static inline thread_local int live = 0;  // objects that there are

   private:
    Id id_;
    [[maybe_unused]] std::uint32_t rest_[9] = {};
  };
  std::size_t apply(const WriteOp& op) {
    QT_CHECK(op.id() != WriteOp::kMoved && op.id() != WriteOp::kDestroyed,
             "what is applied is an operation");
    applied.push_back(op.id());
    return applied.size();
  }
  std::vector<Id> applied{};
};

}  // namespace quintet::node_replication::world
