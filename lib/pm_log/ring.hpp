// SPDX-License-Identifier: MIT
#pragma once

// Where the bytes of an endless sequence lie in a ring of fixed length. Position p of the sequence
// lies at offset p mod length; nobody divides, because a cursor carries both.
//
// Invariant of a cursor in a ring: at < length, and position - at is a multiple of length.
// All functions are templates over the word, so that ring_proof.cpp proves them for every length
// and every position.
namespace quintet::pm_log {

template <class W>
struct Cursor {
  W position{};  // of the sequence; never wraps
  W at{};        // its offset in the ring
};

// The cursor `count` bytes on. Requires: count <= length, and the position does not overflow.
template <class W>
[[nodiscard]] constexpr Cursor<W> advanced(const Cursor<W>& cursor, const W& count,
                                           const W& length) {
  // Never leaves the word, even for an offset alone, where at + count could.
  const W room = length - cursor.at;
  const W at = count < room ? W(cursor.at + count) : W(count - room);
  return {cursor.position + count, at};
}

// How a run of `count` bytes at `at` divides: up to the end of the ring, then from its start.
template <class W>
struct Pieces {
  W first{};
  W second{};
};

// Requires: count <= length.
template <class W>
[[nodiscard]] constexpr Pieces<W> split(const W& at, const W& count, const W& length) {
  const W room = length - at;
  if (count <= room) return {count, W(0)};
  return {room, count - room};
}

// Bytes that can be appended at `end` while [head, end) stays: what the ring has left, and no
// position beyond the last one. Requires: head <= end, end - head <= length.
template <class W>
[[nodiscard]] constexpr W available(const W& head, const W& end, const W& length) {
  const W room = length - (end - head);
  const W positions = ~W(0) - end;
  return room < positions ? room : positions;
}

// Whether [position, position + count) lies in [head, tail).
template <class W>
[[nodiscard]] constexpr bool contains(const W& head, const W& tail, const W& position,
                                      const W& count) {
  if (position < head) return false;
  if (position > tail) return false;
  return bool(count <= tail - position);
}

}  // namespace quintet::pm_log
