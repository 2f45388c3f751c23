// SPDX-License-Identifier: MIT
#include <string>

#include "node_replication/spec/reader_writer_protocol.hpp"
#include "node_replication/test/proof/integer.hpp"
#include "proof/symbolic/obligation.hpp"

// The reader-writer lock for any number of sessions: its invariant holds at first and is kept by
// every step. It speaks of the writer and one session, so it is assumed at the session that steps
// and at an arbitrary other, and proved at both: any other session is that arbitrary one.
namespace quintet::node_replication::proof_world {
namespace {

using proof::assume;
using proof::Boolean;
using proof::prove;
using Reader = spec::ReaderState<Integer>;
using Writer = spec::WriterState<Integer>;

Reader any_reader(const std::string& name) {
  return {any_number(name + ".attached"), any_number(name + ".phase"),
          any_number(name + ".reading"), any_number(name + ".version")};
}
Writer any_writer() {
  return {.phase = any_number("writer.phase"),
          .writing = any_number("writer.writing"),
          .sessions = any_number("sessions"),
          .alone = any_number("writer.alone"),
          .own = any_number("writer.own"),
          .looked = any_number("writer.looked"),
          .bound = any_number("writer.bound"),
          .passed = any_number("writer.passed"),
          .version = any_number("version")};
}

// The protocol; a fault is one with another step.
struct Steps {
  Boolean (*ask)(const Writer&, Reader&, const Integer&) = spec::ask<Integer>;
  Boolean (*enter)(const Writer&, Reader&) = spec::enter<Integer>;
  Boolean (*withdraw)(Reader&) = spec::withdraw<Integer>;
  Boolean (*leave)(Reader&) = spec::leave<Integer>;
  Boolean (*mark)(Writer&) = spec::mark<Integer>;
  Boolean (*count_sessions)(Writer&) = spec::count_sessions<Integer>;
  Boolean (*pass)(Writer&, const Reader&, const Integer&) = spec::pass<Integer>;
  Boolean (*begin_change)(Writer&) = spec::begin_change<Integer>;
  Boolean (*change)(Writer&) = spec::change<Integer>;
  Boolean (*clear)(Writer&) = spec::clear<Integer>;
  Boolean (*begin_alone)(Writer&, const Integer&, const Reader&,
                         const Integer&) = spec::begin_alone<Integer>;
  Boolean (*end_alone)(Writer&) = spec::end_alone<Integer>;
  Boolean (*attach)(Writer&, Reader&, const Integer&) = spec::attach<Integer>;
  Boolean (*detach)(const Writer&, Reader&) = spec::detach<Integer>;
  Boolean (*forget_session)(Writer&, const Reader&, const Integer&) = spec::forget_session<Integer>;
};

// Of a reader, where one takes it: `mine`.
Boolean any_step(const Steps& steps, Writer& writer, Reader& mine, const Integer& session,
                 const Reader& other, const Integer& other_session) {
  switch (proof::choose(15)) {
    case 0:
      return steps.ask(writer, mine, session);
    case 1:
      return steps.enter(writer, mine);
    case 2:
      return steps.withdraw(mine);
    case 3:
      return steps.leave(mine);
    case 4:
      return steps.mark(writer);
    case 5:
      return steps.count_sessions(writer);
    case 6:
      return steps.pass(writer, mine, session);
    case 7:
      return steps.begin_change(writer);
    case 8:
      return steps.change(writer);
    case 9:
      return steps.clear(writer);
    case 10: {
      Writer again = writer;
      return steps.begin_alone(again, session, other, other_session) &
             steps.begin_alone(writer, session, mine, session);
    }
    case 11:
      return steps.end_alone(writer);
    case 12:
      return steps.attach(writer, mine, session);
    case 13:
      return steps.detach(writer, mine);
    default:
      return steps.forget_session(writer, mine, session);
  }
}

void prove_kept(const Steps& steps) {
  Writer writer = any_writer();
  Reader mine = any_reader("mine");
  const Reader other = any_reader("other");
  const Integer my_session = any_number("my session");
  const Integer other_session = any_number("other session");
  assume(my_session != other_session);
  assume(spec::holds(writer, mine, my_session));
  assume(spec::holds(writer, other, other_session));
  assume(any_step(steps, writer, mine, my_session, other, other_session));
  proof::note("then: writer", writer.phase, writer.writing, writer.passed, writer.bound);
  proof::note("then: mine", mine.phase, mine.reading);
  prove("the invariant is kept for the session of the step", spec::holds(writer, mine, my_session));
  prove("and for every other", spec::holds(writer, other, other_session));
  prove("no reader is inside with the writer",
        spec::excludes(writer, mine) & spec::excludes(writer, other));
}

void prove_begins() {
  prove("the invariant holds before the first step",
        spec::holds(Writer{}, Reader{}, any_number("session")));
}

const bool kClaims[] = {
    proof::obligation("node_replication/reader_writer_begins", prove_begins),
    proof::obligation("node_replication/reader_writer_kept", [] { prove_kept({}); }),
};

// ---- wrong ones ---------------------------------------------------------------------------------

Boolean enter_without_look(const Writer& writer, Reader& reader) {
  const Boolean allowed = reader.phase == Integer(spec::kAsking);
  reader.phase = Integer(spec::kInside);
  reader.version = writer.version;
  return allowed;
}
// The look comes before the own word is set.
Boolean enter_from_outside(const Writer& writer, Reader& reader) {
  const Boolean allowed =
      (reader.phase == Integer(spec::kOutside)) & (writer.writing == Integer(0));
  reader.phase = Integer(spec::kInside);
  reader.version = writer.version;
  return allowed;
}
Boolean ask_without_word(const Writer&, Reader& reader, const Integer&) {
  const Boolean allowed = reader.phase == Integer(spec::kOutside);
  reader.phase = Integer(spec::kAsking);
  return allowed;
}
Boolean clear_before_leaving(Reader& reader) {
  const Boolean allowed = reader.phase == Integer(spec::kInside);
  reader.reading = Integer(0);
  return allowed;
}
// Sessions that are attached after the count and before the mark are not looked at.
Boolean count_before_mark(Writer& writer) {
  const Boolean allowed = writer.phase == Integer(spec::kOutside);
  writer.bound = any_number("counted before");
  writer.phase = Integer(spec::kAsking);
  writer.writing = Integer(1);
  writer.looked = Integer(1);
  writer.passed = Integer(0);
  return allowed & (writer.bound <= writer.sessions);
}
Boolean pass_without_look(Writer& writer, const Reader&, const Integer& session) {
  const Boolean allowed = (writer.phase == Integer(spec::kAsking)) & (writer.looked == Integer(1)) &
                          (session == writer.passed) & (session < writer.bound);
  writer.passed = session + Integer(1);
  return allowed;
}
Boolean skip_the_last(Writer& writer) {
  const Boolean allowed = (writer.phase == Integer(spec::kAsking)) & (writer.looked == Integer(1)) &
                          (writer.passed + Integer(1) == writer.bound);
  writer.phase = Integer(spec::kInside);
  return allowed;
}
Boolean change_after_clear(Writer& writer) {
  writer.version = writer.version + Integer(1);
  return writer.phase == Integer(spec::kOutside);
}
Boolean clear_between_changes(Writer& writer) {
  const Boolean allowed = writer.phase == Integer(spec::kInside);
  writer.writing = Integer(0);
  return allowed;
}

Boolean alone_beside_others(Writer& writer, const Integer& own, const Reader&, const Integer&) {
  const Boolean allowed = writer.phase == Integer(spec::kOutside);
  writer.phase = Integer(spec::kInside);
  writer.alone = Integer(1);
  writer.own = own;
  return allowed;
}
Boolean attach_without_lock(Writer& writer, Reader& reader, const Integer& session) {
  const Boolean allowed = reader.attached == Integer(0);
  reader.attached = Integer(1);
  if (writer.sessions <= session) writer.sessions = session + Integer(1);
  return allowed;
}
Boolean detach_inside(const Writer& writer, Reader& reader) {
  reader.attached = Integer(0);
  return writer.phase == Integer(spec::kOutside);
}
Boolean forget_attached(Writer& writer, const Reader&, const Integer& session) {
  const Boolean allowed =
      (writer.phase == Integer(spec::kOutside)) & (session + Integer(1) == writer.sessions);
  writer.sessions = session;
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
  fault("alone_beside_others", {.begin_alone = alone_beside_others});
  fault("attach_without_lock", {.attach = attach_without_lock});
  fault("detach_inside", {.detach = detach_inside});
  fault("forget_attached", {.forget_session = forget_attached});
  return true;
}();

}  // namespace
}  // namespace quintet::node_replication::proof_world
