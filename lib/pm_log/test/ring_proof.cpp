// SPDX-License-Identifier: MIT
#include <concepts>
#include <type_traits>
#include <utility>

#include "pm_log/ring.hpp"
#include "proof/symbolic/num.hpp"
#include "proof/symbolic/obligation.hpp"
#include "proof/symbolic/word.hpp"

// Rings of every length, at every position: the functions of ring.hpp themselves, and wrong ones
// that the same claims must refute. Mostly in integers, which owe that nothing overflows or goes
// below zero: what holds of them holds of machine words.
namespace quintet::pm_log::proof_world {
namespace {

using proof::any;
using proof::assume;
using proof::Boolean;
using proof::Num;
using proof::prove;
using proof::prove_if;
using Word = proof::Word<64>;
using At = Cursor<Num>;

const Num kLast(Num::kMax);

// A word with all that ring.hpp asks of one: comparisons that can be returned as a bool, and ~.
template <class W>
struct Deciding {
  W word;

  friend bool operator<(const Deciding& a, const Deciding& b) { return bool(a.word < b.word); }
  friend bool operator>(const Deciding& a, const Deciding& b) { return bool(a.word > b.word); }
  friend bool operator<=(const Deciding& a, const Deciding& b) { return bool(a.word <= b.word); }
  friend Deciding operator+(const Deciding& a, const Deciding& b) { return {a.word + b.word}; }
  friend Deciding operator-(const Deciding& a, const Deciding& b) { return {a.word - b.word}; }
  friend Deciding operator~(const Deciding& a) { return {kLast - a.word}; }

