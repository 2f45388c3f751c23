// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include "base/assert.hpp"
#include "node_replication/combiner.hpp"
#include "node_replication/env.hpp"
#include "node_replication/options.hpp"
#include "node_replication/reader_writer_lock.hpp"
#include "node_replication/replica.hpp"
#include "node_replication/replicable.hpp"
#include "node_replication/slot.hpp"

// A thread's way to a replica. Sessions come and go at will (NodeReplicated::attach); a thread may
// have several, and a session may change threads between two calls. It must end before the object
// that it belongs to.
//
// Threading: one thread at a time; different sessions at the same time.
namespace quintet::node_replication {

template <Replicable D, Environment Env, Fault kFault = Fault::kNone>
class Session {
 public:
  using WriteOp = typename D::WriteOp;

  Session(Shared<D, Env, kFault>& shared, ReplicaId id, std::size_t index)
      : shared_(&shared),
        replica_(&shared.members[id]),
        slot_(&replica_->slot(index)),
        id_(id),
        index_(index) {}
  Session(Session&& other) noexcept
      : shared_(other.shared_),
        replica_(std::exchange(other.replica_, nullptr)),
        slot_(other.slot_),
        id_(other.id_),
        index_(other.index_),
        version_(other.version_),
        submitted_(std::exchange(other.submitted_, false)),
        submission_(std::move(other.submission_)) {}
  Session& operator=(Session&& other) noexcept {
    Session taken(std::move(other));
    std::swap(shared_, taken.shared_);
    std::swap(replica_, taken.replica_);
    std::swap(slot_, taken.slot_);
    std::swap(id_, taken.id_);
    std::swap(index_, taken.index_);
    std::swap(version_, taken.version_);
    std::swap(submitted_, taken.submitted_);
    std::swap(submission_, taken.submission_);
    return *this;
  }
  ~Session() { detach(); }

  // Gives the slot back; a submitted write is finished before. Nothing else may be called after.
  void detach() {
    if (replica_ == nullptr) return;
    if (submitted_) static_cast<void>(take());
    std::exchange(replica_, nullptr)->detach(index_);
  }
  [[nodiscard]] bool is_attached() const { return replica_ != nullptr; }
  [[nodiscard]] ReplicaId replica() const { return id_; }

  // Applies an operation to all replicas, this one now. Linearizable. Serves other sessions, too,
  // if they wait; never waits for a replica on which nobody works.
  Response<D> write(WriteOp operation) {
    assert_ready();
    const bool locked = lock_soon();
    if (locked && is_alone()) return apply_alone(operation);
    return write_among_others(operation, locked);
  }

  // Applies operations in order, all at one price: the largest gain there is. They are moved from.
  // Others' operations may come between them (a batch is no transaction).
  // Requires: as many responses as operations.
  void write(std::span<WriteOp> operations, std::span<ResponseObject<D>> responses) {
    assert_ready();
    QT_CHECK(operations.size() == responses.size(), "a response for each operation");
    if (operations.empty()) return;
    Request<D> request{operations.data(), responses.data(), operations.size()};
    if (lock_soon()) {
      write_locked(request);
    } else {
      post(request, Stage::kPosted);
      finish();
    }
  }

  // Reads this replica: f(const D&), of whatever type. Linearizable. `f` must not use sessions of
  // the same object, and should be short: writers of this replica wait for it.
  template <std::invocable<const D&> F>
  decltype(auto) read(F&& f) {
    assert_ready();
    if (kFault != Fault::kReadWithoutCatchingUp) sync();
    replica_->begin_reading(*slot_, calm_, [this] { open_to_readers(); });
    const Reading reading(*this);
    return std::invoke(std::forward<F>(f), replica_->read());
  }

  // Brings this replica up to what has been completed anywhere.
  void sync() {
    if (shared_->members.has_one()) [[likely]]
      return;
    // If something is completed that this replica has not applied, the next line is published.
    const LogIndex next = replica_->ltail();
    if (shared_->log.is_published(next)) [[unlikely]]
      catch_up(next + 1);
  }

