// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/align.hpp"
#include "base/assert.hpp"
#include "node_replication/env.hpp"
#include "node_replication/node_replicated.hpp"
#include "node_replication/options.hpp"
#include "node_replication/reader_writer_lock.hpp"
#include "node_replication/replicable.hpp"
#include "node_replication/small_locks.hpp"

// Concurrent node replication: a structure that is concurrent itself, replicated by several logs.
// Operations with different keys commute; their keys choose their log, and each log has combiners
// of its own, so that a node applies several operations at a time. What concerns all keys is a
// scan: it stops everything.
//
//   struct Shards {
//     struct WriteOp { std::uint64_t key, value; };
//     static std::size_t key_of(const WriteOp& op) { return op.key; }
//     // These may run at the same time for keys of different logs:
//     std::uint64_t apply(const WriteOp& op);
//     std::optional<std::uint64_t> find(std::uint64_t key) const;
//     std::size_t size() const;
//   };
//   auto map = ConcurrentNodeReplicated<Shards>::create({.replicas = 2}, 8, make);
//   auto session = (*map)->attach(ReplicaId{0});
//   session->write({.key = 1, .value = 2});
//   session->read(1, [](const Shards& s) { return s.find(1); });
//   session->scan([](const Shards& s) { return s.size(); });
//
// Guarantees: linearizable, if a read depends on what has its key only. A scan is atomic with
// regard to everything. A read waits for the combiner of its own log in its replica: else it would
// see what has been applied here, and reads elsewhere do not yet wait for (U15). So nothing of one
// log runs beside a write of it.
//
// Invariant: a thread in write() or read() has said so in its gate; a scan waits until nobody is
// there, brings all logs to all replicas, and then has all copies to itself.
//
//   Threading: as NodeReplicated; scans one after another.
namespace quintet::node_replication {

template <class D>
concept ConcurrentlyReplicable = Replicable<D> && requires(const typename D::WriteOp& operation) {
  { D::key_of(operation) } -> std::convertible_to<std::size_t>;
};

template <ConcurrentlyReplicable D, Environment Env = StdEnv>
class ConcurrentNodeReplicated {
 private:
  // What a log's replica holds: the way to the copy that all logs of the replica share.
  struct Lane {
    using WriteOp = typename D::WriteOp;
    Response<D> apply(const WriteOp& operation) { return data->apply(operation); }
    D* data;
  };
  using Lanes = NodeReplicated<Lane, Env>;
  using Gate = ReaderWriterLock<Env>;
  struct alignas(kCacheLineBytes) Passage {
    typename Gate::Word inside{0};
  };

 public:
  using WriteOp = typename D::WriteOp;

  // A thread's way in, as Session. Move-only; one thread at a time.
  class Session {
   public:
    Session(ConcurrentNodeReplicated& owner, std::size_t replica, std::size_t place,
            std::vector<typename Lanes::SessionOf> lanes)
        : owner_(&owner), replica_(replica), place_(place), lanes_(std::move(lanes)) {}
    Session(Session&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)),
          replica_(other.replica_),
          place_(other.place_),
          lanes_(std::move(other.lanes_)),
          submitted_(std::exchange(other.submitted_, std::nullopt)) {}
    Session& operator=(Session&& other) noexcept {
      Session taken(std::move(other));
      std::swap(owner_, taken.owner_);
      std::swap(replica_, taken.replica_);
      std::swap(place_, taken.place_);
      std::swap(lanes_, taken.lanes_);
      std::swap(submitted_, taken.submitted_);
      return *this;
    }
    ~Session() { detach(); }

    // As Session's.
    void detach() {
      if (owner_ == nullptr) return;
      if (submitted_)
        static_cast<void>(take());  // here, since the log's session is not in the gate
      give_back(lanes_);
      std::exchange(owner_, nullptr)->places_.give_back(place_);
    }
    [[nodiscard]] bool is_attached() const { return owner_ != nullptr; }
    [[nodiscard]] ReplicaId replica() const { return static_cast<ReplicaId>(replica_); }

