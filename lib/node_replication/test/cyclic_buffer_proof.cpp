// SPDX-License-Identifier: MIT
#include <array>
#include <string>

#include "node_replication/spec/cyclic_buffer_protocol.hpp"
#include "node_replication/test/proof/integer.hpp"
#include "proof/symbolic/obligation.hpp"
#include "proof/symbolic/word.hpp"

// The log for any number of lines, replicas, appenders and collectors, at any position. The
// invariants speak of at most three things; each step is made by arbitrary ones, the invariants
// are assumed of those and of arbitrary others, and proved of all of them.
namespace quintet::node_replication::proof_world {
namespace {

using proof::any;
using proof::assume;
using proof::Boolean;
using proof::prove;
using Log = spec::LogState<Integer>;
using Line = spec::LineState<Integer>;
using Append = spec::AppendState<Integer>;
using Replica = spec::ReplicaState<Integer>;
using Collect = spec::CollectState<Integer>;
using Read = spec::ReadState<Integer>;

Log any_log() {
  return {any_number("lines"), any_number("tail"), any_number("head"), any_number("replicas"),
          any_number("changes")};
}
Line any_line(const std::string& name) {
  return {any_number(name + ".sequence"), any_number(name + ".written")};
}
Append any_append(const std::string& name) {
  return {any_number(name + ".seen_head"), any_number(name + ".published"),
          any_number(name + ".written"), any_number(name + ".end")};
}
Replica any_replica(const std::string& name) {
  return {any_number(name + ".ltail"), any_number(name + ".next"), any_number(name + ".exclusive"),
          any_number(name + ".consuming")};
}
Collect any_collect(const std::string& name) {
  return {any_number(name + ".minimum"), any_number(name + ".visited"),
          any_number(name + ".changes"), any_number(name + ".done")};
}

// Two of each: one that steps, and an arbitrary other. The numbers i and j may share a line, which
// is then `line[0]`.
struct World {
  Log log = any_log();
  bool shared = proof::choose(2) == 1;
  std::array<Integer, 2> number = {any_number("i"), any_number("j")};
  std::array<Line, 2> lines = {any_line("line of i"), any_line("line of j")};
  std::array<Append, 2> append = {any_append("a"), any_append("b")};
  std::array<Integer, 2> index = {any_number("index of r"), any_number("index of q")};
  std::array<Replica, 2> replica = {any_replica("r"), any_replica("q")};
  std::array<Collect, 2> collect = {any_collect("c"), any_collect("d")};

