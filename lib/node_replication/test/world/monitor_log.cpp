// SPDX-License-Identifier: MIT
#include <algorithm>
#include <bit>

#include "node_replication/test/world/monitor.hpp"

// The steps of the log and of the replicas that come and go; and the invariants.
namespace quintet::node_replication::world {

// ---- appending and consuming --------------------------------------------------------------------

void Monitor::tail_changed(W value) {
  Copy* const copy = home();
  if (copy == nullptr) return must(false, "U8: who appends holds a lock");
  step(spec::reserve(log_, copy->append, value - log_.tail), "reserve");
}

void Monitor::publish(std::size_t line, W sequence) {
  Copy* const copy = home();
  if (copy == nullptr) return must(false, "U8: who publishes holds a lock");
  must(spec::line_of(copy->append.published, log_.lines) == line, "C5: its own line is published");
  step(spec::publish(copy->append, line_states_[line]), "publish");
  must(sequence == copy->append.published, "C4: the sequence word is the number and 1");
}

void Monitor::consume(std::size_t line, W sequence) {
  Copy* const copy = inner();
  if (copy == nullptr) return must(false, "who consumes holds a lock");
  end_consume(*copy);
  come_in(*copy);
  must(spec::line_of(copy->state.next, log_.lines) == line && sequence == copy->state.next + 1,
       "U6: lines are consumed in order");
  step(spec::begin_consume(copy->state, line_states_[line]), "begin_consume");
}
void Monitor::end_consume(Copy& copy) {
  if (copy.state.consuming == 1) step(spec::end_consume(copy.state), "end_consume");
}

// What a line holds beside its sequence: stored by who writes it, or is about to destroy it.
void Monitor::line_used(const Tag& tag, bool stores) {
  auto& line = line_states_[tag.index];
  auto& destroyer = destroyers_[tag.index];
  const int self = int(running());
  if (!stores) {
    if (tag.word == Word::kHeader && destroyer == self) {
      destroyer = kNobody;
      return;
    }
    const Copy* const copy = inner();
    return must(copy != nullptr && copy->state.consuming == 1 &&
                    spec::line_of(copy->state.next, log_.lines) == tag.index,
                "C9: a line is read while it is consumed");
  }
  Copy* const copy = home();
  const bool writes = copy != nullptr && copy->append.written < copy->append.end &&
                      spec::line_of(copy->append.written, log_.lines) == tag.index;
  if (tag.word == Word::kHeader) {
    if (!writes) return must(false, "C5: a line is written by who has reserved it");
    return step(spec::write(copy->append, line), "write");
  }
  if (!writes) destroyer = self;
  for (const Copy& other : copies_) {
    must(!other.member || line.written <= other.state.ltail,
         "C3: what a line held has been consumed by all");
  }
}

void Monitor::ltail_changed(std::size_t replica, W value) {
  auto& copy = copies_[replica];
  if (!copy.member) {  // a copy begins
    copy.state.ltail = copy.state.next = value;
    return;
  }
  end_consume(copy);
  come_in(copy);
  step(spec::release(copy.state), "release");
  must(value == copy.state.ltail, "U2: ltail tells what was consumed");
}

// ---- looking at all replicas --------------------------------------------------------------------

void Monitor::ltail_loaded(std::size_t replica) {
  auto& copy = copies_[replica];
  auto& self = me();
  if (self.collecting) {
    self.lowest = std::min(self.lowest, copy.state.ltail);
    if (copy.member) step(spec::visit(self.collect, copy.state, W{rank(replica)}), "visit");
  }
}

void Monitor::read_begins() {
  for (const Copy& copy : copies_) {
    if (copy.member) step(spec::look(me().read, copy.state), "look");
  }
}

void Monitor::changes_loaded(W value) {
  auto& self = me();
  self.collecting = !self.collecting;
  if (self.collecting) {
    self.changes_seen = value;
    self.lowest = ~W{0};
    return step(spec::begin_collect(log_, self.collect), "begin_collect");
  }
  if (value == self.changes_seen) step(spec::end_visits(log_, self.collect), "end_visits");
}

// The code may have seen one more that has just gone, and then collects less.
void Monitor::head_changed(W value) {
  auto& self = me();
  must(value == self.lowest && value <= self.collect.minimum,
       "C7: head is the smallest ltail that was seen");
  self.collect.minimum = value;
  step(spec::collect_up_to(log_, self.collect), "collect_up_to");
}

// ---- replicas come and go -----------------------------------------------------------------------

void Monitor::members_changed(W set) {
  const W came = set & ~set_;
  const W went = set_ & ~set;
  set_ = set;
  if (came != 0) joining_ = static_cast<std::size_t>(std::countr_zero(came));
  if (went == 0) return;
  const auto index = static_cast<std::size_t>(std::countr_zero(went));
  auto& gone = copies_[index];
  must(gone.holder == int(running()), "a replica goes under its lock");
  const std::size_t place = rank(index);
  gone.member = false;
  bool allowed = true;
  const W before = log_.changes;
  spec::LogState<W> after;
  for (const Copy& other : copies_) {
    if (!other.member) continue;
    after = log_;
    allowed = spec::remove_replica(after, gone.state, other.state) && allowed;
  }
  log_ = after;
  // Who is visiting replicas meanwhile has visited one that does not matter any more.
  for (Actor& actor : actors_) {
    auto& collect = actor.collect;
    if (collect.changes != before) continue;
    collect.changes = log_.changes;
    if (collect.visited > place) --collect.visited;
  }
  step(allowed, "remove_replica");
}

void Monitor::members_counted() {
  if (!joining_) return;
  auto& fresh = copies_[*joining_];
  joining_.reset();
  const auto source =
      std::find_if(copies_.begin(), copies_.end(), [&](const Copy& copy) { return copy.member; });
  if (source == copies_.end()) {  // the first
    fresh.member = true;
    return;
  }
  must(source->holder == int(running()) || running() == proof::explore::kMain,
       "nobody goes on in the log before a copy of it is a replica");
  must(fresh.state.ltail == source->state.ltail, "a replica begins where its source is");
  const bool allowed = spec::add_replica(log_, fresh.state, source->state, log_.replicas);
  fresh.member = true;
  step(allowed, "add_replica");
}

// ---- invariants ---------------------------------------------------------------------------------

void Monitor::check_invariants() {
  if (std::none_of(copies_.begin(), copies_.end(), [](const Copy& copy) { return copy.member; })) {
    return;
  }
  for (const Copy& copy : copies_) check_readers(copy);
  check_log();
}

void Monitor::check_readers(const Copy& copy) {
  for (std::size_t i = 0; i < copy.readers.size(); ++i) {
    must(spec::holds(copy.writer, copy.readers[i], W{i}), "L1 L3 L4 L5");
    must(spec::excludes(copy.writer, copy.readers[i]), "L2");
  }
}

void Monitor::check_log() {
  must(spec::holds(log_), "U1: head <= tail");
  for (const auto& line : line_states_) must(spec::holds(log_, line), "C4");
  for (const Copy& copy : copies_) {
    if (!copy.member) continue;
    must(spec::holds(log_, copy.state), "C1 U1 U15");
    must(spec::holds(log_, copy.append), "C6 C8");
    for (std::size_t i = 0; i < line_states_.size(); ++i) {
      const bool next = spec::line_of(copy.state.next, log_.lines) == i;
      must(spec::holds(copy.state, line_states_[i], next), "C9");
    }
    for (W i = copy.append.published; i < copy.append.end; ++i) {
      must(spec::holds(copy.append, line_states_[spec::line_of(i, log_.lines)], i), "C2 C8");
    }
    for (const Copy& other : copies_) {
      if (!other.member) continue;
      must(spec::holds(copy.append, other.state), "C3 C10");
      must(&copy == &other || spec::holds(copy.append, other.append), "C5");
    }
    const W index = rank(static_cast<std::size_t>(&copy - copies_.data()));
    for (const Actor& actor : actors_) {
      must(spec::holds(log_, actor.collect, copy.state, index), "C7");
    }
  }
}

}  // namespace quintet::node_replication::world