    // Applies an operation to all replicas, this one now.
    Response<D> write(WriteOp operation) {
      assert_ready();
      const Inside inside(*this);
      return lanes_[lane_of(operation)].write(std::move(operation));
    }
    // Those of one log in their order, at one price; they are moved from.
    // Requires: as many responses as operations. Throws std::bad_alloc, and then has done nothing
    // or those of some logs.
    void write(std::span<WriteOp> operations, std::span<ResponseObject<D>> responses) {
      QT_CHECK(operations.size() == responses.size(), "a response for each operation");
      assert_ready();
      const Inside inside(*this);
      std::vector<std::size_t> lanes;
      lanes.reserve(operations.size());
      for (const WriteOp& operation : operations) lanes.push_back(lane_of(operation));
      std::vector<WriteOp> ops;
      const auto answers = std::make_unique<ResponseObject<D>[]>(operations.size());
      for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
        ops.clear();
        for (std::size_t i = 0; i < lanes.size(); ++i) {
          if (lanes[i] == lane) ops.push_back(std::move(operations[i]));
        }
        if (ops.empty()) continue;
        lanes_[lane].write(std::span(ops), std::span(answers.get(), ops.size()));
        for (std::size_t i = 0, done = 0; i < lanes.size(); ++i) {
          if (lanes[i] == lane) responses[i] = std::move(answers[done++]);
        }
      }
    }
    // As Session's.
    void submit(WriteOp operation) {
      assert_ready();
      const Inside inside(*this);
      const std::size_t lane = lane_of(operation);
      lanes_[lane].submit(std::move(operation));
      submitted_ = lane;
    }
    [[nodiscard]] bool is_done() {
      QT_CHECK(submitted_, "nothing was submitted");
      const Inside inside(*this);
      return lanes_[*submitted_].is_done();
    }
    Response<D> take() {
      QT_CHECK(submitted_, "nothing was submitted");
      const Inside inside(*this);
      return lanes_[*std::exchange(submitted_, std::nullopt)].take();
    }
    // Brings this replica up to what has been completed anywhere.
    void sync() {
      assert_ready();
      const Inside inside(*this);
      for (auto& lane : lanes_) lane.sync();
    }
    // Reads what has this key in this replica: f(const D&).
    template <std::invocable<const D&> F>
    decltype(auto) read(std::size_t key, F&& f) {
      assert_ready();
      const Inside inside(*this);
      return lanes_[key % lanes_.size()].read([&](const Lane& lane) -> decltype(auto) {
        return std::invoke(std::forward<F>(f), std::as_const(*lane.data));
      });
    }
    // Reads this replica while nobody writes anywhere: f(const D&), which must not use sessions of
    // the same object. All others wait.
    template <std::invocable<const D&> F>
    decltype(auto) scan(F&& f) {
      assert_ready();
      const Alone alone(*owner_);
      return std::invoke(std::forward<F>(f), owner_->copy(replica_));
    }
    // Applies an operation that concerns several keys to all replicas. All others wait.
    Response<D> write_all(const WriteOp& operation) {
      assert_ready();
      const Alone alone(*owner_);
      for (std::size_t i = 0; i < owner_->copies_.size(); ++i) {
        if (i != replica_ && owner_->copies_[i]) owner_->copies_[i]->apply(operation);
      }
      return owner_->copies_[replica_]->apply(operation);
    }

   private:
    void assert_ready() const {
      QT_ASSERT(is_attached(), "the session was detached, or moved from");
      QT_ASSERT(!submitted_, "take() the response of what was submitted first");
    }

    struct Inside {
      explicit Inside(Session& session) : word(session.owner_->passages_[session.place_].inside) {
        session.owner_->gate_.begin_reading(word, session.calm_,
                                            [&session] { session.owner_->open_gate(); });
      }
      ~Inside() { Gate::end_reading(word); }
      Inside(const Inside&) = delete;
      Inside& operator=(const Inside&) = delete;
      typename Gate::Word& word;
    };

    [[nodiscard]] std::size_t lane_of(const WriteOp& operation) const {
      return D::key_of(operation) % lanes_.size();
    }

