// SPDX-License-Identifier: MIT
#include <cstdint>
#include <vector>

#include "pm_log/ring.hpp"
#include "testing/catch.hpp"

// Where bytes lie in a ring, against division: the ring may not divide, the test may.
namespace quintet::pm_log::world {
namespace {

constexpr std::uint64_t kLast = UINT64_MAX;
using Word = std::uint64_t;
using WordCursor = Cursor<Word>;

const std::vector<Word>& lengths() {
  static const std::vector<Word> all{1, 2, 3, 5, 7, 63, 64, 65, 127, 128, 129, 192, 255, 256};
  return all;
}

// Positions of two laps from the start, of two around the middle, and of the last two.
template <class Do>
void for_each_position(Word length, Do visit) {
  for (const Word from : {Word{0}, (Word{1} << 63) - length, kLast - 2 * length + 1}) {
    for (Word i = 0; i < 2 * length; ++i) visit(from + i);
  }
}

TEST_CASE("ring: a cursor moves as division says") {
  for (const Word length : lengths()) {
    for_each_position(length, [&](Word position) {
      for (Word count = 0; count <= length && count <= kLast - position; ++count) {
        const WordCursor to = advanced<Word>({position, position % length}, count, length);
        if (to.position != position + count || to.at != (position + count) % length) {
          FAIL("length " << length << ": from " << position << " by " << count);
        }
      }
    });
  }
}

TEST_CASE("ring: a cursor moves in rings as long as the word") {
  for (const Word length : {kLast, kLast - 63, Word{1} << 63, (Word{1} << 63) + 64}) {
    for (const Word at : {Word{0}, Word{1}, length / 2, length - 2, length - 1}) {
      for (const Word count : {Word{0}, Word{1}, length / 2, length - 1, length}) {
        if (count > kLast - at) continue;  // no position goes that far
        const WordCursor to = advanced<Word>({at, at}, count, length);
        if (to.at != (at + count) % length) FAIL(length << ": from " << at << " by " << count);
      }
    }
  }
}

TEST_CASE("ring: a run is cut where the ring ends") {
  for (const Word length : lengths()) {
    for (Word at = 0; at < length; ++at) {
      for (Word count = 0; count <= length; ++count) {
        const auto pieces = split<Word>(at, count, length);
        Word before_end = 0;
        while (before_end < count && at + before_end < length) ++before_end;
        if (pieces.first != before_end || pieces.second != count - before_end) {
          FAIL("length " << length << ": " << count << " at " << at);
        }
      }
    }
  }
}

TEST_CASE("ring: what is available can be appended and no byte more") {
  for (const Word length : lengths()) {
    for_each_position(length, [&](Word head) {
      for (Word used = 0; used <= length && used <= kLast - head; ++used) {
        const Word end = head + used;
        const Word free = available<Word>(head, end, length);
        // One more would meet the head, or have no position.
        const bool full = used + free == length || end + free == kLast;
        if (used + free > length || free > kLast - end || !full) {
          FAIL("length " << length << ": head " << head << ", end " << end << " gives " << free);
        }
      }
    });
  }
}

TEST_CASE("ring: a run is contained when every byte of it is") {
  constexpr Word kSpan = 10;
  for (const Word base : {Word{0}, Word{1000}, kLast - kSpan}) {
    for (Word head = 0; head <= kSpan / 2; ++head) {
      for (Word tail = head; tail <= kSpan; ++tail) {
        for (Word from = 0; from <= kSpan; ++from) {
          for (Word count = 0; count <= kSpan + 1; ++count) {
            const bool inside = from >= head && from + count <= tail;
            if (contains<Word>(base + head, base + tail, base + from, count) != inside) {
              FAIL(base << ": " << count << " at " << from << " in " << head << " to " << tail);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("ring: a run that would overflow is contained nowhere") {
  CHECK_FALSE(contains<Word>(kLast - 10, kLast, kLast - 5, kLast));
  CHECK_FALSE(contains<Word>(kLast - 10, kLast, kLast - 5, 6));
  CHECK(contains<Word>(kLast - 10, kLast, kLast - 5, 5));
  CHECK_FALSE(contains<Word>(0, 10, 5, kLast - 4));
}

}  // namespace
}  // namespace quintet::pm_log::world
