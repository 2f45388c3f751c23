// SPDX-License-Identifier: MIT
#pragma once

#include "pm_log/multi_log.hpp"

// How multi_log.hpp brings bytes behind the tail: by a copy, or in place.
namespace quintet::pm_log {

// --- append ---------------------------------------------------------------------------------

template <PersistentMemory M, Fault kFault>
Result<void> MultiLog<M, kFault>::check_append(LogIndex log, std::uint64_t count) const {
  if (auto ready = check_change(log); !ready) return ready;
  const LogState& state = pool_.logs[log];
  if (state.reserved != 0) {
    return std::unexpected(Error{.code = Errc::kReserved, .log = log, .a = state.pending.position});
  }
  if (count > room(state)) {
    return std::unexpected(Error{.code = Errc::kNoSpace, .log = log, .a = room(state), .b = count});
  }
  return {};
}

template <PersistentMemory M, Fault kFault>
Result<Position> MultiLog<M, kFault>::tentative_append(LogIndex log, Gather pieces) {
  std::uint64_t size = 0;
  for (const auto piece : pieces) size += piece.size();
  if (auto ready = check_append(log, size); !ready) return std::unexpected(ready.error());
  LogState& state = pool_.logs[log];
  const Position position = state.pending.position;
  for (const auto piece : pieces) put(state, piece, delta_of(state));
  changed_ |= std::uint64_t{size != 0} << log;
  return position;
}

template <PersistentMemory M, Fault kFault>
Result<Position> MultiLog<M, kFault>::tentative_append_summed(LogIndex log, Gather pieces,
                                                              std::uint32_t seed) {
  std::uint64_t size = sizeof seed;
  for (const auto piece : pieces) size += piece.size();
  if (auto ready = check_append(log, size); !ready) return std::unexpected(ready.error());
  LogState& state = pool_.logs[log];
  const Position position = state.pending.position;
  std::uint32_t sum = seed;
  const bool in_cache = size <= kSumFirst;
  for (const auto piece : pieces) {
    if (in_cache || pool_.is_fast()) {
      sum = crc32c(sum, piece);
      put(state, piece, delta_of(state));
    } else {
      put(state, piece, &sum);
    }
  }
  put(state, std::as_bytes(std::span(&sum, 1)), delta_of(state));
  changed_ |= std::uint64_t{1} << log;
  return position;
}

template <PersistentMemory M, Fault kFault>
auto MultiLog<M, kFault>::tentative_append_split(LogIndex log, std::span<const std::byte> bytes)
    -> Result<SplitAppend> {
  QT_CHECK(!pool_.is_fast(), "a fast commit sums what is appended, in order");
  if (auto ready = check_append(log, bytes.size()); !ready) return std::unexpected(ready.error());
  LogState& state = pool_.logs[log];
  SplitAppend append{.position = state.pending.position};
  std::size_t pieces = 0;
  put_with(state, bytes, nullptr, [&](std::uint64_t at, std::span<const std::byte> lines) {
    append.lines[pieces++] = {at, lines};
  });
  changed_ |= std::uint64_t{!bytes.empty()} << log;
  return append;
}

template <PersistentMemory M, Fault kFault>
void MultiLog<M, kFault>::put(LogState& state, std::span<const std::byte> bytes,
                              std::uint32_t* sum) {
  put_with(state, bytes, sum,
           [&](std::uint64_t at, std::span<const std::byte> lines) { put_lines(at, lines, sum); });
}

// Requires: room for them. `sum`, if not null, goes on over the bytes. Whole lines are given to
// `stream`, in at most two pieces.
template <PersistentMemory M, Fault kFault>
template <class Stream>
void MultiLog<M, kFault>::put_with(LogState& state, std::span<const std::byte> bytes,
                                   std::uint32_t* sum, Stream stream) {
  if (bytes.empty()) return;
  if (state.filled() != 0) {
    const std::size_t filled = state.filled();
    const auto part = bytes.first(std::min(bytes.size(), kLineBytes - filled));
    put_part(state, part, sum);
    if (state.filled() != 0) return;
    write_payload(state.place.area + line_before(state), state.line.bytes());
    bytes = bytes.subspan(part.size());
  }
  const std::size_t whole = align_down(bytes.size(), kLineBytes);
  for (auto lines = bytes.first(whole); !lines.empty();) {
    const auto pieces = split<std::uint64_t>(state.pending.at, lines.size(), state.place.length);
    stream(state.place.area + state.pending.at, lines.first(pieces.first));
    move_pending(state, pieces.first);
    lines = lines.subspan(pieces.first);
  }
  if (whole != bytes.size()) put_part(state, bytes.subspan(whole), sum);
}

// Less than a line, or what fills it.
template <PersistentMemory M, Fault kFault>
void MultiLog<M, kFault>::put_part(LogState& state, std::span<const std::byte> bytes,
                                   std::uint32_t* sum) {
  std::memcpy(state.line.bytes().data() + state.filled(), bytes.data(), bytes.size());
  if (sum != nullptr) *sum = crc32c(*sum, bytes);
  move_pending(state, bytes.size());
}

// Whole lines, at the start of a line.
template <PersistentMemory M, Fault kFault>
void MultiLog<M, kFault>::put_lines(std::uint64_t at, std::span<const std::byte> lines,
                                    std::uint32_t* sum) {
  if (sum == nullptr) return write_payload(at, lines);
  if constexpr (SummingMemory<M> && kFault != Fault::kPayloadNotFlushed) {
    *sum = memory_.stream_summed(at, lines, *sum);
  } else {
    write_payload(at, lines);
    *sum = crc32c(*sum, lines);
  }
}

template <PersistentMemory M, Fault kFault>
void MultiLog<M, kFault>::write_payload(std::uint64_t at, std::span<const std::byte> lines) {
  if constexpr (kFault == Fault::kPayloadNotFlushed) {
    memory_.store(at, lines);
  } else {
    memory_.stream(at, lines);
  }
}

// The line that holds the end of what is appended, as far as it is filled. What follows in it is
// free, unless it is reserved, or the ring is nearly full and it is the oldest bytes: those stay.
template <PersistentMemory M, Fault kFault>
void MultiLog<M, kFault>::write_partial_line(LogState& state) {
  const std::size_t filled = state.filled();
  if (filled == 0 || kFault == Fault::kPartialLineForgotten) return;
  const std::uint64_t at = state.place.area + state.pending.at - filled;
  const std::uint64_t used = state.pending.position - state.head.position;
  // A commit that goes once around the ring ends in the line that it started in and wrote.
  const Position first_line = align_down<Position>(state.tail.position, kLineBytes);
  if (state.pending.position - filled - first_line >= state.place.length) [[unlikely]] {
    if (!memory_.fence()) broken_ = true;
  }
  const bool live = state.place.length - used < kLineBytes - filled || state.reserved != 0;
  if (live && kFault != Fault::kLiveBytesOverwritten) {
    if (!memory_.read(at + filled, state.line.bytes().subspan(filled))) broken_ = true;
  }
  write_payload(at, state.line.bytes());
}

// --- reserve --------------------------------------------------------------------------------

template <PersistentMemory M, Fault kFault>
Result<std::span<std::byte>> MultiLog<M, kFault>::reserve(LogIndex log, std::uint64_t count)
  requires MappedMemory<M>
{
  if (auto ready = check_append(log, count); !ready) return std::unexpected(ready.error());
  LogState& state = pool_.logs[log];
  const std::uint64_t at = state.pending.at;
  if (const std::uint64_t before_end = state.place.length - at; count > before_end) {
    return std::unexpected(
        Error{.code = Errc::kNotContiguous, .log = log, .a = before_end, .b = count});
  }
  // The line that the reservation starts in must be whole on the media.
  const std::size_t filled = state.filled();
  memory_.store(state.place.area + at - filled, state.line.bytes().first(filled));
  state.reserved = count;
  return std::span(memory_.data() + state.place.area + at, count);
}

template <PersistentMemory M, Fault kFault>
Result<Position> MultiLog<M, kFault>::publish(LogIndex log, std::uint64_t count)
  requires MappedMemory<M>
{
  if (auto ready = check_change(log); !ready) return std::unexpected(ready.error());
  LogState& state = pool_.logs[log];
  const Position position = state.pending.position;
  if (count > state.reserved) {
    return std::unexpected(Error{.code = Errc::kReserved, .log = log, .a = position, .b = count});
  }
  state.reserved = 0;
  const std::uint64_t start = state.place.area + state.pending.at;
  const std::size_t filled = state.filled();
  memory_.flush(start - filled, filled + count);
  if (pool_.is_fast()) {
    state.delta_crc = crc32c(state.delta_crc, std::span(memory_.data() + start, count));
  }
  move_pending(state, count);
  load_partial_line(state);
  changed_ |= std::uint64_t{count != 0} << log;
  return position;
}

}  // namespace quintet::pm_log
