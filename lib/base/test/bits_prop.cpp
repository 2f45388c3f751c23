// SPDX-License-Identifier: MIT
#include <cstdint>

#include "base/align.hpp"
#include "base/bits.hpp"
#include "testing/rapidcheck.hpp"

namespace {

using Word = std::uint64_t;

bool bit_at(Word word, unsigned position) { return ((word >> position) & 1) != 0; }

TEST_CASE("bit functions agree with counting bit by bit") {
  rc::prop("popcount width and zeros", [](Word word, unsigned shift) {
    word >>= shift % 64;  // else almost every word has its top bit near 63
    int ones = 0;
    int highest = -1;
    int lowest = 64;
    for (int position = 63; position >= 0; --position) {
      if (!bit_at(word, static_cast<unsigned>(position))) continue;
      ones += 1;
      if (highest < 0) highest = position;
      lowest = position;
    }
    RC_ASSERT(quintet::popcount(word) == ones);
    RC_ASSERT(quintet::bit_width(word) == highest + 1);
    RC_ASSERT(quintet::count_leading_zeros(word) == 63 - highest);
    RC_ASSERT(quintet::count_trailing_zeros(word) == lowest);
    RC_ASSERT(quintet::is_power_of_two(word) == (ones == 1));
  });
}

TEST_CASE("bit fields hold exactly their bits") {
  rc::prop("bit i of the field is bit first+i of the word", [](Word word) {
    const auto first = *rc::gen::inRange(0u, 64u);
    const auto count = *rc::gen::inRange(0u, 65u - first);
    const Word field = quintet::bit_field(word, first, count);
    for (unsigned i = 0; i < 64; ++i) {
      RC_ASSERT(bit_at(field, i) == (i < count && bit_at(word, first + i)));
    }
  });
}

TEST_CASE("aligning finds the nearest multiples") {
  rc::prop("down <= value <= up, both aligned, less than one step away", [] {
    const Word alignment = Word{1} << *rc::gen::inRange(0u, 40u);
    const Word value = *rc::gen::arbitrary<Word>() >> 1;
    const Word down = quintet::align_down(value, alignment);
    const Word up = quintet::align_up(value, alignment);
    RC_ASSERT(down % alignment == 0 && up % alignment == 0);
    RC_ASSERT(down <= value && value - down < alignment);
    RC_ASSERT(up >= value && up - value < alignment);
    RC_ASSERT(quintet::is_aligned(value, alignment) == (down == up));
  });
}

}  // namespace
