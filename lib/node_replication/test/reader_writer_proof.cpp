// SPDX-License-Identifier: MIT
#include <string>

#include "node_replication/spec/reader_writer_protocol.hpp"
#include "proof/symbolic/num.hpp"
#include "proof/symbolic/obligation.hpp"

// The reader-writer lock for any number of sessions: its invariant holds at first and is kept by
// every step. It speaks of the writer and one session, so it is assumed at the session that steps
// and at an arbitrary other, and proved at both: any other session is that arbitrary one.
namespace quintet::node_replication::proof_world {
namespace {

using proof::any;
using proof::assume;
using proof::Boolean;
using proof::Num;
using proof::prove;
using Reader = spec::ReaderState<Num>;
using Writer = spec::WriterState<Num>;

// Sessions and changes are counted, and nobody counts to 2^62.
const Num kMany(std::uint64_t{1} << 62);

Num any_count(const std::string& name) {
  Num count = any<Num>(name);
  assume(count <= kMany);
  return count;
}
Reader any_reader(const std::string& name) {
  return {any<Num>(name + ".phase"), any<Num>(name + ".reading"), any_count(name + ".version")};
}
Writer any_writer() {
  return {.phase = any<Num>("writer.phase"),
          .writing = any<Num>("writer.writing"),
          .sessions = any_count("sessions"),
          .looked = any<Num>("writer.looked"),
          .bound = any_count("writer.bound"),
          .passed = any_count("writer.passed"),
          .version = any_count("version")};
}

// The protocol; a fault is one with another step.
struct Steps {
  Boolean (*ask)(Reader&) = spec::ask<Num>;
  Boolean (*enter)(const Writer&, Reader&) = spec::enter<Num>;
  Boolean (*withdraw)(Reader&) = spec::withdraw<Num>;
  Boolean (*leave)(Reader&) = spec::leave<Num>;
  Boolean (*mark)(Writer&) = spec::mark<Num>;
  Boolean (*count_sessions)(Writer&) = spec::count_sessions<Num>;
  Boolean (*pass)(Writer&, const Reader&, const Num&) = spec::pass<Num>;
  Boolean (*begin_change)(Writer&) = spec::begin_change<Num>;
  Boolean (*change)(Writer&) = spec::change<Num>;
  Boolean (*clear)(Writer&) = spec::clear<Num>;
  Boolean (*add_session)(Writer&) = spec::add_session<Num>;
};

Boolean any_step(const Steps& steps, Writer& writer, Reader& reader, const Num& session) {
  switch (proof::choose(11)) {
    case 0:
      return (session < writer.sessions) & steps.ask(reader);
    case 1:
      return steps.enter(writer, reader);
    case 2:
      return steps.withdraw(reader);
    case 3:
      return steps.leave(reader);
    case 4:
      return steps.mark(writer);
    case 5:
      return steps.count_sessions(writer);
    case 6:
      return steps.pass(writer, reader, session);
    case 7:
      return steps.begin_change(writer);
    case 8:
      return steps.change(writer);
    case 9:
      return steps.clear(writer);
    default:
      return steps.add_session(writer);
  }
}

void prove_kept(const Steps& steps) {
  Writer writer = any_writer();
  Reader mine = any_reader("mine");
  const Reader other = any_reader("other");
  const Num my_session = any_count("my session");
  const Num other_session = any_count("other session");
  assume(my_session != other_session);
  assume(spec::holds(writer, mine, my_session));
  assume(spec::holds(writer, other, other_session));
  assume(any_step(steps, writer, mine, my_session));
  proof::note("then: writer", writer.phase, writer.writing, writer.passed, writer.bound);
  proof::note("then: mine", mine.phase, mine.reading);
  prove("the invariant is kept for the session of the step",
        spec::holds(writer, mine, my_session));
  prove("and for every other", spec::holds(writer, other, other_session));
  prove("no reader is inside with the writer",
        spec::excludes(writer, mine) & spec::excludes(writer, other));
}

void prove_begins() {
  prove("the invariant holds before the first step",
        spec::holds(Writer{}, Reader{}, any_count("session")));
}

const bool kClaims[] = {
    proof::obligation("node_replication/reader_writer_begins", prove_begins),
    proof::obligation("node_replication/reader_writer_kept", [] { prove_kept({}); }),
};

// ---- wrong ones ---------------------------------------------------------------------------------

Boolean enter_without_look(const Writer& writer, Reader& reader) {
  const Boolean allowed = reader.phase == Num(spec::kAsking);
  reader.phase = Num(spec::kInside);
  reader.version = writer.version;
  return allowed;
}
// The look comes before the own word is set.
Boolean enter_from_outside(const Writer& writer, Reader& reader) {
  const Boolean allowed =
      (reader.phase == Num(spec::kOutside)) & (writer.writing == Num(0));
  reader.phase = Num(spec::kInside);
  reader.version = writer.version;
  return allowed;
}
Boolean ask_without_word(Reader& reader) {
  const Boolean allowed = reader.phase == Num(spec::kOutside);
  reader.phase = Num(spec::kAsking);
  return allowed;
}
Boolean clear_before_leaving(Reader& reader) {
  const Boolean allowed = reader.phase == Num(spec::kInside);
  reader.reading = Num(0);
  return allowed;
}
// Sessions that are attached after the count and before the mark are not looked at.
Boolean count_before_mark(Writer& writer) {
  const Boolean allowed = writer.phase == Num(spec::kOutside);
  writer.bound = any_count("counted before");
  writer.phase = Num(spec::kAsking);
  writer.writing = Num(1);
  writer.looked = Num(1);
  writer.passed = Num(0);
  return allowed & (writer.bound <= writer.sessions);
}
Boolean pass_without_look(Writer& writer, const Reader&, const Num& session) {
  const Boolean allowed = (writer.phase == Num(spec::kAsking)) & (writer.looked == Num(1)) &
                          (session == writer.passed) & (session < writer.bound);
  writer.passed = session + Num(1);
  return allowed;
}
Boolean skip_the_last(Writer& writer) {
  const Boolean allowed = (writer.phase == Num(spec::kAsking)) & (writer.looked == Num(1)) &
                          (writer.passed + Num(1) == writer.bound);
  writer.phase = Num(spec::kInside);
  return allowed;
}
Boolean change_after_clear(Writer& writer) {
  writer.version = writer.version + Num(1);
  return writer.phase == Num(spec::kOutside);
}
Boolean clear_between_changes(Writer& writer) {
  const Boolean allowed = writer.phase == Num(spec::kInside);
  writer.writing = Num(0);
  return allowed;
}

void fault(const char* name, const Steps& steps) {
  proof::must_refute(std::string("node_replication/reader_writer_kept/") + name,
                     [steps] { prove_kept(steps); });
}
const bool kFaults = [] {
  fault("enter_without_look", {.enter = enter_without_look});
  fault("look_before_ask", {.enter = enter_from_outside});
  fault("ask_without_word", {.ask = ask_without_word});
  fault("clear_before_leaving", {.leave = clear_before_leaving});
  fault("count_before_mark", {.mark = count_before_mark});
  fault("pass_without_look", {.pass = pass_without_look});
  fault("skip_the_last", {.begin_change = skip_the_last});
  fault("change_after_clear", {.change = change_after_clear});
  fault("clear_between_changes", {.clear = clear_between_changes});
  return true;
}();

}  // namespace
}  // namespace quintet::node_replication::proof_world