    ConcurrentNodeReplicated* owner_;
    std::size_t replica_;
    std::size_t place_;
    std::vector<typename Lanes::SessionOf> lanes_;
    std::optional<std::size_t> submitted_;  // the lane
    Calm<Env> calm_;
  };

  // make(ReplicaId) -> D as in NodeReplicated. Errors: as NodeReplicated::create, and kBadLogs; the
  // options hold for each log.
  template <class Make>
    requires std::convertible_to<std::invoke_result_t<Make&, ReplicaId>, D>
  [[nodiscard]] static Result<std::unique_ptr<ConcurrentNodeReplicated>> create(
      const Options& options, std::size_t logs, Make make) {
    if (logs == 0) return std::unexpected(Error{Errc::kBadLogs, logs});
    if (const auto error = Lanes::refusal(options)) return std::unexpected(*error);
    std::unique_ptr<ConcurrentNodeReplicated> made(new ConcurrentNodeReplicated(options));
    for (std::size_t i = 0; i < options.replicas; ++i) {
      made->copies_[i] = std::make_unique<D>(make(static_cast<ReplicaId>(i)));
    }
    for (std::size_t log = 0; log < logs; ++log) {
      auto lanes = Lanes::create(
          options, [&](ReplicaId id) { return Lane{made->copies_[std::size_t(id)].get()}; });
      if (!lanes) return std::unexpected(lanes.error());
      made->lanes_.push_back(*std::move(lanes));
    }
    return made;
  }

  // Errors: kNoSuchReplica, kTooManySessions.
  [[nodiscard]] Result<Session> attach(ReplicaId id = ReplicaId{0}) {
    std::vector<typename Lanes::SessionOf> sessions;
    sessions.reserve(lanes_.size());
    const auto refuse = [&](Error error) {
      give_back(sessions);
      return std::unexpected(error);
    };
    for (auto& lanes : lanes_) {
      auto session = lanes->attach(id);
      if (!session) return refuse(session.error());
      sessions.push_back(*std::move(session));
    }
    const auto place = places_.take();
    if (!place) return refuse({Errc::kTooManySessions, places_.count()});
    return Session(*this, std::size_t(id), *place, std::move(sessions));
  }

  [[nodiscard]] std::size_t replicas() const { return lanes_.front()->replicas(); }
  [[nodiscard]] bool is_replica(ReplicaId id) const { return lanes_.front()->is_replica(id); }
  [[nodiscard]] std::size_t logs() const { return lanes_.size(); }

  // As NodeReplicated's, while everybody waits. Errors: the same.
  template <class Copy>
    requires std::convertible_to<std::invoke_result_t<Copy&, const D&, ReplicaId>, D>
  Result<ReplicaId> add_replica(Copy copy_of) {
    const Alone alone(*this);
    std::size_t source = 0;
    while (!copies_[source]) ++source;
    Result<ReplicaId> added = ReplicaId{0};
    std::unique_ptr<D> made;
    // The first log comes last: until it has the replica, nobody can attach to it.
    std::size_t at = lanes_.size();
    try {
      for (; at > 0; --at) {
        added = lanes_[at - 1]->add_replica([&](const Lane&, ReplicaId id) {
          if (!made) made = std::make_unique<D>(copy_of(copy(source), id));
          return Lane{made.get()};
        });
        if (!added) return added;  // of all: they have the same replicas
      }
    } catch (...) {
      for (; at < lanes_.size(); ++at) static_cast<void>(lanes_[at]->remove_replica(*added));
      throw;
    }
    copies_[std::size_t(*added)] = std::move(made);
    return added;
  }
  Result<void> remove_replica(ReplicaId id) {
    const Alone alone(*this);
    for (auto& lanes : lanes_) {
      // Refused by the first, or by none.
      if (auto removed = lanes->remove_replica(id); !removed) return removed;
    }
    copies_[std::size_t(id)].reset();
    return {};
  }

  // Brings every replica up to what has been completed.
  void sync() {
    for (auto& lanes : lanes_) lanes->sync();
  }

 private:
  // Invariant: whoever has a session of any log has one of the first, which is attached first and
  // given back last. So the first log alone says whether a replica can be removed.
  static void give_back(std::vector<typename Lanes::SessionOf>& lanes) {
    while (!lanes.empty()) lanes.pop_back();
  }

  // A scan: nobody is inside, and all copies are equal.
  class Alone {
   public:
    explicit Alone(ConcurrentNodeReplicated& owner) : owner_(owner) {
      owner.scanning_.lock();
      owner.gate_.close();
      owner.gate_.await_readers(
          [&] { return owner.places_.used(); },
          [&](std::size_t i) -> const typename Gate::Word& { return owner.passages_[i].inside; });
      owner.sync();
    }
    ~Alone() {
      owner_.gate_.end_writing();
      owner_.scanning_.unlock();
    }
    Alone(const Alone&) = delete;
    Alone& operator=(const Alone&) = delete;

   private:
    ConcurrentNodeReplicated& owner_;
  };

  explicit ConcurrentNodeReplicated(const Options& options)
      : copies_(options.max_replicas),
        places_(options.max_sessions * options.max_replicas),
        passages_(places_.count()) {}

  // Until the next scan those who go in and out pay for no fence.
  [[gnu::noinline]] void open_gate() {
    const std::lock_guard scanning(scanning_);
    gate_.open();
  }

  [[nodiscard]] const D& copy(std::size_t replica) const { return *copies_[replica]; }

  std::vector<std::unique_ptr<D>> copies_;  // by replica
  Places<Env> places_;
  std::vector<Passage> passages_;  // by place
  Gate gate_;
  SmallMutex<Env> scanning_{"scanning"};
  std::vector<std::unique_ptr<Lanes>> lanes_;  // by log; end before what they point to
};

}  // namespace quintet::node_replication