  Deciding() = default;
  Deciding(W value) : word(std::move(value)) {}
  template <std::integral I>
  explicit Deciding(I value) : word(value) {}
};
using Number = Deciding<Num>;

// --- a cursor moves -------------------------------------------------------------------------

template <class Advance>
void prove_cursor(Advance advance) {
  const Num length = any<Num>("length");
  const Num position = any<Num>("position");
  const Num at = any<Num>("at");
  const Num count = any<Num>("count");
  assume((at < length) & (at <= position));
  assume((count <= length) & (count <= kLast - position));
  const Num start = position - at;  // of this lap: a multiple of the length
  const At to = advance(At{position, at}, count, length);
  proof::note("to =", to.position, to.at);
  prove("the position is count bytes on", to.position == position + count);
  prove("the offset is in the ring", to.at < length);
  const Num laps_on = to.position - to.at - start;
  prove("the lap is this one or the next", (laps_on == Num(0)) | (laps_on == length));
}

// The same with a count of laps: position = lap * length + at.
void prove_laps() {
  const Num length = any<Num>("length");
  const Num lap = any<Num>("lap");
  const Num at = any<Num>("at");
  const Num count = any<Num>("count");
  const auto sum = [](proof::Term a, proof::Term b) { return make(proof::Op::kIntAdd, {a, b}); };
  const auto start = make(proof::Op::kIntMul, {lap.term(), length.term()});
  const auto next_start = sum(start, length.term());  // (lap + 1) * length
  const Num position(sum(start, at.term()));
  assume((at < length) & (count <= length));
  assume(position <= kLast);
  assume(count <= kLast - position);
  const At to = advanced<Num>({position, at}, count, length);
  const auto lies_in_lap_from = [&](proof::Term from) {
    return to.position == Num(sum(from, to.at.term()));
  };
  prove("position = lap * length + at, or that of the next lap",
        lies_in_lap_from(start) | lies_in_lap_from(next_start));
}

// Recovery moves offsets alone, which may be anywhere in rings as long as the word.
template <class Advance>
void prove_offset(Advance advance) {
  const Num length = any<Num>("length");
  const Num at = any<Num>("at");
  const Num count = any<Num>("count");
  assume((at < length) & (count <= length));
  const Num to = advance(At{Num(0), at}, count, length).at;
  proof::note("to =", to);
  prove("the offset is in the ring", to < length);
  if (count < length - at) {
    prove("it goes on by count", to == at + count);
  } else {
    prove("or starts again where the ring ends", to == count - (length - at));
  }
}

// No two bytes of a log lie at the same place.
template <class Advance>
void prove_places(Advance advance) {
  const Num length = any<Num>("length");
  const Num head = any<Num>("head");
  const Num at = any<Num>("at");
  const Num i = any<Num>("i");
  const Num j = any<Num>("j");
  assume((at < length) & (at <= head));
  assume((i < j) & (j < length) & (j <= kLast - head));
  prove("two bytes of a log lie at two places",
        advance(At{head, at}, i, length).at != advance(At{head, at}, j, length).at);
}

// --- a run is cut ---------------------------------------------------------------------------

template <class Split>
void prove_pieces(Split cut) {
  const Num length = any<Num>("length");
  const Num at = any<Num>("at");
  const Num count = any<Num>("count");
  assume((at < length) & (count <= length));
  const Pieces<Num> pieces = cut(at, count, length);
  proof::note("pieces =", pieces.first, pieces.second);
  prove("the pieces add up",
        (pieces.first <= count) & (pieces.second <= count) &
            (count - proof::select(pieces.first <= count, pieces.first, count) == pieces.second));
  prove("the first piece ends in the ring", pieces.first <= length - at);
  prove("the second piece ends before the first begins", pieces.second <= at);
  prove_if("there is a second one only where the ring ended", pieces.second != Num(0),
           pieces.first == length - at);
}

// Every byte of a run lies where a cursor comes to that goes there byte by byte.
template <class Split>
void prove_bytes_of_pieces(Split cut) {
  const Num length = any<Num>("length");
  const Num at = any<Num>("at");
  const Num count = any<Num>("count");
  const Num i = any<Num>("i");
  assume((at < length) & (count <= length) & (i < count));
  const Pieces<Num> pieces = cut(at, count, length);
  const Num expected = advanced<Num>({Num(0), at}, i, length).at;
  proof::note("expected at =", expected);
  if (i < pieces.first) {
    prove("in the first piece", expected == at + i);
  } else {
    prove("in the second piece", expected == i - pieces.first);
  }
}

// --- what is free ---------------------------------------------------------------------------

template <class Available>
void prove_room(Available available_of) {
  const Num length = any<Num>("length");
  const Num head = any<Num>("head");
  const Num end = any<Num>("end");
  const Num count = any<Num>("count");
  assume(head <= end);
  const Num used = end - head;
  assume(used <= length);
  const Num room = available_of(head, end, length);
  proof::note("available =", room);
  const Num free = length - used;
  const Num positions = kLast - end;
  prove("the smaller of bytes and positions left",
        room == proof::select(free < positions, free, positions));
  if (count <= room) {
    prove("what is accepted keeps the oldest bytes", end + count - head <= length);
  } else {
    prove("what is refused has no bytes or no positions", (count > free) | (count > positions));
  }
}

// --- what may be read -----------------------------------------------------------------------

// In machine words: positions and counts come from users.
template <class Contains>
void prove_window(Contains is_inside) {
  const Word head = any<Word>("head");
  const Word tail = any<Word>("tail");
  const Word position = any<Word>("position");
  const Word count = any<Word>("count");
  using Machine = Deciding<Word>;
  const bool inside = is_inside(Machine(head), Machine(tail), Machine(position), Machine(count));
  const Word end = position + count;
  prove("inside when neither end is outside nor overflows",
        Boolean(inside) == ((head <= position) & (position <= end) & (end <= tail)));
}

// What reading relies on: MultiLog::find() may give what it has to advanced() and split().
void prove_reading() {
  const Num length = any<Num>("length");
  const Num head = any<Num>("head");
  const Num tail = any<Num>("tail");
  const Num position = any<Num>("position");
  const Num count = any<Num>("count");
  assume(head <= tail);
  assume(tail - head <= length);
  assume(Boolean(contains<Number>(head, tail, position, count)));
  prove("the first byte is within a lap of the head", position - head <= length);
  prove("the run is within a lap", count <= length);
}

// --- the ring's own -------------------------------------------------------------------------

constexpr auto kAdvanced = [](const At& from, const Num& count, const Num& length) {
  return advanced<Num>(from, count, length);
};
constexpr auto kSplit = [](const Num& at, const Num& count, const Num& length) {
  return split<Num>(at, count, length);
};
constexpr auto kAvailable = [](const Num& head, const Num& end, const Num& length) {
  return available<Number>(head, end, length).word;
};
constexpr auto kContains = [](const auto& head, const auto& tail, const auto& position,
                              const auto& count) {
  return contains<std::remove_cvref_t<decltype(head)>>(head, tail, position, count);
};

const bool kClaims[] = {
    proof::obligation("pm_log/ring_cursor", [] { prove_cursor(kAdvanced); }),
    proof::obligation("pm_log/ring_laps", prove_laps),
    proof::obligation("pm_log/ring_offset", [] { prove_offset(kAdvanced); }),
    proof::obligation("pm_log/ring_places", [] { prove_places(kAdvanced); }),
    proof::obligation("pm_log/ring_pieces", [] { prove_pieces(kSplit); }),
    proof::obligation("pm_log/ring_bytes_of_pieces", [] { prove_bytes_of_pieces(kSplit); }),
    proof::obligation("pm_log/ring_room", [] { prove_room(kAvailable); }),
    proof::obligation("pm_log/ring_window", [] { prove_window(kContains); }),
    proof::obligation("pm_log/ring_reading", prove_reading),
};

// --- wrong ones -----------------------------------------------------------------------------

At sum_for_offset(const At& from, const Num& count, const Num& length) {
  const Num sum = from.at + count;
  return {from.position + count, sum < length ? sum : sum - length};
}
At offset_may_be_the_length(const At& from, const Num& count, const Num& length) {
  const Num room = length - from.at;
  return {from.position + count, count <= room ? from.at + count : count - room};
}
At starts_again_a_byte_late(const At& from, const Num& count, const Num& length) {
  const Num room = length - from.at;
  return {from.position + count, count < room ? from.at + count : count - room + Num(1)};
}
At never_starts_again(const At& from, const Num& count, const Num& length) {
  const Num room = length - from.at;
  return {from.position + count, count < room ? from.at + count : length - Num(1)};
}

Pieces<Num> nothing_is_cut(const Num&, const Num& count, const Num&) { return {count, Num(0)}; }
Pieces<Num> second_is_the_run(const Num& at, const Num& count, const Num& length) {
  const Num room = length - at;
  if (count <= room) return {count, Num(0)};
  return {room, count};
}
Pieces<Num> cut_a_byte_early(const Num& at, const Num& count, const Num& length) {
  const Num room = length - at - Num(1);
  if (count <= room) return {count, Num(0)};
  return {room, count - room};
}

Num positions_forgotten(const Num& head, const Num& end, const Num& length) {
  return length - (end - head);
}
Num one_byte_kept(const Num& head, const Num& end, const Num& length) {
  const Num room = length - (end - head);
  const Num positions = kLast - end;
  if (room < positions) return room == Num(0) ? room : room - Num(1);
  return positions;
}
Num one_byte_more(const Num& head, const Num& end, const Num& length) {
  const Num room = length - (end - head);
  const Num positions = kLast - end;
  return room < positions ? room + Num(1) : positions;
}

constexpr auto kEndWraps = [](const auto& head, const auto& tail, const auto& position,
                              const auto& count) {
  return head <= position && position + count <= tail;
};
constexpr auto kDifferenceWraps = [](const auto& head, const auto& tail, const auto& position,
                                     const auto& count) {
  return head <= position && count <= tail - position;
};
constexpr auto kHeadForgotten = [](const auto&, const auto& tail, const auto& position,
                                   const auto& count) {
  return position <= tail && count <= tail - position;
};

const bool kFaults[] = {
    proof::must_refute("pm_log/ring_cursor/offset_may_be_the_length",
                       [] { prove_cursor(offset_may_be_the_length); }),
    proof::must_refute("pm_log/ring_cursor/starts_again_a_byte_late",
                       [] { prove_cursor(starts_again_a_byte_late); }),
    proof::must_refute("pm_log/ring_offset/sum_overflows", [] { prove_offset(sum_for_offset); }),
    proof::must_refute("pm_log/ring_places/never_starts_again",
                       [] { prove_places(never_starts_again); }),
    proof::must_refute("pm_log/ring_pieces/nothing_is_cut", [] { prove_pieces(nothing_is_cut); }),
    proof::must_refute("pm_log/ring_pieces/second_is_the_run",
                       [] { prove_pieces(second_is_the_run); }),
    proof::must_refute("pm_log/ring_pieces/cut_a_byte_early",
                       [] { prove_pieces(cut_a_byte_early); }),
    proof::must_refute("pm_log/ring_bytes_of_pieces/cut_a_byte_early",
                       [] { prove_bytes_of_pieces(cut_a_byte_early); }),
    proof::must_refute("pm_log/ring_room/positions_forgotten",
                       [] { prove_room(positions_forgotten); }),
    proof::must_refute("pm_log/ring_room/one_byte_kept", [] { prove_room(one_byte_kept); }),
    proof::must_refute("pm_log/ring_room/one_byte_more", [] { prove_room(one_byte_more); }),
    proof::must_refute("pm_log/ring_window/end_wraps", [] { prove_window(kEndWraps); }),
    proof::must_refute("pm_log/ring_window/difference_wraps",
                       [] { prove_window(kDifferenceWraps); }),
    proof::must_refute("pm_log/ring_window/head_forgotten", [] { prove_window(kHeadForgotten); }),
};

}  // namespace
}  // namespace quintet::pm_log::proof_world
