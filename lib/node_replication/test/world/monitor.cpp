// SPDX-License-Identifier: MIT
#include "node_replication/test/world/monitor.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "proof/explore/execution.hpp"

namespace quintet::node_replication::world {
namespace {

using proof::explore::Execution;
using proof::explore::FailureKind;

constexpr Monitor::W kHeld = 1;  // combiner_lock.hpp
constexpr Monitor::W kWanted = 2;

LockState writing_of(Monitor::W word) { return {static_cast<std::uint32_t>(word)}; }

// An execution that has failed or is given up is only brought to its end.
bool is_over() {
  const Execution& execution = Execution::current();
  return execution.failure().kind != FailureKind::kNone || execution.given_up();
}

}  // namespace

std::size_t Monitor::running() { return Execution::current().running(); }

// The thread goes on to its end, as one that breaks a check in a destructor does.
void Monitor::must(bool holds, const char* what) {
  if (holds || is_over()) return;
  try {
    Execution::current().fail(FailureKind::kCheck, std::string("monitor: ") + what);
  } catch (const proof::explore::Stopped&) {
  }
}

void Monitor::step(bool allowed, const char* name) {
  taken.insert(name);
  must(allowed, name);
  check_invariants();
}

std::size_t Monitor::rank(std::size_t replica) const {
  std::size_t before = 0;
  for (std::size_t r = 0; r < replica; ++r) before += copies_[r].member ? 1 : 0;
  return before;
}

Monitor::Copy* Monitor::home() {
  const auto& locks = me().locks;
  return locks.empty() ? nullptr : &copies_[locks.front()];
}
Monitor::Copy* Monitor::inner() {
  const auto& locks = me().locks;
  return locks.empty() ? nullptr : &copies_[locks.back()];
}

// ---- cells --------------------------------------------------------------------------------------

void Monitor::named(Tag& tag, const char* text, std::size_t index) {
  const auto is = [text](const char* name) { return std::strcmp(text, name) == 0; };
  if (is("lock")) {
    copies_.emplace_back();
    copies_.back().readers.resize(max_sessions_);
    copies_.back().taken.resize(max_sessions_);
    copies_.back().stages.resize(max_sessions_ + 1, Stage::kIdle);
    atomics_.clear();
  }
  const auto as = [&](Word word) {
    tag = {word, static_cast<std::uint8_t>(copies_.size() - (copies_.empty() ? 0U : 1U)),
           static_cast<std::uint16_t>(index)};
  };
  if (is("lock")) as(Word::kLock);
  if (is("ltail")) as(Word::kLtail);
  if (is("writing")) as(Word::kWriting);
  if (is("data")) as(Word::kData);
  if (is("tail")) as(Word::kTail);
  if (is("head")) as(Word::kHead);
  if (is("members")) as(Word::kMembers);
  if (is("changes")) as(Word::kChanges);
  if (is("reading") && index < max_sessions_) as(Word::kReading);
  if (is("stage")) {
    as(Word::kStage);
    if (index == 0) open_replica();
  }
  if (is("sequence")) {
    as(Word::kSequence);
    if (line_states_.size() <= index) line_states_.resize(index + 1);
    if (destroyers_.size() <= index) destroyers_.resize(index + 1, kNobody);
    const auto line = static_cast<std::uint16_t>(index);
    *plains_[plains_.size() - 2] = {Word::kHeader, 0, line};
    *plains_.back() = {Word::kTouch, 0, line};
  }
}

// The places were made just before the first slot, whose two atomics are the last.
void Monitor::open_replica() {
  const std::size_t end = atomics_.size() - 2;
  must(atomics_.size() > max_sessions_ + 3 && atomics_[end - 1].bytes == sizeof(std::size_t) &&
           atomics_[end - 2].bytes == sizeof(std::uint32_t),
       "it knows the words of a replica");
  const auto replica = static_cast<std::uint8_t>(copies_.size() - 1);
  *atomics_[end - 1].tag = {Word::kUsed, replica, 0};
  for (std::size_t i = 0; i < max_sessions_; ++i) {
    *atomics_[end - 1 - max_sessions_ + i].tag = {Word::kTaken, replica,
                                                  static_cast<std::uint16_t>(i)};
  }
}

void Monitor::loaded(const Tag& tag, W value, std::memory_order order) {
  if (is_over()) return;
  if (tag.word == Word::kLtail) ltail_loaded(tag.replica);
  if (tag.word == Word::kChanges) changes_loaded(value);
  if (tag.word == Word::kReading && value == 0) seen_quiet(tag);
  if (tag.word == Word::kHead && order == std::memory_order_acquire) {
    if (Copy* const copy = home()) {
      step(spec::look_at_head(log_, copy->append), "look_at_head");
    }
  }
  if (tag.word == Word::kUsed) {
    auto& copy = copies_[tag.replica];
    auto& writer = copy.writer;
    if (copy.holder == int(running()) && writer.phase == spec::kAsking && writer.looked == 0) {
      step(spec::count_sessions(writer) && writer.bound == value, "count_sessions");
    }
  }
  if (tag.word == Word::kWriting && !writing_of(value).is_writing() && me().reads &&
      me().reads->replica == tag.replica) {
    auto& copy = copies_[tag.replica];
    auto& reader = copy.readers[me().reads->index];
    if (reader.phase != spec::kAsking) return;
    step(spec::enter(copy.writer, reader), "enter");
    must(spec::may_read(copy.state, me().read), "U4: a read sees what was complete when it began");
  }
}

void Monitor::awaited(const Tag& tag, W value) {
  if (is_over()) return;
  if (tag.word == Word::kReading) seen_quiet(tag);
  if (tag.word == Word::kSequence) consume(tag.index, value);
  if (tag.word == Word::kStage && Stage(value) == Stage::kBaton) {
    must(copies_[tag.replica].holder == kPassedOn, "a lock that is received was passed on");
    take_lock(tag.replica);
  }
}

void Monitor::stored(const Tag& tag, W value) {
  if (is_over()) return;
  switch (tag.word) {
    case Word::kLock:
      return lock_changed(tag.replica, value);
    case Word::kLtail:
      return ltail_changed(tag.replica, value);
    case Word::kWriting:
      return writing_changed(tag.replica, value);
    case Word::kUsed:
    case Word::kTaken:
      return place_changed(tag, value);
    case Word::kStage:
      return stage_changed(tag, Stage(value));
    case Word::kReading:
      return reading_changed(tag, value);
    case Word::kTail:
      return tail_changed(value);
    case Word::kHead:
      return head_changed(value);
    case Word::kSequence:
      return publish(tag.index, value);
    case Word::kMembers:
      return members_changed(value);
    case Word::kChanges:
      return members_counted();
    default:
      return;
  }
}

void Monitor::used(const Tag& tag, bool stores) {
  if (is_over()) return;
  if (tag.word == Word::kHeader || tag.word == Word::kTouch) return line_used(tag, stores);
  if (tag.word != Word::kData) return;
  if (stores) return apply(tag.replica);
  const auto& copy = copies_[tag.replica];
  must(me().reads && me().reads->replica == tag.replica &&
           copy.readers[me().reads->index].phase == spec::kInside,
       "L5: who reads the structure is inside");
}

// ---- the combiner's lock, and slots -------------------------------------------------------------

void Monitor::take_lock(std::size_t replica) {
  copies_[replica].holder = int(running());
  me().locks.push_back(replica);
}

void Monitor::leave_lock(std::size_t replica) {
  auto& copy = copies_[replica];
  must(copy.holder == int(running()), "who gives the lock up holds it");
  if (is_over()) return;
  if (copy.writer.alone == 1) {
    step(spec::end_alone(copy.writer), "end_alone");
    let_in(copy);
  }
  must(copy.writer.phase == spec::kOutside, "the lock is given up outside");
  must(!copy.member || copy.append.end <= copy.state.ltail,
       "U7: who appends operations applies them before it gives the lock up");
  copy.holder = kNobody;
  std::erase(me().locks, replica);
}

void Monitor::lock_changed(std::size_t replica, W word) {
  auto& copy = copies_[replica];
  const W before = copy.lock;
  copy.lock = word;
  if ((before & kHeld) == 0 && (word & kHeld) != 0) {
    must(copy.holder == kNobody, "a lock is taken that nobody holds");
    take_lock(replica);
  } else if ((before & kHeld) != 0 && (word & kHeld) == 0) {
    leave_lock(replica);
  } else if ((before & kWanted) != 0 && (word & kWanted) == 0) {
    must(copy.holder == int(running()), "I1: the holder clears what is wanted");
  } else {
    must(copy.holder != int(running()), "I1: the holder wants nothing");
  }
}

// The table of slot.hpp.
void Monitor::stage_changed(const Tag& tag, Stage stage) {
  auto& copy = copies_[tag.replica];
  const Stage before = copy.stages[tag.index];
  const bool holds = copy.holder == int(running());
  copy.stages[tag.index] = stage;
  switch (stage) {
    case Stage::kIdle:
      return must(before == Stage::kAnswered ||
                      (holds && (before == Stage::kCalling || before == Stage::kBaton)),
                  "F1: a slot is idle when it has been answered");
    case Stage::kPosted:
      return must(
          before == Stage::kIdle || before == Stage::kLeft || (holds && before == Stage::kBaton),
          "F2: a session posts one request at a time");
    case Stage::kLeft:
      return must(before == Stage::kIdle || (holds && before == Stage::kPosted),
                  "F2: a session leaves one request at a time");
    case Stage::kCalling:
      return must(tag.index == max_sessions_ && before == Stage::kIdle,
                  "an administrator calls in its own slot");
    case Stage::kAnswered: {
      must(holds && is_pending(before), "F5: the holder answers what was asked, once");
      const W applied = copy.state.next + copy.state.consuming;
      return must(applied == 0 || spec::may_answer(copy.state, applied - 1),
                  "U12: what is answered is complete");
    }
    case Stage::kBaton:
      must(holds && (before == Stage::kPosted || before == Stage::kCalling),
           "the holder passes the lock to somebody who waits");
      leave_lock(tag.replica);
      copy.holder = kPassedOn;
      return;
  }
}

// ---- readers and writers ------------------------------------------------------------------------

// A session is there when its place is taken and counted.
void Monitor::place_changed(const Tag& tag, W value) {
  auto& copy = copies_[tag.replica];
  if (tag.word == Word::kUsed) {
    copy.used = value;
    return attach_taken(copy);
  }
  copy.taken[tag.index] = value != 0;
  if (value != 0) return attach_taken(copy);
  auto& reader = copy.readers[tag.index];
  if (reader.attached == 1) step(spec::detach(copy.writer, reader), "detach");
}
void Monitor::attach_taken(Copy& copy) {
  for (std::size_t i = 0; i < copy.used; ++i) {
    if (!copy.taken[i] || copy.readers[i].attached == 1) continue;
    step(spec::attach(copy.writer, copy.readers[i], W{i}), "attach");
  }
}

void Monitor::reading_changed(const Tag& tag, W value) {
  auto& copy = copies_[tag.replica];
  auto& reader = copy.readers[tag.index];
  if (value == 1) {
    me().reads = tag;
    return step(spec::ask(copy.writer, reader, W{tag.index}), "ask");
  }
  me().reads.reset();
  if (reader.phase == spec::kAsking) return step(spec::withdraw(reader), "withdraw");
  step(spec::leave(reader), "leave");
}

void Monitor::seen_quiet(const Tag& tag) {
  auto& copy = copies_[tag.replica];
  if (copy.holder != int(running()) || copy.writer.phase != spec::kAsking) return;
  step(spec::pass(copy.writer, copy.readers[tag.index], W{tag.index}), "pass");
}

void Monitor::writing_changed(std::size_t replica, W value) {
  auto& copy = copies_[replica];
  must(copy.holder == int(running()), "L1: the holder of the lock writes");
  const LockState before = std::exchange(copy.writing, writing_of(value));
  must(!copy.writing.is_writing() || !copy.writing.is_open(), "L6: open while a writer is there");
  if (!before.is_writing() && !copy.writing.is_writing()) return;  // it opens
  if (copy.writing.is_writing()) {
    if (copy.writer.alone == 1) {
      step(spec::end_alone(copy.writer), "end_alone");
      let_in(copy);
    }
    return step(spec::mark(copy.writer), "mark");
  }
  come_in(copy);
  let_in(copy);
  step(spec::clear(copy.writer), "clear");
}

// The writer is inside, with words or alone.
void Monitor::come_in(Copy& copy) {
  must(copy.holder == int(running()), "L1: the holder of the lock writes");
  auto& writer = copy.writer;
  if (writer.phase == spec::kInside) return;
  if (writer.phase == spec::kAsking) {
    step(spec::begin_change(writer), "begin_change");
  } else {
    const auto attached = [](const auto& reader) { return reader.attached == 1; };
    const auto own = std::find_if(copy.readers.begin(), copy.readers.end(), attached);
    const auto session = static_cast<W>(own - copy.readers.begin());
    bool allowed = true;
    spec::WriterState<W> after;
    for (std::size_t i = 0; i < copy.readers.size(); ++i) {
      after = writer;
      allowed = spec::begin_alone(after, session, copy.readers[i], W{i}) && allowed;
    }
    writer = after;
    step(allowed, "begin_alone");
  }
  step(spec::shut_out(copy.state), "shut_out");
}
void Monitor::let_in(Copy& copy) {
  end_consume(copy);
  step(spec::let_in(copy.state), "let_in");
}

void Monitor::apply(std::size_t replica) {
  auto& copy = copies_[replica];
  come_in(copy);
  must(copy.state.consuming == 1 || std::popcount(set_) <= 1, "U6: what is applied is in the log");
  step(spec::change(copy.writer), "change");
}

}  // namespace quintet::node_replication::world