  [[nodiscard]] const Line& line_of(std::size_t n) const { return lines[shared ? 0 : n]; }
};

// A line's words are numbers of that line, and all numbers of a line are laps apart.
Boolean in_places(const World& world) {
  const auto& [i, j] = world.number;
  const Integer& lap = world.log.lines;
  Boolean all = world.shared ? spec::lap_apart(lap, i, j) : Boolean(i != j);
  for (std::size_t n = 0; n < 2; ++n) {
    const Line& line = world.line_of(n);
    for (const Integer& word : {line.sequence, line.written}) {
      all = all & ((word == Integer(0)) | spec::lap_apart(lap, world.number[n] + Integer(1), word));
    }
  }
  return all;
}
Boolean lines_hold(const World& world) {
  Boolean all = true;
  for (std::size_t n = 0; n < 2; ++n) {
    const Line& line = world.line_of(n);
    all = all & spec::holds(world.log, line);
    for (const Replica& replica : world.replica) {
      all = all & spec::holds(replica, line, Boolean(replica.next == world.number[n]));
    }
    for (const Append& append : world.append) {
      all = all & spec::holds(append, line, world.number[n]);
    }
  }
  return all;
}
Boolean replicas_hold(const World& world) {
  Boolean all = spec::holds(world.log);
  for (const Replica& replica : world.replica) {
    all = all & spec::holds(world.log, replica);
    for (const Append& append : world.append) all = all & spec::holds(append, replica);
  }
  return all;
}
Boolean appends_hold(const World& world) {
  return spec::holds(world.log, world.append[0]) & spec::holds(world.log, world.append[1]) &
         spec::holds(world.append[0], world.append[1]);
}
Boolean collects_hold(const World& world) {
  Boolean all = true;
  for (std::size_t r = 0; r < 2; ++r) {
    all = all & (world.index[r] < world.log.replicas);
    for (const Collect& collect : world.collect) {
      all = all & spec::holds(world.log, collect, world.replica[r], world.index[r]);
    }
  }
  return all;
}

// The protocol; a fault is one with another step.
struct Steps {
  Boolean (*look_at_head)(const Log&, Append&) = spec::look_at_head<Integer>;
  Boolean (*reserve)(Log&, Append&, const Integer&) = spec::reserve<Integer>;
  Boolean (*write)(Append&, Line&) = spec::write<Integer>;
  Boolean (*publish)(Append&, Line&) = spec::publish<Integer>;
  Boolean (*shut_out)(Replica&) = spec::shut_out<Integer>;
  Boolean (*begin_consume)(Replica&, const Line&) = spec::begin_consume<Integer>;
  Boolean (*end_consume)(Replica&) = spec::end_consume<Integer>;
  Boolean (*release)(Replica&) = spec::release<Integer>;
  Boolean (*let_in)(Replica&) = spec::let_in<Integer>;
  Boolean (*begin_collect)(const Log&, Collect&) = spec::begin_collect<Integer>;
  Boolean (*visit)(Collect&, const Replica&, const Integer&) = spec::visit<Integer>;
  Boolean (*end_visits)(const Log&, Collect&) = spec::end_visits<Integer>;
  Boolean (*collect_up_to)(Log&, Collect&) = spec::collect_up_to<Integer>;
  Boolean (*add_replica)(Log&, Replica&, const Replica&,
                         const Integer&) = spec::add_replica<Integer>;
  Boolean (*remove_replica)(Log&, const Replica&, const Replica&) = spec::remove_replica<Integer>;
};

// Of append a, replica r or collector c; where a line is concerned, it is that of i.
Boolean any_step(const Steps& steps, World& world) {
  Append& append = world.append[0];
  Replica& replica = world.replica[0];
  Collect& collect = world.collect[0];
  Line& line = world.lines[0];
  const Integer& i = world.number[0];
  switch (proof::choose(15)) {
    case 0:
      return steps.look_at_head(world.log, append);
    case 1:
      return steps.reserve(world.log, append, any_number("count"));
    case 2:
      assume(i == append.written);
      return steps.write(append, line);
    case 3:
      assume(i == append.published);
      return steps.publish(append, line);
    case 4:
      return steps.shut_out(replica);
    case 5:
      assume(i == replica.next);
      return steps.begin_consume(replica, line);
    case 6:
      assume(i == replica.next);
      return steps.end_consume(replica);
    case 7:
      return steps.release(replica);
    case 8:
      return steps.let_in(replica);
    case 9:
      return steps.begin_collect(world.log, collect);
    case 10:
      return steps.visit(collect, replica, world.index[0]);
    case 11:
      return steps.end_visits(world.log, collect);
    case 12:
      return steps.collect_up_to(world.log, collect);
    case 13:
      // Of r; q is the fresh one, or any other.
      if (proof::choose(2) == 0) {
        world.index[1] = world.log.replicas;
        return steps.add_replica(world.log, world.replica[1], replica, world.index[1]);
      } else {
        Replica fresh = any_replica("fresh");
        return steps.add_replica(world.log, fresh, replica, world.log.replicas);
      }
    default: {
      // Of one that is neither; those that stay have other numbers afterwards.
      const Replica gone = any_replica("gone");
      assume(spec::holds(world.log, gone));
      Log again = world.log;
      const Boolean allowed = steps.remove_replica(again, gone, replica) &
                              steps.remove_replica(world.log, gone, world.replica[1]);
      world.index = {any_number("new index of r"), any_number("new index of q")};
      assume((world.index[0] < world.log.replicas) & (world.index[1] < world.log.replicas));
      return allowed;
    }
  }
}

void prove_kept(const Steps& steps) {
  World world;
  assume(world.index[0] != world.index[1]);
  assume(in_places(world) & lines_hold(world) & replicas_hold(world) & appends_hold(world) &
         collects_hold(world));
  const World before = world;
  assume(any_step(steps, world));
  proof::note("then: tail, head", world.log.tail, world.log.head);
  proof::note("then: r.ltail, r.next", world.replica[0].ltail, world.replica[0].next);
  proof::note("then: a.published, a.written, a.end", world.append[0].published,
              world.append[0].written, world.append[0].end);
  proof::note("then: line of i", world.lines[0].sequence, world.lines[0].written);
  prove("lines say which operation they hold", lines_hold(world) & in_places(world));
  prove("no replica is overrun", replicas_hold(world));
  prove("appenders have numbers of their own", appends_hold(world));
  prove("collectors are below all that they visited", collects_hold(world));
  prove("what is reserved and what is consumed only grow",
        (before.log.tail <= world.log.tail) & (before.replica[0].ltail <= world.replica[0].ltail));
  // Nobody writes what another reads, and what is read is operation `next`.
  const auto reads = [&](const Replica& replica, std::size_t n) {
    return (replica.consuming == Integer(1)) & (replica.next == world.number[n]);
  };
  for (const Append& append : world.append) {
    for (std::size_t n = 0; n < 2; ++n) {
      const bool same = world.shared || n == 0;
      const Boolean writes = (append.written == world.number[0]) & (append.written < append.end);
      if (!same) continue;
      prove("no line is written while it is read",
            !(writes & (reads(world.replica[0], n) | reads(world.replica[1], n))));
    }
  }
}

// The steps of one read, and what may have happened meanwhile: every `ltail` only grows.
void prove_reads(Boolean (*may_read)(const Replica&, const Read&),
                 Boolean (*may_answer)(const Replica&, const Integer&)) {
  const Integer answered = any_number("answered");  // before the read began, by
  Replica source = any_replica("r");
  assume(may_answer(source, answered));
  const Log log = any_log();
  Replica looked_at = any_replica("r, when it is looked at");
  if (proof::choose(2) == 0) {
    assume(source.ltail <= looked_at.ltail);
  } else {
    // It was removed before the read began; this is any other.
    Log before = any_log();
    assume(spec::remove_replica(before, source, looked_at));
  }
  Read read{any_number("recorded before")};
  assume(spec::look(read, looked_at));
  const Integer recorded = any_number("recorded at last");  // others are looked at
  assume(read.recorded <= recorded);
  read.recorded = recorded;
  const Replica mine = any_replica("mine");
  assume(spec::holds(log) & spec::holds(log, source) & spec::holds(log, mine));
  assume(may_read(mine, read));
  prove("a read sees all that was answered before it began", answered < mine.next);
  prove("and what it sees is complete before it ends", mine.next <= mine.ltail);
}

// Why numbers of one line are laps apart: rings have a power of two of lines.
void prove_places() {
  using Word = proof::Word<64>;
  const unsigned shift = static_cast<unsigned>(proof::choose(48));
  const Word lines(std::uint64_t{1} << shift);
  const Word i = any<Word>("i");
  const Word j = any<Word>("j");
  assume(i < j);
  assume(spec::line_of(i, lines) == spec::line_of(j, lines));
  prove("a later number of the same line is a lap or more away", j - i >= lines);
  prove("and every number has a line", spec::line_of(i, lines) < lines);
}

void prove_begins() {
  Log log;
  log.lines = any_number("lines");
  assume(Integer(1) <= log.lines);
  const Append append;
  const Replica replica;
  const Line line;
  const Integer i = any_number("i");
  prove("the invariants hold before the first step",
        spec::holds(log) & spec::holds(log, replica) & spec::holds(log, line) &
            spec::holds(log, append) & spec::holds(append, replica) & spec::holds(append, line, i) &
            spec::holds(append, Append{}) & spec::holds(replica, line, Boolean(true)) &
            spec::holds(log, Collect{}, replica, i));
}

const bool kClaims[] = {
    proof::obligation("node_replication/cyclic_buffer_places", prove_places),
    proof::obligation("node_replication/cyclic_buffer_begins", prove_begins),
    proof::obligation("node_replication/cyclic_buffer_kept", [] { prove_kept({}); }),
    proof::obligation("node_replication/cyclic_buffer_reads",
                      [] { prove_reads(spec::may_read<Integer>, spec::may_answer<Integer>); }),
};

// ---- wrong ones ---------------------------------------------------------------------------------

Boolean reserve_one_too_many(Log& log, Append& append, const Integer& count) {
  const Boolean allowed = (append.published == append.end) & (Integer(1) <= count) &
                          (log.tail + count <= append.seen_head + log.lines + Integer(1));
  append.published = append.written = log.tail;
  log.tail = append.end = log.tail + count;
  return allowed;
}
// The space test forgets how many are asked for.
Boolean reserve_without_count(Log& log, Append& append, const Integer& count) {
  const Boolean allowed = (append.published == append.end) & (Integer(1) <= count) &
                          (log.tail < append.seen_head + log.lines);
  append.published = append.written = log.tail;
  log.tail = append.end = log.tail + count;
  return allowed;
}
// A load and a store: others may have reserved in between.
Boolean reserve_in_two_steps(Log& log, Append& append, const Integer& count) {
  const Integer loaded = any_number("tail loaded before");
  const Boolean allowed = (append.published == append.end) & (Integer(1) <= count) &
                          (loaded <= log.tail) & (loaded + count <= append.seen_head + log.lines);
  append.published = append.written = loaded;
  append.end = loaded + count;
  if (log.tail < append.end) log.tail = append.end;
  return allowed;
}
Boolean publish_before_writing(Append& append, Line& line) {
  const Boolean allowed = append.published < append.end;
  append.published = append.published + Integer(1);
  if (append.written < append.published) append.written = append.published;
  line.sequence = append.published;
  return allowed;
}
Boolean consume_without_look(Replica& replica, const Line&) {
  const Boolean allowed = (replica.exclusive == Integer(1)) & (replica.consuming == Integer(0));
  replica.consuming = Integer(1);
  return allowed;
}
// Lines whose sequence word is not 0 are taken for published.
Boolean consume_what_was_ever_used(Replica& replica, const Line& line) {
  const Boolean allowed = (replica.exclusive == Integer(1)) & (replica.consuming == Integer(0)) &
                          (line.sequence != Integer(0)) &
                          (line.sequence <= replica.next + Integer(1));
  replica.consuming = Integer(1);
  return allowed;
}
Boolean release_while_reading(Replica& replica) {
  const Boolean allowed = (replica.exclusive == Integer(1)) & (replica.consuming == Integer(1));
  replica.ltail = replica.next + Integer(1);
  return allowed;
}
Boolean release_what_is_not_consumed(Replica& replica) {
  const Boolean allowed = (replica.exclusive == Integer(1)) & (replica.consuming == Integer(0));
  replica.ltail = replica.next + Integer(1);
  return allowed;
}
Boolean let_in_between_operations(Replica& replica) {
  const Boolean allowed = (replica.exclusive == Integer(1)) & (replica.consuming == Integer(0));
  replica.exclusive = Integer(0);
  return allowed;
}
Boolean keep_the_maximum(Collect& collect, const Replica& replica, const Integer& index) {
  const Boolean allowed = collect.visited == index;
  if (collect.minimum < replica.ltail) collect.minimum = replica.ltail;
  collect.visited = index + Integer(1);
  return allowed;
}
Boolean forget_the_last(const Log& log, Collect& collect) {
  const Boolean allowed = (collect.visited + Integer(1) == log.replicas) &
                          (collect.changes == log.changes) & (Integer(1) <= collect.visited);
  collect.done = Integer(1);
  return allowed;
}
Boolean end_without_second_look(const Log& log, Collect& collect) {
  const Boolean allowed = collect.visited == log.replicas;
  collect.done = Integer(1);
  return allowed;
}
Boolean visit_in_any_order(Collect& collect, const Replica& replica, const Integer& index) {
  if (replica.ltail < collect.minimum) collect.minimum = replica.ltail;
  collect.visited = index + Integer(1);
  return collect.done == Integer(0);
}
// The copy is of what was consumed, but the log may have gone on.
Boolean add_while_source_consumes(Log& log, Replica& fresh, const Replica& source,
                                  const Integer& index) {
  const Boolean allowed = index == log.replicas;
  fresh = {source.ltail, source.next, Integer(0), Integer(0)};
  log.replicas = log.replicas + Integer(1);
  log.changes = log.changes + Integer(1);
  return allowed;
}
Boolean add_an_old_copy(Log& log, Replica& fresh, const Replica& source, const Integer& index) {
  const Boolean allowed = (index == log.replicas) & (source.exclusive == Integer(0));
  const Integer old = any_number("ltail of an old copy");
  fresh = {old, old, Integer(0), Integer(0)};
  log.replicas = log.replicas + Integer(1);
  log.changes = log.changes + Integer(1);
  return allowed & (old <= source.ltail);
}
Boolean remove_unnoticed(Log& log, const Replica& gone, const Replica& other) {
  const Boolean allowed = (Integer(2) <= log.replicas) & (gone.ltail <= other.ltail);
  log.replicas = log.replicas - Integer(1);
  return allowed;
}

Boolean read_without_waiting(const Replica& replica, const Read&) {
  return replica.exclusive == Integer(0);
}
Boolean read_beside_the_writer(const Replica& replica, const Read& read) {
  return read.recorded <= replica.ltail;
}
Boolean answer_what_is_consumed(const Replica& replica, const Integer& i) {
  return i < replica.next;
}

void fault(const char* name, const Steps& steps) {
  proof::must_refute(std::string("node_replication/cyclic_buffer_kept/") + name,
                     [steps] { prove_kept(steps); });
}
const bool kFaults[] = {
    [] {
      fault("reserve_one_too_many", {.reserve = reserve_one_too_many});
      fault("reserve_without_count", {.reserve = reserve_without_count});
      fault("reserve_in_two_steps", {.reserve = reserve_in_two_steps});
      fault("publish_before_writing", {.publish = publish_before_writing});
      fault("consume_without_look", {.begin_consume = consume_without_look});
      fault("consume_what_was_ever_used", {.begin_consume = consume_what_was_ever_used});
      fault("release_while_reading", {.release = release_while_reading});
      fault("release_what_is_not_consumed", {.release = release_what_is_not_consumed});
      fault("let_in_between_operations", {.let_in = let_in_between_operations});
      fault("keep_the_maximum", {.visit = keep_the_maximum});
      fault("visit_in_any_order", {.visit = visit_in_any_order});
      fault("forget_the_last", {.end_visits = forget_the_last});
      fault("end_without_second_look", {.end_visits = end_without_second_look});
      fault("add_while_source_consumes", {.add_replica = add_while_source_consumes});
      fault("add_an_old_copy", {.add_replica = add_an_old_copy});
      fault("remove_unnoticed", {.remove_replica = remove_unnoticed});
      return true;
    }(),
    proof::must_refute("node_replication/cyclic_buffer_reads/without_waiting",
                       [] { prove_reads(read_without_waiting, spec::may_answer<Integer>); }),
    proof::must_refute("node_replication/cyclic_buffer_reads/beside_the_writer",
                       [] { prove_reads(read_beside_the_writer, spec::may_answer<Integer>); }),
    proof::must_refute("node_replication/cyclic_buffer_reads/answered_when_consumed",
                       [] { prove_reads(spec::may_read<Integer>, answer_what_is_consumed); }),
};

}  // namespace
}  // namespace quintet::node_replication::proof_world
