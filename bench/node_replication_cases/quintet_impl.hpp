// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include "node_replication/node_replicated.hpp"
#include "node_replication_cases/mix.hpp"

// Ours, for the driver of mix.hpp.
namespace quintet::bench::node_replication_cases {

template <class T>
T must(node_replication::Result<T> result) {
  if (result) return *std::move(result);
  throw std::runtime_error("node replication: " + to_string(result.error()));
}

template <class Data>
class Quintet {
 public:
  using Replicated = node_replication::NodeReplicated<Data>;

  class Thread {
   public:
    auto write(const typename Data::WriteOp& op) { return session_.write(op); }
    template <class F>
    auto read(F&& f) {
      return session_.read(std::forward<F>(f));
    }
    template <class AllDone>
    void finish(AllDone) {}

   protected:
    friend class Quintet;
    explicit Thread(typename Replicated::SessionOf session) : session_(std::move(session)) {}
    typename Replicated::SessionOf session_;
  };

  template <class Make>
  Quintet(const Mix& mix, Make make)
      : mix_(mix),
        replicated_(must(Replicated::create(
            {.replicas = mix.replicas, .max_sessions = std::max<std::size_t>(mix.threads, 1)},
            [&](node_replication::ReplicaId id) { return make(static_cast<std::size_t>(id)); }))) {}

  Thread thread(std::size_t member) { return Thread(session(member)); }
  typename Replicated::SessionOf session(std::size_t member) {
    const auto replica = static_cast<std::uint32_t>(mix_.replica_of(member));
    return must(replicated_->attach(node_replication::ReplicaId{replica}));
  }

 private:
  Mix mix_;
  std::unique_ptr<Replicated> replicated_;
};

// Writes are kept back until there are so many of them.
template <class Data, std::size_t kWrites>
class QuintetBatches : public Quintet<Data> {
 public:
  using Quintet<Data>::Quintet;

  class Thread : public Quintet<Data>::Thread {
   public:
    explicit Thread(typename Quintet<Data>::Thread thread)
        : Quintet<Data>::Thread(std::move(thread)) {}
    void write(const typename Data::WriteOp& op) {
      ops_[count_++] = op;
      if (count_ == kWrites) hand_in();
    }
    template <class AllDone>
    void finish(AllDone) {
      hand_in();
    }

   private:
    using Response = node_replication::ResponseObject<Data>;
    void hand_in() {
      this->session_.write(std::span(ops_).first(count_), std::span(responses_).first(count_));
      consume(responses_[0]);
      count_ = 0;
    }

    std::array<typename Data::WriteOp, kWrites> ops_{};
    std::array<Response, kWrites> responses_{};
    std::size_t count_ = 0;
  };

  Thread thread(std::size_t member) { return Thread(Quintet<Data>::thread(member)); }
};

template <class Data>
using QuintetBatch32 = QuintetBatches<Data, 32>;

}  // namespace quintet::bench::node_replication_cases
