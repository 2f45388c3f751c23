// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>

#include "node_replication/concurrent.hpp"
#include "testing/catch.hpp"

// A structure for several logs: each key is a cell that forgets nothing, as in chain.hpp. A cell is
// loaded and then stored, so that two operations of one key that run at the same time lose one.
namespace quintet::node_replication {

struct Cells {
  static constexpr std::size_t kKeys = 12;
  using State = std::array<std::uint64_t, kKeys>;
  struct WriteOp {
    std::size_t key = 0;  // kKeys: all of them, for write_all()
    std::uint64_t value = 0;
  };
  static std::size_t key_of(const WriteOp& op) { return op.key; }

  Cells() = default;
  explicit Cells(const State& state) {
    for (std::size_t key = 0; key < kKeys; ++key) cells[key].store(state[key]);
  }
  Cells(const Cells& other) : Cells(other.state()) {}

  std::uint64_t apply(const WriteOp& op) noexcept {
    if (op.key < kKeys) return step(op.key, op.value);
    std::uint64_t all = 0;
    for (std::size_t key = 0; key < kKeys; ++key) all ^= step(key, op.value);
    return all;
  }
  [[nodiscard]] std::uint64_t find(std::size_t key) const {
    return cells[key].load(std::memory_order_relaxed);
  }
  [[nodiscard]] State state() const {
    State all{};
    for (std::size_t key = 0; key < kKeys; ++key) all[key] = find(key);
    return all;
  }

 private:
  std::uint64_t step(std::size_t key, std::uint64_t value) noexcept {
    const std::uint64_t next = (find(key) ^ value) * 0x9E37'79B9'7F4A'7C15 + 1;
    cells[key].store(next, std::memory_order_relaxed);
    return next;
  }

  std::array<std::atomic<std::uint64_t>, kKeys> cells{};
};

constexpr auto kCellsState = [](const Cells& cells) { return cells.state(); };

template <class D, Environment Env = StdEnv>
std::unique_ptr<ConcurrentNodeReplicated<D, Env>> make_concurrent(const Options& options,
                                                                  std::size_t logs) {
  auto made =
      ConcurrentNodeReplicated<D, Env>::create(options, logs, [](ReplicaId) { return D(); });
  if (!made) throw std::runtime_error("create() refused its options");
  return std::move(*made);
}

}  // namespace quintet::node_replication