  // Starts a write and returns. If somebody holds the replica's lock it is left to them, and else
  // it is done now. Whoever only helps the replica may leave it until somebody else writes there,
  // or is_done() or take() is called. The session can do nothing else until take().
  void submit(WriteOp operation) {
    QT_CHECK(is_attached(), "the session was detached, or moved from");
    QT_CHECK(!submitted_, "take() the response of what was submitted first");
    Call<D>* call;
    if constexpr (SlotOf::kHoldsCall) {
      call = std::construct_at(place(), Call<D>{std::move(operation)});
    } else {
      submission_ = std::make_unique<Call<D>>(Call<D>{std::move(operation)});
      call = submission_.get();
    }
    submitted_ = true;  // not before all that may throw
    post({&call->operation, &call->response, 1}, Stage::kLeft);
    if (replica_->lock.lock_or_want()) drive(nullptr, 0, /*waits=*/false);
  }
  // Whether take() would return at once. Does the work if nobody else does.
  [[nodiscard]] bool is_done() {
    QT_CHECK(submitted_, "nothing was submitted");
    if (slot_->stage.load(std::memory_order_acquire) != Stage::kAnswered &&
        replica_->lock.try_lock()) {
      drive(nullptr, 0, /*waits=*/false);
    }
    return slot_->stage.load(std::memory_order_acquire) == Stage::kAnswered;
  }
  // The response of what was submitted; waits for it.
  Response<D> take() {
    QT_CHECK(submitted_, "nothing was submitted");
    wait_here();
    finish();
    submitted_ = false;
    if constexpr (SlotOf::kHoldsCall) {
      Call<D>& call = *std::launder(place());
      ResponseObject<D> response = std::move(call.response);
      std::destroy_at(&call);
      if constexpr (!std::is_void_v<Response<D>>) return response;
    } else {
      const auto call = std::move(submission_);
      if constexpr (!std::is_void_v<Response<D>>) return std::move(call->response);
    }
  }

  // Of the replica, after the last operation of the last write or as the last read saw it.
  [[nodiscard]] Version last_version() const
    requires(Env::kWitness)
  {
    return version_;
  }

 private:
  using ReplicaOf = Replica<D, Env, kFault>;
  using SlotOf = Slot<D, Env>;
  using CombinerOf = Combiner<D, Env, kFault>;

  void assert_ready() const {
    QT_ASSERT(is_attached(), "the session was detached, or moved from");
    QT_ASSERT(!submitted_, "take() the response of what was submitted first");
  }

  struct Reading {
    explicit Reading(Session& reader) : session(reader) {}
    ~Reading() {
      if constexpr (Env::kWitness) session.version_ = session.replica_->version();
      ReplicaOf::end_reading(*session.slot_);
    }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    Session& session;
  };

  // In the slot's line.
  [[nodiscard]] Call<D>* place() {
    return reinterpret_cast<Call<D>*>(slot_->call);  // NOLINT(*-reinterpret-cast)
  }

  void post(const Request<D>& request, Stage stage) {
    slot_->request.store(request);
    // seq_cst: see CombinerLock::lock_or_want(). release: for the request.
    slot_->stage.store(stage, kFault == Fault::kPostNotReleased ? std::memory_order_relaxed
                                                                : std::memory_order_seq_cst);
  }

  // Whether the lock was got at once or a moment later. Each look takes the line from the holder,
  // and an answer from another core costs as much as many operations of one's own: so not every
  // look. With one other session, that one may get on for a while, and then it is one's turn.
  // Where many write the lock is never free, and patience is lost: it halves when it was in vain,
  // and comes back with each lock that is got.
  [[nodiscard]] bool lock_soon() {
    if (!replica_->lock.try_lock()) return lock_after_a_while();
    if (patience_ < Env::kPatience) ++patience_;
    return true;
  }
  [[gnu::noinline]] bool lock_after_a_while() {
    if (is_quiet()) {
      for (int turns = Env::kTurns; turns > 0; --turns) {
        if (lock_after(Env::kPatience)) return true;
      }
      return false;
    }
    if (patience_ > 0 && lock_after(patience_)) return true;
    patience_ /= 2;
    return false;
  }
  [[nodiscard]] bool lock_after(int pauses) {
    for (; pauses > 0; --pauses) Env::pause();
    return replica_->lock.try_lock();
  }
  [[nodiscard]] bool is_quiet() const { return Env::is_few(replica_->sessions()); }

  // Requires: the lines below `wanted` are published. With few sessions whatever is published is
  // applied at once, complete or not; with more, each such turn would stop all the others.
  [[gnu::noinline]] void catch_up(LogIndex wanted) {
    if (is_quiet() && replica_->lock.try_lock()) {
      if (kFault == Fault::kCaughtUpTooFar) wanted = replica_->ltail() + 1;
      drive(nullptr, wanted);  // and on, most often to the end
      if (!shared_->log.is_published(replica_->ltail())) return;
    }
    reach(shared_->members.ctail());
  }
  void reach(LogIndex wanted) {
    while (replica_->ltail() < wanted) {
      const auto seen = replica_->lock.look();
      if (replica_->ltail() >= wanted) return;
      if (CombinerLock<Env, kFault>::is_held(seen)) {
        replica_->lock.await_change(seen);
      } else if (replica_->lock.try_lock()) {
        drive(nullptr, wanted);
      }
    }
  }
  // If nobody writes.
  [[gnu::noinline]] void open_to_readers() {
    if (!replica_->lock.try_lock()) return;
    replica_->open_to_readers();
    CombinerOf(*shared_, *replica_, id_).release();
  }

