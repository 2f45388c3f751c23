// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "baselines/original_nr/log.hpp"
#include "baselines/original_nr/replica.hpp"
#include "baselines/original_nr/traits.hpp"
#include "baselines/original_nr/waiting.hpp"

// Node replication as it was before ours, made again from its description: the original in Rust,
// the one verified with Verus, and IronSync's. One template, whose Traits say in what they differ.
//
// A write leaves its operation in a context of its replica; one thread, the combiner, collects all,
// appends them to the shared log, applies the log to its replica and hands the responses back. A
// read waits until its replica has all that was completed when the read began. Known weaknesses are
// kept: a combiner that scans too early leaves a request waiting for 2^29 looks; when the log is
// full because a replica has no active thread, every writer waits for ever. `give_up` ends that
// (waiting.hpp). Env: base/atomics.hpp; its await() is not used.
// Threading: each thread uses the token that it registered.
namespace quintet::baselines {

template <class D, class Env, class Traits>
class OriginalNr {
 public:
  using Replica = OriginalReplica<D, Env, Traits>;
  using Op = typename Replica::Op;
  struct Token {
    std::uint32_t replica;
    std::uint32_t thread;
  };

  // make(i) is the structure of replica i. `log_entries` 0 is the original's own length.
  // Throws std::invalid_argument.
  template <class Make>
  OriginalNr(std::size_t replicas, std::uint64_t log_entries, Make make,
             const std::atomic<bool>* give_up = nullptr)
      : log_(checked_replicas(replicas), checked_entries(log_entries), Waiting(give_up)) {
    for (std::size_t i = 0; i < replicas; ++i) {
      replicas_.push_back(std::make_unique<Replica>(static_cast<std::uint32_t>(i), make(i), log_,
                                                    Waiting(give_up)));
    }
  }

  [[nodiscard]] std::size_t replicas() const { return replicas_.size(); }

  // None: there is no such replica, or it has all its threads. For good.
  std::optional<Token> register_thread(std::size_t replica) {
    if (replica >= replicas_.size()) return std::nullopt;
    const auto thread = replicas_[replica]->register_thread();
    if (!thread) return std::nullopt;
    return Token{static_cast<std::uint32_t>(replica), *thread};
  }

  typename Replica::Result write(Token token, Op op) {
    if constexpr (std::is_void_v<typename Replica::Result>) {
      replicas_[token.replica]->write(token.thread, std::move(op));
    } else {
      return replicas_[token.replica]->write(token.thread, std::move(op)).value;
    }
  }

  // f(const D&), without a write in it.
  template <class F>
  decltype(auto) read(Token token, F&& f) {
    return replicas_[token.replica]->read(token.thread, std::forward<F>(f));
  }

 private:
  using Waiting = OriginalWaiting<Env>;

  static std::size_t checked_replicas(std::size_t replicas) {
    if (replicas < 1 || replicas > Traits::kMaxReplicas) {
      throw std::invalid_argument("original NR: " + std::to_string(replicas) +
                                  " replicas: use 1 to " + std::to_string(Traits::kMaxReplicas));
    }
    return replicas;
  }
  static std::uint64_t checked_entries(std::uint64_t entries) {
    if (entries == 0) return Traits::kLogEntries;
    if (!std::has_single_bit(entries) || entries < 2 * Traits::kGcMargin) {
      throw std::invalid_argument("original NR: a log of " + std::to_string(entries) +
                                  " entries: use a power of two, at least " +
                                  std::to_string(std::bit_ceil(2 * Traits::kGcMargin)));
    }
    return entries;
  }

  typename Replica::Log log_;
  std::vector<std::unique_ptr<Replica>> replicas_;
};

}  // namespace quintet::baselines
