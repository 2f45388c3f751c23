// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "node_replication/env.hpp"

// Structures that forget nothing: the state is a hash of all operations so far in their order, so a
// lost, repeated, torn or displaced operation makes every later answer wrong. The operations differ
// in size and in what they own.
namespace quintet::node_replication {

// The world of real threads, with the versions recorded.
struct WitnessEnv : StdEnv {
  static constexpr int kCalmReads = 3;  // so that the readers' lock opens and closes all the time
  static constexpr bool kWitness = true;
};

// What all of them mean, for specifications.
struct Chain {
  struct WriteOp {
    std::uint64_t value = 0;
  };
  std::uint64_t apply(const WriteOp& op) noexcept {
    return state = (state ^ op.value) * 0x9E37'79B9'7F4A'7C15 + 1;
  }
  friend bool operator==(const Chain&, const Chain&) = default;

  std::uint64_t state = 0;
};

// Operations of kWords words, each of which must arrive.
template <std::size_t kWords>
struct WideChain : Chain {
  struct WriteOp {
    std::array<std::uint64_t, kWords> words;
  };
  static WriteOp make(std::uint64_t value) {
    WriteOp op;
    for (std::size_t i = 0; i < kWords; ++i) op.words[i] = value + i;
    return op;
  }
  std::uint64_t apply(const WriteOp& op) noexcept {
    std::uint64_t value = op.words[0];
    for (std::size_t i = 1; i < kWords; ++i) value ^= op.words[i] ^ (op.words[0] + i);
    return Chain::apply({value});
  }
};

// Operations of one byte.
struct ByteChain : Chain {
  struct WriteOp {
    std::uint8_t value;
  };
  static WriteOp make(std::uint64_t value) { return {static_cast<std::uint8_t>(value)}; }
  std::uint64_t apply(const WriteOp& op) noexcept { return Chain::apply({op.value}); }
};

// Operations that can only be moved, and own memory. One that is used after its end, or never
// destroyed, is found by the sanitizer; and by `alive`.
struct OwningChain : Chain {
  struct Owned {
    explicit Owned(std::uint64_t v) : value(v) { alive.fetch_add(1, std::memory_order_relaxed); }
    ~Owned() {
      value = 0xDEAD;
      alive.fetch_sub(1, std::memory_order_relaxed);
    }
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    std::uint64_t value;
    static inline std::atomic<std::int64_t> alive{0};
  };
  struct WriteOp {
    std::unique_ptr<Owned> owned;
  };
  static WriteOp make(std::uint64_t value) { return {std::make_unique<Owned>(value)}; }
  std::uint64_t apply(const WriteOp& op) noexcept { return Chain::apply({op.owned->value}); }
};

// What make(value) does, as the specification sees it.
template <class D>
Chain::WriteOp meaning(std::uint64_t value) {
  if constexpr (sizeof(typename D::WriteOp) == 1) return {value & 0xFF};
  return {value};
}

}  // namespace quintet::node_replication
