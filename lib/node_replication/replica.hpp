// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <utility>
#include <vector>

#include "base/align.hpp"
#include "base/assert.hpp"
#include "node_replication/batch.hpp"
#include "node_replication/combiner_lock.hpp"
#include "node_replication/env.hpp"
#include "node_replication/log.hpp"
#include "node_replication/options.hpp"
#include "node_replication/reader_writer_lock.hpp"
#include "node_replication/replicable.hpp"
#include "node_replication/slot.hpp"
#include "node_replication/small_locks.hpp"

// One copy of the structure, with the slots of its sessions, and the reader-writer lock around it.
//
// Invariants:
//   U15 whatever is applied between await_readers() and end_writing(), ltail tells before the end;
//       so readers see nothing that ltail, and with it ctail, does not tell
//
//   begin_reading, end_reading   a session's thread, for its own slot
//   everything else              the holder of `lock`
namespace quintet::node_replication {

template <Replicable D, Environment Env, Fault kFault = Fault::kNone>
class Replica {
 public:
  using SlotOf = Slot<D, Env>;

  // Closed and empty. Throws what `memory` throws.
  Replica(std::size_t max_sessions, std::pmr::memory_resource& memory)
      : max_sessions_(max_sessions), memory_(&memory), places_(max_sessions) {
    served.reserve(max_sessions);
    slots_ = static_cast<SlotOf*>(memory.allocate(slot_bytes(), alignof(SlotOf)));
    for (std::size_t i = 0; i <= max_sessions; ++i) {
      const SlotOf& slot = *std::construct_at(slots_ + i);
      Env::name(slot.stage, "stage", i);
      Env::name(slot.reading, "reading", i);
    }
    Env::name(ltail_, "ltail");
    Env::name(sessions_, "sessions");
    Env::name(touch_, "data");
  }
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;
  ~Replica() {
    std::destroy_n(slots_, max_sessions_ + 1);
    memory_->deallocate(slots_, slot_bytes(), alignof(SlotOf));
  }

  CombinerLock<Env, kFault> lock;

  // The copy begins or ends. Requires: closed.
  void fill(D&& data, LogIndex ltail, Version version) {
    data_.emplace(std::move(data));
    version_.store(version);
    set_ltail(ltail);
  }
  void clear() { data_.reset(); }
  [[nodiscard]] const D& data() const { return *data_; }
  [[nodiscard]] Version version() const { return version_.load(); }

  // Whether sessions may come. Closing looks at sessions afterwards, attaching at this.
  void set_open(bool open) { open_.store(open ? 1 : 0, std::memory_order_seq_cst); }
  [[nodiscard]] bool is_open() const { return open_.load(std::memory_order_seq_cst) != 0; }

  // seq_cst: pairs with attach(). Whoever takes the lock and then sees one session only may take it
  // that there is no other until it gives the lock up.
  [[nodiscard]] std::size_t sessions() const { return sessions_.load(std::memory_order_seq_cst); }
  // Attached sessions have slots below this.
  [[nodiscard]] std::size_t slots_used() const { return places_.used(); }
  [[nodiscard]] SlotOf& slot(std::size_t index) { return slots_[index]; }
  // Of whoever adds or removes replicas or brings them up to date; one at a time.
  [[nodiscard]] SlotOf& administrator() { return slots_[max_sessions_]; }

  // Any thread. Returns when no holder of the lock counts on being alone.
  // Errors: kNoSuchReplica, kTooManySessions.
  [[nodiscard]] Result<std::size_t> attach() {
    enter();
    std::optional<std::size_t> index;
    const bool open = is_open();
    if (open) index = places_.take();
    if (index) return *index;
    leave();
    return std::unexpected(open ? Error{Errc::kTooManySessions, max_sessions_}
                                : Error{Errc::kNoSuchReplica});
  }
  void detach(std::size_t index) {
    places_.give_back(index);
    leave();
  }
  // From enter() to leave() no holder of the lock takes it that it is alone. An administrator does
  // this, too.
  void enter() {
    sessions_.fetch_add(1, std::memory_order_seq_cst);
    const auto seen = lock.look();
    if (lock.is_held(seen)) lock.await_change(seen);
  }
  void leave() { sessions_.fetch_sub(1, std::memory_order_seq_cst); }

  // acquire: what was applied before is seen.
  [[nodiscard]] LogIndex ltail() const { return ltail_.load(std::memory_order_acquire); }
  // release: pairs with ltail(), of readers and of whoever looks for room in the log.
  void set_ltail(LogIndex ltail) { ltail_.store(ltail, std::memory_order_release); }

  // No reader comes in any more; and then: none is there. `nobody_reads`: the caller is the only
  // session.
  void close_to_readers(bool nobody_reads) {
    if (!nobody_reads) readers_.close();
  }
  void await_readers(bool nobody_reads) const {
    if (nobody_reads) return;
    readers_.await_readers([this] { return slots_used(); },
                           [this](std::size_t i) -> const Flag& { return slots_[i].reading; });
  }
  void end_writing(bool nobody_reads) {
    if (!nobody_reads) readers_.end_writing();
  }
  template <class Open>
  void begin_reading(SlotOf& slot, Calm<Env>& calm, Open open) const {
    readers_.begin_reading(slot.reading, calm, open);
  }
  static void end_reading(SlotOf& slot) {
    ReaderWriterLock<Env, kFault>::end_reading(slot.reading);
  }

  // Reads get cheaper until the next write. Requires: the lock.
  void open_to_readers() { readers_.open(); }

  // For those between begin_reading() and end_reading().
  [[nodiscard]] const D& read() const {
    static_cast<void>(touch_.load());
    return *data_;
  }

  // Between await_readers() and end_writing(). noexcept: half an operation cannot be undone, and
  // the other replicas would apply it as a whole.
  Response<D> apply(const typename D::WriteOp& operation) noexcept(!Env::kStops) {
    touch_.store({});
    if constexpr (Env::kWitness) version_.store(version_.load() + 1);
    return data_->apply(operation);
  }
  void prefetch(const typename D::WriteOp& operation) const {
    if constexpr (requires(const D& data) { data.prefetch(operation); }) {
      data_->prefetch(operation);
    }
  }

  // The holder's own.
  std::vector<Served<D, Env>> served;
  LogSeen log_seen;  // for the log's reserve()

 private:
  using Flag = typename Env::template atomic<std::uint32_t>;

  [[nodiscard]] std::size_t slot_bytes() const { return (max_sessions_ + 1) * sizeof(SlotOf); }

  // Read by every reader, written once in each combining.
  alignas(kCacheLineBytes) typename Env::template atomic<LogIndex> ltail_{0};
  ReaderWriterLock<Env, kFault> readers_;
  typename Env::template plain<Version> version_{0};  // kept up with kWitness only

  alignas(kCacheLineBytes) typename Env::template atomic<std::size_t> sessions_{0};
  Flag open_{0};
  SlotOf* slots_ = nullptr;
  std::size_t max_sessions_;
  std::pmr::memory_resource* memory_;
  Places<Env> places_;

  [[no_unique_address]] typename Env::template plain<Touch> touch_;
  alignas(kCacheLineBytes) std::optional<D> data_;
};

}  // namespace quintet::node_replication