  // The only session of the only replica, and nothing in the log is new to it. Requires: the lock.
  [[nodiscard]] bool is_alone() const {
    return replica_->sessions() == 1 && shared_->members.has_one() &&
           replica_->ltail() == shared_->log.tail();
  }
  // Requires: is_alone(). Nobody reads, nobody waits; so no request has to be made of it.
  Response<D> apply_alone(const WriteOp& operation) {
    const auto leave = [this] {
      if constexpr (Env::kWitness) version_ = replica_->version();
      replica_->lock.unlock_alone();
    };
    if constexpr (std::is_void_v<Response<D>>) {
      replica_->apply(operation);
      leave();
    } else {
      Response<D> response = replica_->apply(operation);
      leave();
      return response;
    }
  }
  // In registers where that can be: what is stored before the lock is taken and loaded afterwards
  // arrives late, on some processors, and with it the miss that applying waits for (167 ns a page
  // table's write instead of 93). An operation whose move may throw is moved when nothing is held.
  static constexpr bool kFitsRegisters =
      std::is_trivially_copyable_v<WriteOp> && sizeof(WriteOp) <= 2 * sizeof(void*);
  using Passed = std::conditional_t<kFitsRegisters, WriteOp, WriteOp&>;
  [[gnu::noinline]] Response<D> write_among_others(Passed operation, bool locked) {
    ResponseObject<D> response{};
    Request<D> request{&operation, &response, 1};
    if (locked) {
      write_locked(request);
    } else if constexpr (SlotOf::kHoldsCall) {
      auto& posted = *std::construct_at(place(), Call<D>{std::move(operation)});
      post({&posted.operation, &posted.response, 1}, Stage::kPosted);
      finish();
      response = std::move(posted.response);
      std::destroy_at(&posted);
    } else {
      post(request, Stage::kPosted);
      finish();
    }
    if constexpr (!std::is_void_v<Response<D>>) return response;
  }

  // Requires: the lock. Afterwards the request is done.
  void write_locked(Request<D>& request) {
    CombinerOf combiner(*shared_, *replica_, id_);
    const bool done = combiner.serve_own(request);
    if constexpr (Env::kWitness) version_ = combiner.own_version();
    if (done) return;
    drive(request.count > 0 ? &request : nullptr);
    if (request.count > 0) finish();
  }

  // Requires: the lock. Until nobody waits behind it, or somebody else holds it. `waits`: the
  // caller then waits for the answer, and so may be given the lock; else nobody would give it up
  // again.
  void drive(Request<D>* own, LogIndex wanted = 0, bool waits = true) {
    CombinerOf combiner(*shared_, *replica_, id_);
    for (;; own = nullptr) {
      const auto laggard = combiner.serve(own, *slot_, wanted);
      if constexpr (Env::kWitness) {
        if (own != nullptr && own->count == 0) version_ = combiner.own_version();
      }
      if (!laggard) return;
      laggard->replica->lock.await_change(laggard->seen);
      if (waits) wait_here();
      if (!replica_->lock.lock_or_want()) return;
    }
  }
  // From now on the slot may be given the lock.
  void wait_here() {
    Stage left = Stage::kLeft;
    // Fails if it has been answered, or nothing is posted. relaxed: lock_or_want() follows.
    slot_->stage.compare_exchange_strong(left, Stage::kPosted, std::memory_order_seq_cst,
                                         std::memory_order_relaxed);
  }
  // Requires: a request is posted. Waits for the answer, and works for it if it has to.
  void finish() {
    bool locked = slot_->stage.load(std::memory_order_relaxed) != Stage::kAnswered &&
                  replica_->lock.lock_or_want();
    for (;;) {
      if (locked) drive(nullptr);
      // acquire: pairs with the answer, and with who held the lock before.
      const Stage stage = Env::await(
          slot_->stage, std::memory_order_acquire,
          [](Stage s) { return s == Stage::kAnswered || s == Stage::kBaton; }, slot_->parker);
      if (stage == Stage::kAnswered) break;
      slot_->stage.store(Stage::kPosted, std::memory_order_relaxed);
      locked = true;
    }
    if constexpr (Env::kWitness) version_ = slot_->version.load();
    // relaxed: the next request is released when it is posted.
    slot_->stage.store(Stage::kIdle, std::memory_order_relaxed);
  }

  Shared<D, Env, kFault>* shared_;
  ReplicaOf* replica_;
  SlotOf* slot_;
  ReplicaId id_;
  std::size_t index_;
  Version version_ = 0;
  int patience_ = Env::kPatience;
  Calm<Env> calm_;
  bool submitted_ = false;
  std::unique_ptr<Call<D>> submission_;  // where it does not fit into the slot
};

}  // namespace quintet::node_replication
