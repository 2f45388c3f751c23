// SPDX-License-Identifier: MIT
#pragma once

#include "pm_log/multi_log.hpp"

// How multi_log.hpp commits, gives back, reads, and follows.
namespace quintet::pm_log {

// --- commit ---------------------------------------------------------------------------------

template <PersistentMemory M, Fault kFault>
Result<void> MultiLog<M, kFault>::commit() {
  if (changed_ == 0) return {};
  if constexpr (kFault == Fault::kCommitPerLog) {
    while (changed_ != 0) {
      if (auto done = commit_logs(changed_ & -changed_); !done) return done;
    }
    return {};
  }
  return commit_logs(changed_);
}

template <PersistentMemory M, Fault kFault>
Result<void> MultiLog<M, kFault>::commit_logs(std::uint64_t logs) {
  for_each_log(logs, [&](LogState& state) { write_partial_line(state); });
  if (broken_) [[unlikely]]
    return std::unexpected(Error{.code = Errc::kIo});
  auto done = make_durable(logs, [](const LogState& state) {
    return Change{state.head.position, state.pending.position, state.delta_crc};
  });
  if (!done) [[unlikely]]
    return done;
  for_each_log(logs, [&](LogState& state) {
    state.tail = state.pending;
    state.delta_crc = pool_.seeds.payload;
  });
  changed_ &= ~logs;
  return {};
}

// Writes what `change_of` says of each of these logs, and the root that makes it count.
template <PersistentMemory M, Fault kFault>
template <class ChangeOf>
Result<void> MultiLog<M, kFault>::make_durable(std::uint64_t logs, ChangeOf change_of) {
  const std::uint64_t seq = pool_.seq + 1;
  if (seq >= kEndOfSeq) [[unlikely]]
    return std::unexpected(Error{.code = Errc::kNoSpace});
  const std::uint64_t at = root_at(kFault == Fault::kActiveRootOverwritten ? seq - 1 : seq);
  if (pool_.is_single()) {
    write_line<Fault::kRootNotFlushed>(at, slot_line(0, seq, change_of(pool_.logs[0]), at));
  } else {
    for_each_log(logs, [&](LogState& state) { write_slot(state, seq, change_of(state)); });
    const MasterSlot master{seq, pool_.live, pool_.digest};
    write_line<Fault::kRootNotFlushed>(at, encode(master, at, pool_.seeds));
  }
  if (!seal(seq)) [[unlikely]] {
    broken_ = true;
    return std::unexpected(Error{.code = Errc::kIo});
  }
  pool_.seq = seq;
  return {};
}

// The slot that is not in use takes the change; the next root will name it.
template <PersistentMemory M, Fault kFault>
void MultiLog<M, kFault>::write_slot(LogState& state, std::uint64_t seq, const Change& change) {
  const auto log = static_cast<LogIndex>(&state - pool_.logs.data());
  if (kFault != Fault::kActiveSlotOverwritten) pool_.live ^= std::uint64_t{1} << log;
  const std::uint64_t at = slot_at(log, pool_.live >> log & 1);
  const Line line = slot_line(log, seq, change, at);
  pool_.digest ^= state.slot_crc ^ line.words[7];
  state.slot_crc = line.words[7];
  write_line<Fault::kSlotNotFlushed>(at, line);
}

template <PersistentMemory M, Fault kFault>
Line MultiLog<M, kFault>::slot_line(LogIndex log, std::uint64_t seq, const Change& change,
                                    std::uint64_t at) const {
  return encode(LogSlot{.seq = seq,
                        .head = change.head,
                        .tail = change.tail,
                        .previous_tail = pool_.logs[log].tail.position,
                        .delta_crc = change.delta_crc,
                        .log = log},
                at, pool_.seeds);
}

// Ends the epochs of a commit. Strict: what the commit word names is durable before the word is.
template <PersistentMemory M, Fault kFault>
bool MultiLog<M, kFault>::seal(std::uint64_t seq) {
  bool ok = true;
  if (!pool_.is_fast()) {
    if constexpr (kFault != Fault::kNoFenceBeforeWord) ok = memory_.fence();
    write_line<Fault::kWordNotFlushed>(kCommitWordAt, Line{{commit_word(seq, pool_.seeds)}});
  }
  if constexpr (kFault != Fault::kNoFenceAfterCommit) ok = memory_.fence() && ok;  // durable here
  return ok;
}

template <PersistentMemory M, Fault kFault>
void MultiLog<M, kFault>::abort() {
  for_each_log(changed_, [&](LogState& state) {
    state.pending = state.tail;
    state.delta_crc = pool_.seeds.payload;
    load_partial_line(state);
  });
  // What is appended next goes where the forgotten bytes are still on their way.
  if (changed_ != 0 && !memory_.fence()) broken_ = true;
  changed_ = 0;
  for (LogState& state : pool_.logs) state.reserved = 0;
}

template <PersistentMemory M, Fault kFault>
void MultiLog<M, kFault>::load_partial_line(LogState& state) {
  const std::size_t filled = state.filled();
  const std::uint64_t at = state.place.area + state.pending.at - filled;
  if (!memory_.read(at, state.line.bytes().first(filled))) broken_ = true;
}

template <PersistentMemory M, Fault kFault>
Result<void> MultiLog<M, kFault>::settle() {
  if (auto ready = check_change(0); !ready) return ready;
  if (!pool_.is_fast()) return {};
  // Both roots say the same, and neither rests on payload.
  for (int i = 0; i < 2; ++i) {
    auto done = make_durable(pool_.is_single() ? 1 : 0, [this](const LogState& state) {
      return Change{state.head.position, state.tail.position, pool_.seeds.payload};
    });
    if (!done) return done;
  }
  return {};
}

// --- head -----------------------------------------------------------------------------------

template <PersistentMemory M, Fault kFault>
Result<void> MultiLog<M, kFault>::advance_head(LogIndex log, Position position) {
  if (auto ready = check_change(log); !ready) return ready;
  LogState& state = pool_.logs[log];
  const std::uint64_t head = state.head.position;
  if (position < head) {
    return std::unexpected(
        Error{.code = Errc::kHeadBeforeHead, .log = log, .a = head, .b = position});
  }
  if (const std::uint64_t tail = state.tail.position; position > tail) {
    return std::unexpected(
        Error{.code = Errc::kHeadBeyondTail, .log = log, .a = tail, .b = position});
  }
  if (position == head) return {};
  const auto new_head = advanced<std::uint64_t>(state.head, position - head, state.place.length);
  if constexpr (kFault == Fault::kHeadAdvancedEarly) {
    const std::uint64_t seq = ++pool_.seq;
    const Change change{position, state.tail.position, pool_.seeds.payload};
    memory_.stream(root_at(seq), slot_line(0, seq, change, root_at(seq)).bytes());
    memory_.stream(kCommitWordAt, Line{{commit_word(seq, pool_.seeds)}}.bytes());
    state.head = new_head;
    return {};
  }
  if constexpr (kFault == Fault::kAdvanceCommitsPending) state.tail = state.pending;
  auto done = make_durable(std::uint64_t{1} << log, [&](const LogState& changed) {
    return Change{position, changed.tail.position, pool_.seeds.payload};
  });
  if (done) [[likely]]
    state.head = new_head;
  return done;
}

// --- read -----------------------------------------------------------------------------------

template <PersistentMemory M, Fault kFault>
Result<typename MultiLog<M, kFault>::Where> MultiLog<M, kFault>::find(LogIndex log,
                                                                      Position position,
                                                                      std::uint64_t count) const {
  if (log >= pool_.logs.size()) return std::unexpected(invalid_log());
  const LogState& state = pool_.logs[log];
  const std::uint64_t head = state.head.position;
  const std::uint64_t tail = state.tail.position;
  if (position < head) {
    return std::unexpected(Error{.code = Errc::kBeforeHead, .log = log, .a = head, .b = position});
  }
  if (!contains(head, tail, position, count)) {
    return std::unexpected(Error{.code = Errc::kPastTail, .log = log, .a = tail, .b = position});
  }
  const std::uint64_t length = state.place.length;
  const std::uint64_t at = advanced<std::uint64_t>(state.head, position - head, length).at;
  return Where{state.place.area, at, split<std::uint64_t>(at, count, length)};
}

template <PersistentMemory M, Fault kFault>
Result<void> MultiLog<M, kFault>::read(LogIndex log, Position position,
                                       std::span<std::byte> bytes) const {
  const auto where = find(log, position, bytes.size());
  if (!where) return std::unexpected(where.error());
  const auto [area, at, pieces] = *where;
  if (!memory_.read(area + at, bytes.first(pieces.first)) ||
      !memory_.read(area, bytes.subspan(pieces.first))) {
    return std::unexpected(Error{.code = Errc::kMedia, .log = log, .a = area + at});
  }
  return {};
}

template <PersistentMemory M, Fault kFault>
Result<View> MultiLog<M, kFault>::view(LogIndex log, Position position, std::uint64_t count) const
  requires MappedMemory<M>
{
  const auto where = find(log, position, count);
  if (!where) return std::unexpected(where.error());
  const auto [area, at, pieces] = *where;
  const std::byte* start = memory_.data() + area;
  return View{std::span(start + at, pieces.first), std::span(start, pieces.second)};
}

// --- the rest -------------------------------------------------------------------------------

template <PersistentMemory M, Fault kFault>
Result<void> MultiLog<M, kFault>::refresh() {
  QT_CHECK(read_only_, "only what is opened read-only is changed by others");
  const OpenOptions options{.expected_id = id(), .read_only = true};
  // A root that is read while it is written looks damaged, or lets an older one pass for the last.
  // It is whole when it is read again.
  for (int attempts = 100;; --attempts) {
    auto pool = recover<kFault>(memory_, options);
    const bool older = pool && pool->seq < pool_.seq;
    if (pool && !older) {
      pool_ = *std::move(pool);
      return {};
    }
    if (!pool && (pool.error().code != Errc::kCorrupt || attempts == 0)) {
      return std::unexpected(pool.error());
    }
    if (attempts == 0) return {};  // nothing newer is whole yet
  }
}

template <PersistentMemory M, Fault kFault>
void MultiLog<M, kFault>::check_invariants() const {
  for (const LogState& state : pool_.logs) {
    const std::uint64_t length = state.place.length;
    QT_CHECK(state.head.position <= state.tail.position);
    QT_CHECK(state.tail.position <= state.pending.position);
    QT_CHECK(state.pending.position - state.head.position <= length);
    for (const auto& cursor : {state.head, state.tail, state.pending}) {
      QT_CHECK(cursor.at == cursor.position % length);
    }
  }
}

}  // namespace quintet::pm_log
