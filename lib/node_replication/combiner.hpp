// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/assert.hpp"
#include "node_replication/batch.hpp"
#include "node_replication/env.hpp"
#include "node_replication/log.hpp"
#include "node_replication/members.hpp"
#include "node_replication/options.hpp"
#include "node_replication/replica.hpp"
#include "node_replication/replicable.hpp"
#include "node_replication/slot.hpp"

// What whoever holds the lock of a replica does: flat combining. It collects requests, appends
// their operations to the log, applies the log up to them and then them, and answers.
//
// While there is one replica there is no log: requests are applied where they lie.
//
// Invariants:
//   I1  a thread that waits for another replica holds no lock; of other replicas' locks it only
//       tries, so every holder gets on and every wait ends
//   I2  whenever a request is posted somebody holds the lock, or has left its own request here
//       because the log is full, and comes back
//   U7  unless its lock is held, no operation of a replica's own requests is between its ltail and
//       tail: who appends them applies them before it gives the lock up
//
// Linearization: a write where the first replica's ltail is raised over it, that is where ctail is
// (one replica: where it is applied); a read right after the last write that it sees, or at its
// begin if that is later.
namespace quintet::node_replication {

// What all replicas share.
template <Replicable D, Environment Env, Fault kFault = Fault::kNone>
struct Shared {
  explicit Shared(std::size_t max_replicas) : members(max_replicas) {}

  Log<typename D::WriteOp, Env, kFault> log;
  Members<D, Env, kFault> members;
};

template <Replicable D, Environment Env, Fault kFault = Fault::kNone>
class Combiner {
 public:
  using ReplicaOf = Replica<D, Env, kFault>;
  using SlotOf = Slot<D, Env>;
  using Op = typename D::WriteOp;
  using LogOf = Log<Op, Env, kFault>;
  using ServedOf = Served<D, Env>;
  using BatchOf = Batch<D, Env>;

  // A replica that must go on before the log has room, and its lock when somebody held it.
  struct Laggard {
    ReplicaOf* replica;
    typename CombinerLock<Env, kFault>::Word seen;
  };

  Combiner(Shared<D, Env, kFault>& shared, ReplicaOf& replica, ReplicaId id)
      : shared_(&shared), replica_(&replica), id_(id) {}

  // The shortest way: serves `own`, without looking for others, and gives the lock up. False: the
  // lock is still held, because others want to be served, or (own.count > 0) because the log is
  // full. Requires: the lock.
  [[nodiscard]] bool serve_own(Request<D>& own) {
    const bool alone = replica_->sessions() == 1;
    const bool logged = !shared_->members.has_one();
    if (!(logged ? log_own(own, alone) : apply_own(own, alone))) return false;
    if (alone && !logged) {
      replica_->lock.unlock_alone();
      return true;
    }
    // Not by a store, which could be seen much later: who returns from a write, and lets others
    // know by whatever means, has raised ltail for all to see.
    if (replica_->lock.unlock_unless_wanted()) return true;
    replica_->lock.clear_wanted();
    return call_administrator();
  }

  // Serves `own` (null: none, or it is in the slot), then whoever wants to be served, and brings
  // the replica up to `wanted`; gives the lock up, or passes it on. `self` is the caller's slot.
  // Returns nothing, and then own->count is 0; or a laggard: then the lock is given up, what is
  // left of `own` is in the slot (Stage::kLeft), and the caller comes back when the laggard got on
  // (I2). Requires: the lock.
  std::optional<Laggard> serve(Request<D>* own, SlotOf& self, LogIndex wanted) {
    for (unsigned pass = 0;; own = nullptr) {
      gather(own);
      const auto laggard = run_batch(wanted);
      answer(own, self);
      if (laggard) {
        if (!call_administrator()) replica_->lock.unlock();
        return laggard;
      }
      if (replica_->lock.unlock_unless_wanted()) return std::nullopt;
      replica_->lock.clear_wanted();
      if (call_administrator()) return std::nullopt;
      if (++pass >= kPasses && pass_on()) return std::nullopt;
    }
  }

  // The version after the last operation of serve()'s `own`; kept with Env::kWitness.
  [[nodiscard]] Version own_version() const { return own_version_; }

  // Applies what is in the log. Requires: the lock.
  void catch_up() {
    const LogIndex end = log().tail();
    if (replica_->ltail() < end) catch_up_to(end);
  }

  // Gives the lock up, to somebody who waits for it if there is one. Requires: the lock.
  void release() {
    while (!call_administrator() && !pass_on() && !replica_->lock.unlock_unless_wanted()) {
      replica_->lock.clear_wanted();
    }
  }

 private:
  // So often a combiner serves others before one of them has to do it: bounds how long a write
  // can take. Case node_replication/mix.
  static constexpr unsigned kPasses = 32;
  static constexpr std::size_t kPrefetch = 16;  // operations ahead
  static constexpr LogIndex kMore = 64;         // lines
  static constexpr std::size_t kAhead = 8;      // slots ahead: each is on its session's core

