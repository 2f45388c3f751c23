// SPDX-License-Identifier: MIT
#pragma once

#include "node_replication/spec/step.hpp"

#ifdef __clang__
#pragma clang diagnostic push
// Natively these are bools; as formulas they must not be evaluated one after another.
#pragma clang diagnostic ignored "-Wbitwise-instead-of-logical"
#endif

// The log as a protocol: a ring of lines that appenders fill and every replica consumes.
//
// Operations are numbered; number i lies in the line i modulo `lines`, which says by its sequence
// word, i + 1, that it is there. Appenders take the next numbers by a compare-exchange of `tail`,
// as long as those lie within a lap of `head`; `head` is a lower bound of all that replicas have
// consumed, raised by whoever looks at all of them. What is consumed by some replica is complete:
// readers wait until their replica has consumed it, too.
//
// Each function is a step of one thread: whether it is allowed, and the state afterwards. `holds`
// are the invariants, of a few things at a time; every step keeps them, for any number of lines,
// replicas, appenders and collectors (test/cyclic_buffer_proof.cpp), and the code takes no other
// steps (test/world/monitor.hpp). Threading: functions of their arguments.
namespace quintet::node_replication::spec {

// Words that all threads share.
template <class W>
struct LogState {
  W lines = W(1);
  W tail = W(0);      // the next number
  W head = W(0);      // below it, all replicas have consumed
  W replicas = W(1);  // how many there are
  W changes = W(0);   // how often others became replicas
};

// `written` and `sequence` count from 1: 0 is a line never used.
template <class W>
struct LineState {
  W sequence = W(0);  // shared: the number published last, and 1
  W written = W(0);   // the number whose operation the line holds, or is being given, and 1
};

// One call of append(): numbers begin to end - 1. Those below `published` are published, those
// from there to `written` written.
template <class W>
struct AppendState {
  W seen_head = W(0);
  W published = W(0);
  W written = W(0);
  W end = W(0);
};

template <class W>
struct ReplicaState {
  W ltail = W(0);      // shared: consumed below it
  W next = W(0);       // what is consumed next
  W exclusive = W(0);  // whether its readers are shut out (reader_writer_protocol.hpp)
  W consuming = W(0);  // whether the operation `next` is being read
};

// One round over the replicas, of which none may come or go meanwhile.
template <class W>
struct CollectState {
  W minimum = W(0);
  W visited = W(0);  // the replicas below this
  W changes = W(0);  // `changes` at its begin
  W done = W(0);     // whether all were visited, and were the replicas
};

// One read of a replica.
template <class W>
struct ReadState {
  W recorded = W(0);  // the largest `ltail` that it found
};

// ---- invariants ---------------------------------------------------------------------------------

// Where number `i` lies. Requires: `lines` is a power of two.
template <class W>
[[nodiscard]] W line_of(const W& i, const W& lines) {
  return i & (lines - W(1));
}

// Two numbers that share a line are a lap apart.
template <class W>
[[nodiscard]] Truth<W> lap_apart(const W& lines, const W& i, const W& j) {
  return Truth<W>((i == j) | (i + lines <= j) | (j + lines <= i));
}

template <class W>
[[nodiscard]] Truth<W> holds(const LogState<W>& log) {
  return Truth<W>((W(1) <= log.lines) & (W(1) <= log.replicas) & (log.head <= log.tail));
}

template <class W>
[[nodiscard]] Truth<W> holds(const LogState<W>& log, const ReplicaState<W>& replica) {
  return Truth<W>((replica.exclusive <= W(1)) & (replica.consuming <= W(1)) &
                  (log.head <= replica.ltail) & (replica.ltail <= replica.next) &
                  (replica.next <= log.tail) & (log.tail <= replica.ltail + log.lines) &  // C1
                  given<Truth<W>>(replica.exclusive == W(0),
                                  (replica.next == replica.ltail) & (replica.consuming == W(0))));
}

// `next`: the line is that of the number which the replica consumes next.
template <class W>
[[nodiscard]] Truth<W> holds(const ReplicaState<W>& replica, const LineState<W>& line,
                             const Truth<W>& next) {
  return given<Truth<W>>(
      next & (replica.consuming == W(1)),
      (line.sequence == replica.next + W(1)) & (line.written == replica.next + W(1)));  // C9
}

template <class W>
[[nodiscard]] Truth<W> holds(const LogState<W>& log, const LineState<W>& line) {
  return Truth<W>((line.written <= log.tail) & (line.sequence <= line.written) &
                  ((line.sequence == W(0)) | (line.sequence == line.written) |
                   (line.sequence + log.lines <= line.written)));  // C4
}

template <class W>
[[nodiscard]] Truth<W> holds(const LogState<W>& log, const AppendState<W>& append) {
  return Truth<W>((append.published <= append.written) & (append.written <= append.end) &
                  (append.end <= log.tail) & (append.seen_head <= log.tail) &
                  given<Truth<W>>(append.published < append.end,
                                  append.end <= append.seen_head + log.lines));  // C6, C8
}

template <class W>
[[nodiscard]] Truth<W> holds(const AppendState<W>& append, const ReplicaState<W>& replica) {
  return Truth<W>((append.seen_head <= replica.ltail) &  // C10
                  given<Truth<W>>(append.published < append.end, replica.next <= append.published));
}

// The line of number `i`.
template <class W>
[[nodiscard]] Truth<W> holds(const AppendState<W>& append, const LineState<W>& line, const W& i) {
  return Truth<W>(
      given<Truth<W>>((append.published <= i) & (i < append.end),
                      line.sequence <= i) &  // C2: not yet published
      given<Truth<W>>((append.published <= i) & (i < append.written), line.written == i + W(1)) &
      given<Truth<W>>((append.written <= i) & (i < append.end), line.written <= i));
}

template <class W>
[[nodiscard]] Truth<W> holds(const AppendState<W>& a, const AppendState<W>& b) {
  return Truth<W>((a.published == a.end) | (b.published == b.end) | (a.end <= b.published) |
                  (b.end <= a.published));  // C5
}

template <class W>
[[nodiscard]] Truth<W> holds(const LogState<W>& log, const CollectState<W>& collect,
                             const ReplicaState<W>& replica, const W& index) {
  const Truth<W> visited((collect.changes == log.changes) & (index < collect.visited));
  return Truth<W>((collect.changes <= log.changes) & (collect.done <= W(1)) &
                  given<Truth<W>>(visited | (collect.done == W(1)),
                                  collect.minimum <= replica.ltail));  // C7
}

// ---- appending ----------------------------------------------------------------------------------

template <class W>
Truth<W> look_at_head(const LogState<W>& log, AppendState<W>& append) {
  const Truth<W> allowed(append.published == append.end);
  append.seen_head = log.head;
  return allowed;
}

// The compare-exchange: nobody else has moved `tail` meanwhile.
template <class W>
Truth<W> reserve(LogState<W>& log, AppendState<W>& append, const W& count) {
  const Truth<W> allowed((append.published == append.end) & (W(1) <= count) &
                         (log.tail + count <= append.seen_head + log.lines));
  append.published = log.tail;
  append.written = log.tail;
  append.end = log.tail + count;
  log.tail = append.end;
  return allowed;
}

// `line` is that of `append.written`.
template <class W>
Truth<W> write(AppendState<W>& append, LineState<W>& line) {
  const Truth<W> allowed(append.written < append.end);
  append.written = append.written + W(1);
  line.written = append.written;
  return allowed;
}

// `line` is that of `append.published`.
template <class W>
Truth<W> publish(AppendState<W>& append, LineState<W>& line) {
  const Truth<W> allowed(append.published < append.written);
  append.published = append.published + W(1);
  line.sequence = append.published;
  return allowed;
}

// ---- consuming ----------------------------------------------------------------------------------

template <class W>
Truth<W> shut_out(ReplicaState<W>& replica) {
  const Truth<W> allowed(replica.exclusive == W(0));
  replica.exclusive = W(1);
  return allowed;
}

// Has seen in `line`, that of `replica.next`, that it is there.
template <class W>
Truth<W> begin_consume(ReplicaState<W>& replica, const LineState<W>& line) {
  const Truth<W> allowed((replica.exclusive == W(1)) & (replica.consuming == W(0)) &
                         (line.sequence == replica.next + W(1)));
  replica.consuming = W(1);
  return allowed;
}

template <class W>
Truth<W> end_consume(ReplicaState<W>& replica) {
  const Truth<W> allowed(replica.consuming == W(1));
  replica.next = replica.next + W(1);
  replica.consuming = W(0);
  return allowed;
}

// Gives the lines up to appenders, and completes their operations.
template <class W>
Truth<W> release(ReplicaState<W>& replica) {
  const Truth<W> allowed((replica.exclusive == W(1)) & (replica.consuming == W(0)));
  replica.ltail = replica.next;
  return allowed;
}

template <class W>
Truth<W> let_in(ReplicaState<W>& replica) {
  const Truth<W> allowed((replica.exclusive == W(1)) & (replica.next == replica.ltail) &
                         (replica.consuming == W(0)));
  replica.exclusive = W(0);
  return allowed;
}

// ---- collecting garbage -------------------------------------------------------------------------

template <class W>
Truth<W> begin_collect(const LogState<W>& log, CollectState<W>& collect) {
  collect.changes = log.changes;
  collect.visited = W(0);
  collect.done = W(0);
  return Truth<W>(true);
}

// The replicas are visited in order; the first one's `ltail` is taken as it is.
template <class W>
Truth<W> visit(CollectState<W>& collect, const ReplicaState<W>& replica, const W& index) {
  const Truth<W> allowed((collect.visited == index) & (collect.done == W(0)));
  if ((index == W(0)) | (replica.ltail < collect.minimum)) collect.minimum = replica.ltail;
  collect.visited = index + W(1);
  return allowed;
}

// Has visited all, and no other has become a replica.
template <class W>
Truth<W> end_visits(const LogState<W>& log, CollectState<W>& collect) {
  const Truth<W> allowed((collect.visited == log.replicas) & (collect.changes == log.changes));
  collect.done = W(1);
  return allowed;
}

// `head` never passes a replica (C10).
template <class W>
Truth<W> collect_up_to(LogState<W>& log, CollectState<W>& collect) {
  const Truth<W> allowed(collect.done == W(1));
  log.head = collect.minimum;
  collect.done = W(0);
  collect.visited = W(0);
  return allowed;
}

// ---- replicas come and go -----------------------------------------------------------------------

// `fresh` begins as a copy of `source`, and nobody consumes through that one meanwhile.
template <class W>
Truth<W> add_replica(LogState<W>& log, ReplicaState<W>& fresh, const ReplicaState<W>& source,
                     const W& index) {
  const Truth<W> allowed((index == log.replicas) & (source.exclusive == W(0)));
  fresh = source;
  log.replicas = log.replicas + W(1);
  log.changes = log.changes + W(1);
  return allowed;
}

// What only `gone` has consumed would be complete no longer: `other` is any other.
template <class W>
Truth<W> remove_replica(LogState<W>& log, const ReplicaState<W>& gone,
                        const ReplicaState<W>& other) {
  const Truth<W> allowed((W(2) <= log.replicas) & (gone.ltail <= other.ltail));
  log.replicas = log.replicas - W(1);
  log.changes = log.changes + W(1);
  return allowed;
}

// ---- answers and reads --------------------------------------------------------------------------

// Whether operation `i` may be answered by its replica: from now on every read sees it.
template <class W>
[[nodiscard]] Truth<W> may_answer(const ReplicaState<W>& replica, const W& i) {
  return Truth<W>(i < replica.ltail);
}

// A read looks at the `ltail` of all that are replicas when it begins.
template <class W>
Truth<W> look(ReadState<W>& read, const ReplicaState<W>& replica) {
  if (read.recorded < replica.ltail) read.recorded = replica.ltail;
  return Truth<W>(true);
}

// Whether the read may look at its replica: as of number `replica.next`. U4
template <class W>
[[nodiscard]] Truth<W> may_read(const ReplicaState<W>& replica, const ReadState<W>& read) {
  return Truth<W>((replica.exclusive == W(0)) & (read.recorded <= replica.ltail));
}

}  // namespace quintet::node_replication::spec

#ifdef __clang__
#pragma clang diagnostic pop
#endif
