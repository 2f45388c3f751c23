// SPDX-License-Identifier: MIT
#pragma once

#include "node_replication/spec/step.hpp"

#ifdef __clang__
#pragma clang diagnostic push
// Natively these are bools; as formulas they must not be evaluated one after another.
#pragma clang diagnostic ignored "-Wbitwise-instead-of-logical"
#endif

// The reader-writer lock of a replica, as a protocol: who may read the structure while who changes
// it. A reader sets the word of its own session and then looks at the writer's; the writer sets
// its word and then looks at those of all sessions. One of the two sees the other. A writer that
// is the only session of its replica does without.
//
// Each function is a step of one thread: it says whether the step is allowed in this state, and
// makes the state what it is afterwards. `holds` is the invariant, of the writer and one session;
// every step keeps it, for any number of sessions (test/reader_writer_proof.cpp), and the code
// takes no other steps (test/world/monitor.hpp).
// There is one writer at a time, the holder of the combiner's lock. Threading: functions of their
// arguments.
namespace quintet::node_replication::spec {

inline constexpr int kOutside = 0;  // phases of both
inline constexpr int kAsking = 1;   // the own word is set
inline constexpr int kInside = 2;   // may read the structure, or change it

template <class W>
struct ReaderState {
  W attached = W(0);  // whether there is such a session
  W phase = W(kOutside);
  W reading = W(0);  // shared: the session's word
  W version = W(0);  // of the structure, when it came in
};

template <class W>
struct WriterState {
  W phase = W(kOutside);
  W writing = W(0);   // shared
  W sessions = W(0);  // those from here on are not attached
  W alone = W(0);     // whether the writer does without words, and
  W own = W(0);       // is this session
  W looked = W(0);    // whether it has read `sessions`, having set its word
  W bound = W(0);     // and what it read
  W passed = W(0);    // the sessions below this have been looked at
  W version = W(0);   // of the structure: counts its changes
};

template <class W>
[[nodiscard]] Truth<W> holds(const WriterState<W>& writer, const ReaderState<W>& reader,
                             const W& session) {
  const Truth<W> outside = reader.phase == W(kOutside);
  const Truth<W> marked((writer.phase != W(kOutside)) & (writer.alone == W(0)));
  const Truth<W> shut_out(marked & (writer.looked == W(1)) &
                          ((session < writer.passed) | (session >= writer.bound)));
  return Truth<W>(
      // words say what phases are
      (writer.phase <= W(kInside)) & (reader.phase <= W(kInside)) & (writer.looked <= W(1)) &
      (writer.alone <= W(1)) & (reader.attached <= W(1)) &
      given<Truth<W>>(marked, writer.writing == W(1)) &
      given<Truth<W>>(!marked, (writer.writing == W(0)) & (writer.looked == W(0))) &
      given<Truth<W>>(writer.phase != W(kInside), writer.alone == W(0)) &
      given<Truth<W>>(outside, reader.reading == W(0)) &
      given<Truth<W>>(!outside, reader.reading == W(1)) &
      given<Truth<W>>(reader.attached == W(0), outside) &
      given<Truth<W>>(session >= writer.sessions, reader.attached == W(0)) &
      given<Truth<W>>(writer.looked == W(1),
                      (writer.passed <= writer.bound) & (writer.bound <= writer.sessions)) &
      given<Truth<W>>(marked & (writer.phase == W(kInside)),
                      (writer.looked == W(1)) & (writer.passed == writer.bound)) &
      // who has been passed is not inside, and comes in no more
      given<Truth<W>>(shut_out, reader.phase != W(kInside)) &
      given<Truth<W>>(writer.alone == W(1),
                      outside & ((reader.attached == W(0)) | (session == writer.own))) &
      // what a reader sees does not change under it
      given<Truth<W>>(reader.phase == W(kInside), reader.version == writer.version));
}

// What all this is for.
template <class W>
[[nodiscard]] Truth<W> excludes(const WriterState<W>& writer, const ReaderState<W>& reader) {
  return Truth<W>((writer.phase != W(kInside)) | (reader.phase != W(kInside)));
}

// ---- the reader's steps -------------------------------------------------------------------------

// Sets the own word. Sequentially consistent, as is the look that follows. A session that writes
// alone does not read meanwhile.
template <class W>
Truth<W> ask(const WriterState<W>& writer, ReaderState<W>& reader, const W& session) {
  const Truth<W> allowed((reader.attached == W(1)) & (reader.phase == W(kOutside)) &
                         ((writer.alone == W(0)) | (session != writer.own)));
  reader.phase = W(kAsking);
  reader.reading = W(1);
  return allowed;
}

// Has looked at the writer's word and seen 0.
template <class W>
Truth<W> enter(const WriterState<W>& writer, ReaderState<W>& reader) {
  const Truth<W> allowed((reader.phase == W(kAsking)) & (writer.writing == W(0)));
  reader.phase = W(kInside);
  reader.version = writer.version;
  return allowed;
}

// Has seen 1, be it an old one: clears the own word.
template <class W>
Truth<W> withdraw(ReaderState<W>& reader) {
  const Truth<W> allowed(reader.phase == W(kAsking));
  reader.phase = W(kOutside);
  reader.reading = W(0);
  return allowed;
}

template <class W>
Truth<W> leave(ReaderState<W>& reader) {
  const Truth<W> allowed(reader.phase == W(kInside));
  reader.phase = W(kOutside);
  reader.reading = W(0);
  return allowed;
}

// ---- the writer's -------------------------------------------------------------------------------

// Sets its word. Sequentially consistent, as are the looks that follow.
template <class W>
Truth<W> mark(WriterState<W>& writer) {
  const Truth<W> allowed(writer.phase == W(kOutside));
  writer.phase = W(kAsking);
  writer.writing = W(1);
  writer.looked = W(0);
  return allowed;
}

// Reads how many sessions there are to look at.
template <class W>
Truth<W> count_sessions(WriterState<W>& writer) {
  const Truth<W> allowed((writer.phase == W(kAsking)) & (writer.looked == W(0)));
  writer.looked = W(1);
  writer.bound = writer.sessions;
  writer.passed = W(0);
  return allowed;
}

// Has seen 0 in the word of `session`.
template <class W>
Truth<W> pass(WriterState<W>& writer, const ReaderState<W>& reader, const W& session) {
  const Truth<W> allowed((writer.phase == W(kAsking)) & (writer.looked == W(1)) &
                         (session == writer.passed) & (session < writer.bound) &
                         (reader.reading == W(0)));
  writer.passed = session + W(1);
  return allowed;
}

// Has passed all.
template <class W>
Truth<W> begin_change(WriterState<W>& writer) {
  const Truth<W> allowed((writer.phase == W(kAsking)) & (writer.looked == W(1)) &
                         (writer.passed == writer.bound));
  writer.phase = W(kInside);
  return allowed;
}

template <class W>
Truth<W> change(WriterState<W>& writer) {
  const Truth<W> allowed(writer.phase == W(kInside));
  writer.version = writer.version + W(1);
  return allowed;
}

template <class W>
Truth<W> clear(WriterState<W>& writer) {
  const Truth<W> allowed((writer.phase == W(kInside)) & (writer.alone == W(0)));
  writer.phase = W(kOutside);
  writer.writing = W(0);
  writer.looked = W(0);
  return allowed;
}

// Without words: what is asked of every session is asked here of `reader`, session `session`.
template <class W>
Truth<W> begin_alone(WriterState<W>& writer, const W& own, const ReaderState<W>& reader,
                     const W& session) {
  const Truth<W> allowed((writer.phase == W(kOutside)) & (reader.phase == W(kOutside)) &
                         ((reader.attached == W(0)) | (session == own)));
  writer.phase = W(kInside);
  writer.alone = W(1);
  writer.own = own;
  return allowed;
}

template <class W>
Truth<W> end_alone(WriterState<W>& writer) {
  const Truth<W> allowed((writer.phase == W(kInside)) & (writer.alone == W(1)));
  writer.phase = W(kOutside);
  writer.alone = W(0);
  return allowed;
}

// ---- sessions come and go, while nobody counts on being alone -----------------------------------

template <class W>
Truth<W> attach(WriterState<W>& writer, ReaderState<W>& reader, const W& session) {
  const Truth<W> allowed((writer.alone == W(0)) & (reader.attached == W(0)));
  reader.attached = W(1);
  if (writer.sessions <= session) writer.sessions = session + W(1);
  return allowed;
}

template <class W>
Truth<W> detach(const WriterState<W>& writer, ReaderState<W>& reader) {
  const Truth<W> allowed((writer.alone == W(0)) & (reader.attached == W(1)) &
                         (reader.phase == W(kOutside)));
  reader.attached = W(0);
  return allowed;
}

// The last one need not be looked at any more.
template <class W>
Truth<W> forget_session(WriterState<W>& writer, const ReaderState<W>& reader, const W& session) {
  const Truth<W> allowed((writer.phase == W(kOutside)) & (reader.attached == W(0)) &
                         (session + W(1) == writer.sessions));
  writer.sessions = session;
  return allowed;
}

}  // namespace quintet::node_replication::spec

#ifdef __clang__
#pragma clang diagnostic pop
#endif
