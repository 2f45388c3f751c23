// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "node_replication/reader_writer_lock.hpp"
#include "node_replication/slot.hpp"
#include "node_replication/spec/cyclic_buffer_protocol.hpp"
#include "node_replication/spec/reader_writer_protocol.hpp"
#include "proof/explore/operation.hpp"

// Whether the code takes the steps of the protocols, and no others. Each access to a shared word is
// a step of spec/reader_writer_protocol.hpp, of spec/cyclic_buffer_protocol.hpp, of the combiner's
// lock or of a slot, or changes nothing that these speak of; one that is not allowed where it is
// taken fails the execution, and so does an invariant that does not hold afterwards. The protocols
// are proved for any number of threads and lines, so what the explorer adds here is that the code
// is them.
//
// It takes what was read for what is there, and so holds in the sequential model only.
//
// Steps without an access of their own happen with the next one that needs them: a writer that is
// alone comes in with its first change and leaves with the lock; a line is consumed until the next
// one is, or ltail tells. A replica is one when `changes` has counted it, and ceases to be when it
// leaves the set.
namespace quintet::node_replication::world {

// What a cell is.
enum class Word : std::uint8_t {
  kUnknown,  // nothing that the protocols speak of
  kLock,
  kLtail,
  kWriting,
  kUsed,   // places: sessions have slots below this
  kTaken,  // the place of a session
  kStage,
  kReading,
  kData,
  kTail,
  kHead,
  kSequence,
  kHeader,
  kTouch,  // of a line
  kMembers,
  kChanges,
};
struct Tag {
  Word word = Word::kUnknown;
  std::uint8_t replica = 0;
  std::uint16_t index = 0;
};

class Monitor {
 public:
  using W = std::uint64_t;

  Monitor(std::size_t lines, std::size_t max_sessions)
      : max_sessions_(max_sessions), lines_(lines) {
    log_.lines = lines;
  }

  // Cells tell of themselves: made, then named, in the order of the constructors of log.hpp and
  // replica.hpp, from which those without a name are known.
  void made_atomic(Tag& tag, std::size_t bytes) { atomics_.push_back({&tag, bytes}); }
  void made_plain(Tag& tag) { plains_.push_back(&tag); }
  void named(Tag& tag, const char* text, std::size_t index);

  // And of what was done to them. `used`: a plain cell.
  void loaded(const Tag& tag, W value, std::memory_order order);
  void awaited(const Tag& tag, W value);
  void stored(const Tag& tag, W value);
  void used(const Tag& tag, bool stores);
  // A read of this thread: what is complete now must be seen.
  void read_begins();

  // The steps that executions of this thread have taken.
  static inline thread_local std::set<std::string_view> taken;

 private:
  static constexpr int kNobody = -1;
  static constexpr int kPassedOn = -2;  // to who waits at a slot

  struct Copy {  // a replica
    bool member = false;
    spec::WriterState<W> writer;
    std::vector<spec::ReaderState<W>> readers;
    spec::ReplicaState<W> state;
    spec::AppendState<W> append;
    int holder = kNobody;
    W lock = 0;
    LockState writing;
    W used = 0;
    std::vector<bool> taken;
    std::vector<Stage> stages;
  };
  struct Actor {                     // a thread
    std::vector<std::size_t> locks;  // in the order in which it took them
    std::optional<Tag> reads;        // the word of the session in which it asks or is inside
    spec::ReadState<W> read;
    spec::CollectState<W> collect;
    bool collecting = false;
    W changes_seen = 0;
    W lowest = ~W{0};  // of the ltails that it has seen since
  };
  struct MadeAtomic {
    Tag* tag;
    std::size_t bytes;
  };

  static std::size_t running();
  void must(bool holds, const char* what);
  void step(bool allowed, const char* name);
  void check_invariants();
  void check_readers(const Copy& copy);
  void check_log();

  void open_replica();
  void lock_changed(std::size_t replica, W word);
  void take_lock(std::size_t replica);
  void leave_lock(std::size_t replica);
  void stage_changed(const Tag& tag, Stage stage);
  void place_changed(const Tag& tag, W value);
  void attach_taken(Copy& copy);
  void reading_changed(const Tag& tag, W value);
  void writing_changed(std::size_t replica, W value);
  void apply(std::size_t replica);
  void let_in(Copy& copy);
  void come_in(Copy& copy);
  void seen_quiet(const Tag& tag);
  void ltail_loaded(std::size_t replica);
  void ltail_changed(std::size_t replica, W value);
  void consume(std::size_t line, W sequence);
  void end_consume(Copy& copy);
  void publish(std::size_t line, W sequence);
  void line_used(const Tag& tag, bool stores);
  void tail_changed(W value);
  void head_changed(W value);
  void changes_loaded(W value);
  void members_changed(W set);
  void members_counted();

  [[nodiscard]] Actor& me() { return actors_[running()]; }
  // Whose requests this thread puts into the log; and whose log it applies.
  [[nodiscard]] Copy* home();
  [[nodiscard]] Copy* inner();
  [[nodiscard]] std::size_t rank(std::size_t replica) const;  // among the members

  std::size_t max_sessions_;
  std::size_t lines_;
  std::vector<MadeAtomic> atomics_;  // since the last lock was named
  std::vector<Tag*> plains_;
  std::vector<Copy> copies_;
  std::array<Actor, proof::explore::kThreadSlots> actors_;
  spec::LogState<W> log_;
  std::vector<spec::LineState<W>> line_states_;
  std::vector<int> destroyers_;  // by line: who is about to destroy what is in it
  W set_ = 0;
  std::optional<std::size_t> joining_;  // in the set, and not counted yet
};

}  // namespace quintet::node_replication::world
