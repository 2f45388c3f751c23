// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <optional>
#include <utility>

#include "base/assert.hpp"
#include "node_replication/combiner.hpp"
#include "node_replication/env.hpp"
#include "node_replication/options.hpp"
#include "node_replication/replica.hpp"
#include "node_replication/replicable.hpp"
#include "node_replication/session.hpp"
#include "node_replication/small_locks.hpp"

// Node replication: a sequential structure made concurrent. Every replica (one for each NUMA node,
// say) holds a copy of the structure; a shared log orders the writes, and each replica applies them
// all. Reads touch their own replica only. After Calciu et al., "Black-box concurrent data
// structures for NUMA architectures" (ASPLOS 2017).
//
//   auto counter = NodeReplicated<Counter>::create(
//       {.replicas = 2}, [](ReplicaId) { return Counter(); });
//   auto session = (*counter)->attach(ReplicaId{0});  // in each thread
//   session->write({.add = 1});
//   session->read([](const Counter& counter) { return counter.value(); });
//
// Guarantees: every read and write is linearizable. There are no threads of its own, and memory is
// bounded: replicas, and a log of fixed size. Nobody waits for a replica on which no thread works:
// whoever needs the room applies the log there. Threads may outnumber processors.
//
//                    sessions' calls   attach  replicas, is_replica   sync, add, remove
// any time, any thread     yes           yes           yes            yes, one after another
namespace quintet::node_replication {

template <Replicable D, Environment Env = StdEnv, Fault kFault = Fault::kNone>
class NodeReplicated {
 public:
  using SessionOf = Session<D, Env, kFault>;
  using WriteOp = typename D::WriteOp;

  // What create() answers to these options, if it refuses them.
  [[nodiscard]] static std::optional<Error> refusal(const Options& options) {
    if (options.max_replicas < 1 || options.max_replicas > Members<D, Env, kFault>::kMost) {
      return Error{Errc::kBadMaxReplicas, options.max_replicas};
    }
    if (options.replicas < 1 || options.replicas > options.max_replicas) {
      return Error{Errc::kBadReplicas, options.replicas};
    }
    if (options.max_sessions < 1 || options.max_sessions > 65'536) {
      return Error{Errc::kBadMaxSessions, options.max_sessions};
    }
    if (options.log_lines < 2 || options.log_lines > std::size_t{1} << 32) {
      return Error{Errc::kBadLogLines, options.log_lines};
    }
    return std::nullopt;
  }

  // make(ReplicaId) -> D is called for each replica, in order; all must be equal. What it throws,
  // or the memory resources throw, ends the creation and leaves nothing behind.
  // Errors: kBadReplicas, kBadMaxReplicas, kBadMaxSessions, kBadLogLines.
  template <class Make>
    requires std::convertible_to<std::invoke_result_t<Make&, ReplicaId>, D>
  [[nodiscard]] static Result<std::unique_ptr<NodeReplicated>> create(const Options& options,
                                                                      Make make) {
    if (const auto error = refusal(options)) return std::unexpected(*error);
    std::unique_ptr<NodeReplicated> made(new NodeReplicated(options));
    if (options.replicas > 1) made->open_log();
    for (std::uint32_t i = 0; i < options.replicas; ++i) {
      const ReplicaId id{i};
      auto& replica = made->make_replica(id);
      replica.fill(make(id), 0, 0);
      made->shared_.members.add(id);
      replica.set_open(true);
    }
    return made;
  }
  NodeReplicated(const NodeReplicated&) = delete;
  NodeReplicated& operator=(const NodeReplicated&) = delete;
  // Requires: no sessions.
  ~NodeReplicated() {
    shared_.members.for_each([](auto& replica, ReplicaId) {
      // An exception on its way may have left some behind.
      QT_CHECK(replica.sessions() == 0 || std::uncaught_exceptions() > 0,
               "sessions end before what they belong to");
    });
  }

  // O(sessions). Errors: kNoSuchReplica, kTooManySessions.
  [[nodiscard]] Result<SessionOf> attach(ReplicaId id = ReplicaId{0}) {
    if (!is_replica(id)) {
      return std::unexpected(Error{Errc::kNoSuchReplica, std::uint64_t(id)});
    }
    const auto index = shared_.members[id].attach();
    if (!index) {
      Error error = index.error();
      if (error.code == Errc::kNoSuchReplica) error.value = std::uint64_t(id);
      return std::unexpected(error);
    }
    return SessionOf(shared_, id, *index);
  }

  [[nodiscard]] std::size_t replicas() const { return shared_.members.count(); }
  [[nodiscard]] bool is_replica(ReplicaId id) const { return shared_.members.has(id); }

  // Brings every replica up to what has been completed.
  void sync() {
    const std::lock_guard administrating(administrating_);
    shared_.members.for_each([this](ReplicaOf& replica, ReplicaId id) {
      Locked locked(shared_, replica, id);
      locked.combiner().catch_up();
    });
  }