  [[nodiscard]] LogOf& log() { return shared_->log; }

  // False: nothing was done.
  bool apply_own(Request<D>& own, bool alone) {
    if (replica_->ltail() != log().tail()) return false;
    replica_->close_to_readers(alone);
    replica_->await_readers(alone);
    apply_request(own);
    if constexpr (Env::kWitness) own_version_ = replica_->version();
    replica_->end_writing(alone);
    return true;
  }
  bool log_own(Request<D>& own, bool alone) {
    if (own.count > LogOf::kOpsPerLine) return false;
    // What reserving waits for, and what applying will, are on their way together.
    for (std::size_t i = 0; i < own.count; ++i) replica_->prefetch(own.operations[i]);
    const auto line = log().reserve(1, replica_->log_seen);
    if (!line) return false;
    ServedOf served{own, nullptr};
    batch_ = BatchOf({&served, 1});
    replica_->close_to_readers(alone);
    append(*line, own.count);
    apply_log(*line, *line + 1, alone);
    own.count = 0;
    if constexpr (Env::kWitness) own_version_ = served.version;
    return true;
  }

  // Everything that is posted.
  void gather(const Request<D>* own) {
    auto& batch = replica_->served;
    batch.clear();
    if (own != nullptr) batch.push_back({*own, nullptr});
    const std::size_t used = replica_->slots_used();
    for (std::size_t i = 0; i < std::min(used, kAhead); ++i) Env::prefetch(replica_->slot(i).stage);
    for (std::size_t i = 0; i < used; ++i) {
      SlotOf& slot = replica_->slot(i);
      if (i + kAhead < used) Env::prefetch(replica_->slot(i + kAhead).stage);
      // seq_cst: pairs with posting, see CombinerLock::lock_or_want(). acquires the request.
      if (is_pending(slot.stage.load(std::memory_order_seq_cst))) {
        batch.push_back({slot.request.load(), &slot});
      }
    }
    batch_ = BatchOf(batch);
  }

  [[nodiscard]] std::optional<Laggard> run_batch(LogIndex wanted) {
    if (!shared_->members.has_one()) return run_logged(wanted);
    run_unlogged();
    return std::nullopt;
  }

  void run_unlogged() {
    catch_up();  // with what was logged while there were others
    if (batch_.empty()) return;
    replica_->close_to_readers(false);
    replica_->await_readers(false);
    for (auto& served : batch_) {
      apply_request(served.request);
      if constexpr (Env::kWitness) served.version = replica_->version();
    }
    replica_->end_writing(false);
  }
  void apply_request(Request<D>& request) {
    // Not from the request, which apply() might change for all that the compiler knows.
    const auto [operations, responses, count] = request;
    for (std::size_t i = 0; i < count; ++i) {
      if (i + kPrefetch < count) replica_->prefetch(operations[i + kPrefetch]);
      respond(operations[i], responses[i]);
    }
    request = {operations + count, responses + count, 0};
  }
  void respond(const Op& operation, ResponseObject<D>& response) {
    if constexpr (std::is_void_v<Response<D>>) {
      replica_->apply(operation);
    } else {
      response = replica_->apply(operation);
    }
  }

  [[nodiscard]] std::optional<Laggard> run_logged(LogIndex wanted) {
    const std::size_t most = std::max<std::size_t>(1, log().size() / 4) * LogOf::kOpsPerLine;
    for (std::size_t left = batch_.operations(); left > 0;) {
      const std::size_t ops = std::min(left, most);
      const std::size_t lines = LogOf::lines_for(ops);
      const auto begin = log().reserve(lines, replica_->log_seen);
      if (!begin) {
        if (const auto laggard = make_room(lines)) return laggard;
        continue;
      }
      replica_->close_to_readers(false);
      append(*begin, ops);
      apply_log(*begin, *begin + lines, false);
      left -= ops;
    }
    if (replica_->ltail() < wanted) catch_up_to(wanted);
    return std::nullopt;
  }

  // Moves the next `ops` operations of the batch into the log.
  void append(LogIndex index, std::size_t ops) {
    auto next = batch_.reader();
    for (; ops > 0; ++index) {
      const std::size_t count = std::min(ops, LogOf::kOpsPerLine);
      log().write(index, id_, count, next);
      ops -= count;
    }
  }

  // And as far as others have published meanwhile, within bounds: shutting readers out costs more
  // than a few lines.
  void catch_up_to(LogIndex end) {
    for (const LogIndex most = end + kMore; end < most && log().is_published(end);) ++end;
    replica_->close_to_readers(false);
    apply_log(end, end, false);
  }
  // Everything below `end`; from `own` on it is the batch, whose responses are delivered.
  // Requires: close_to_readers(), before own lines were written, since its fence would wait for
  // them. Ends it.
  void apply_log(LogIndex own, LogIndex end, bool alone) {
    replica_->await_readers(alone);
    for (LogIndex index = replica_->ltail(); index < own; ++index) {
      log().consume(index, [&](const Op& operation) { replica_->apply(operation); });
      if (kFault == Fault::kDataReleasedBetweenLines) {
        replica_->end_writing(alone);
        replica_->close_to_readers(alone);
        replica_->await_readers(alone);
      }
    }
    for (LogIndex index = own; index < end; ++index) {
      log().consume(index, [&](const Op& operation) { deliver(operation); });
    }
    if (kFault == Fault::kReadersBeforeLtail) replica_->end_writing(alone);
    // The linearization point of what no other replica has applied before.
    replica_->set_ltail(end);
    if (kFault != Fault::kReadersBeforeLtail) replica_->end_writing(alone);
    if constexpr (LogOf::kDestroys) collect();
  }
  void deliver(const Op& operation) {
    ServedOf& served = batch_.first();
    respond(operation, *served.request.responses);
    if constexpr (Env::kWitness) served.version = replica_->version();
    served.request.take_first();
    if (kFault == Fault::kAnsweredBeforeLtail && served.request.count == 0 &&
        served.slot != nullptr) {
      answer(served);
    }
  }
  void collect() {
    log().advance_head([this] { return shared_->members.least_ltail(); });
  }

  // Nothing: there may be room now.
  [[nodiscard]] std::optional<Laggard> make_room(std::size_t lines) {
    for (;;) {
      collect();
      const LogIndex needed = log().needed_for(lines);
      if (needed <= log().head()) return std::nullopt;
      if (replica_->ltail() < needed) {
        catch_up();
        continue;
      }
      bool helped = false;
      std::optional<Laggard> busy;
      shared_->members.for_each([&](ReplicaOf& other, ReplicaId id) {
        const auto seen = other.lock.look();
        if (&other == replica_ || other.ltail() >= needed) return;
        if (help(other, id)) {
          helped = true;
        } else {
          busy = Laggard{&other, seen};
        }
      });
      if (!helped && busy) return busy;
    }
  }
  // False: somebody is at work there.
  bool help(ReplicaOf& other, ReplicaId id) {
    Combiner there(*shared_, other, id);
    if (kFault == Fault::kHelpedWithoutLock) {
      there.catch_up();
      return true;
    }
    if (!other.lock.try_lock()) return false;
    if (shared_->members.has(id)) there.catch_up();
    there.release();
    return true;
  }

  // Who has been served hears of it; what is left stays in the slots, and the caller's own goes
  // there.
  void answer(Request<D>* own, SlotOf& self) {
    for (auto& served : batch_) {
      if (served.slot == nullptr) {
        *own = served.request;
        if constexpr (Env::kWitness) own_version_ = served.version;
        if (own->count > 0) leave(self, served.request);
      } else if (served.request.count == 0) {
        if (kFault != Fault::kAnsweredBeforeLtail) answer(served);
      } else if (served.slot == &self) {
        leave(self, served.request);
      } else if (kFault != Fault::kExecutedAgain) {
        served.slot->request.store(served.request);
      }
    }
  }
  void answer(const ServedOf& served) {
    if constexpr (Env::kWitness) served.slot->version.store(served.version);
    // release: pairs with the session's wait, which takes the response.
    served.slot->stage.store(Stage::kAnswered, kFault == Fault::kAnswerNotReleased
                                                   ? std::memory_order_relaxed
                                                   : std::memory_order_release);
    Env::wake(served.slot->parker);
  }
  static void leave(SlotOf& self, const Request<D>& request) {
    if (kFault != Fault::kExecutedAgain) self.request.store(request);
    // relaxed: only the next holder of the lock looks at it.
    self.stage.store(Stage::kLeft, std::memory_order_relaxed);
  }

  // The lock goes to somebody who waits at its slot. False: nobody does.
  bool pass_on() {
    const std::size_t used = replica_->slots_used();
    for (std::size_t i = 0; i < used; ++i) {
      if (give_baton(replica_->slot(i), Stage::kPosted)) return true;
    }
    return false;
  }
  bool call_administrator() { return give_baton(replica_->administrator(), Stage::kCalling); }
  bool give_baton(SlotOf& slot, Stage waits) {
    if (slot.stage.load(std::memory_order_seq_cst) != waits) return false;
    // release: pairs with the wait, as unlocking does with locking.
    slot.stage.store(Stage::kBaton, std::memory_order_release);
    Env::wake(slot.parker);
    if (kFault == Fault::kBatonForgotten) replica_->lock.unlock();
    return true;
  }

  Shared<D, Env, kFault>* shared_;
  ReplicaOf* replica_;
  ReplicaId id_;
  BatchOf batch_;
  Version own_version_ = 0;
};

}  // namespace quintet::node_replication