  // A new replica, by copy(const D&, ReplicaId) -> D of one that there is; nobody writes through
  // that one meanwhile, and reads go on. What `copy` or the memory resource throws changes nothing.
  // Errors: kTooManyReplicas.
  template <class Copy>
    requires std::convertible_to<std::invoke_result_t<Copy&, const D&, ReplicaId>, D>
  Result<ReplicaId> add_replica(Copy copy) {
    const std::lock_guard administrating(administrating_);
    const auto id = static_cast<ReplicaId>(std::countr_one(shared_.members.set()));
    if (std::size_t(id) >= shared_.members.most()) {
      return std::unexpected(Error{Errc::kTooManyReplicas, shared_.members.most()});
    }
    const auto source_id = static_cast<ReplicaId>(std::countr_zero(shared_.members.set()));
    auto& source = shared_.members[source_id];
    auto& replica = make_replica(id);
    {
      const Locked locked(shared_, source, source_id);
      if (!shared_.log.is_open()) open_log();
      replica.fill(copy(source.data(), id), source.ltail(), source.version());
      if (kFault != Fault::kAddedAfterUnlock) shared_.members.add(id);
    }
    if (kFault == Fault::kAddedAfterUnlock) shared_.members.add(id);
    replica.set_open(true);
    return id;
  }
  Result<ReplicaId> add_replica()
    requires std::copy_constructible<D>
  {
    return add_replica([](const D& data, ReplicaId) { return data; });
  }

  // Its structure is destroyed and its place in the log given back; its id may come again. The
  // others are brought up to it before, because ctail must not fall.
  // Errors: kNoSuchReplica, kSessionsAttached, kLastReplica.
  Result<void> remove_replica(ReplicaId id) {
    const std::lock_guard administrating(administrating_);
    if (!is_replica(id)) {
      return std::unexpected(Error{Errc::kNoSuchReplica, std::uint64_t(id)});
    }
    if (replicas() == 1) return std::unexpected(Error{Errc::kLastReplica, std::uint64_t(id)});
    auto& replica = shared_.members[id];
    replica.set_open(false);
    if (const auto sessions = replica.sessions(); sessions != 0) {
      replica.set_open(true);
      return std::unexpected(Error{Errc::kSessionsAttached, sessions});
    }
    const Locked locked(shared_, replica, id);
    shared_.members.for_each([&](ReplicaOf& other, ReplicaId other_id) {
      if (other_id != id) Locked(shared_, other, other_id).combiner().catch_up();
    });
    shared_.members.remove(id);
    replica.clear();
    return {};
  }

  // Checks C1 and U1, at any time; aborts if one does not hold. Each smaller word is read first,
  // since all of them only grow.
  void check_invariants() {
    if (!shared_.log.is_open()) return;
    shared_.members.for_each([this](ReplicaOf& replica, ReplicaId id) {
      const LogIndex head = shared_.log.head();
      const LogIndex tail = shared_.log.tail();
      const LogIndex ltail = replica.ltail();
      if (!is_replica(id)) return;
      QT_CHECK(head <= ltail, "C1: what a replica still needs is in the log");
      QT_CHECK(tail <= ltail + shared_.log.size(), "C1: nothing that it needs is overwritten");
      const LogIndex ctail = shared_.members.ctail();
      QT_CHECK(ctail <= shared_.log.tail(), "U1: what is completed is in the log");
    });
  }

 private:
  using ReplicaOf = Replica<D, Env, kFault>;
  using CombinerOf = Combiner<D, Env, kFault>;

  // A replica's lock, among its sessions that want it too.
  class Locked {
   public:
    Locked(Shared<D, Env, kFault>& shared, ReplicaOf& replica, ReplicaId id)
        : replica_(replica), combiner_(shared, replica, id) {
      replica.enter();
      auto& slot = replica.administrator();
      slot.stage.store(Stage::kCalling, std::memory_order_seq_cst);
      if (!replica.lock.lock_or_want()) {
        Env::await(
            slot.stage, std::memory_order_acquire, [](Stage s) { return s == Stage::kBaton; },
            slot.parker);
      }
      slot.stage.store(Stage::kIdle, std::memory_order_relaxed);
    }
    ~Locked() {
      combiner_.release();
      replica_.leave();
    }
    Locked(const Locked&) = delete;
    Locked& operator=(const Locked&) = delete;

    [[nodiscard]] CombinerOf& combiner() { return combiner_; }

   private:
    ReplicaOf& replica_;
    CombinerOf combiner_;
  };

  explicit NodeReplicated(const Options& options)
      : options_(options), shared_(options.max_replicas) {}

  void open_log() {
    auto* const memory = options_.log_memory;
    shared_.log.open(options_.log_lines,
                     memory == nullptr ? *std::pmr::new_delete_resource() : *memory);
  }
  [[nodiscard]] ReplicaOf& make_replica(ReplicaId id) {
    const auto at = std::size_t(id);
    auto* const memory =
        at < options_.replica_memory.size() ? options_.replica_memory[at] : nullptr;
    return shared_.members.make(id, options_.max_sessions,
                                memory == nullptr ? *std::pmr::new_delete_resource() : *memory);
  }

  Options options_;
  Shared<D, Env, kFault> shared_;
  SmallMutex<Env> administrating_{"administrating"};  // one at a time
};

}  // namespace quintet::node_replication
