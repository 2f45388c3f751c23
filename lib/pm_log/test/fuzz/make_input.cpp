// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "testing/fuzz/replay.hpp"

// Inputs of open_fuzz.cpp, where there is no libFuzzer to make them: one of the corpus, with some
// bytes changed, mostly by little or to an extreme, and some edits of the same form added.
namespace quintet::testing {
namespace {

std::uint8_t any_byte(FuzzRandom& random) {
  static constexpr std::uint8_t kExtremes[] = {0, 1, 2, 63, 64, 127, 128, 255};
  return below(random, 3) == 0 ? kExtremes[below(random, std::size(kExtremes))]
                               : static_cast<std::uint8_t>(random());
}

void add_byte(FuzzInput& input, FuzzRandom& random) {
  input.push_back(static_cast<std::uint8_t>(below(random, 2) * below(random, 72)));
  input.push_back(below(random, 8) == 0 ? any_byte(random) : std::uint8_t{0});
  input.push_back(any_byte(random));
}

// Small, or near the greatest.
void add_word(FuzzInput& input, FuzzRandom& random) {
  input.push_back(static_cast<std::uint8_t>(8 * below(random, 9)));
  input.push_back(7);
  const std::uint8_t high = below(random, 2) == 0 ? std::uint8_t{0xFF} : std::uint8_t{0};
  for (int i = 0; i < 8; ++i) input.push_back(i == 0 ? any_byte(random) : high);
}

}  // namespace

FuzzInput make_input(const std::vector<FuzzInput>& corpus, FuzzRandom& random) {
  FuzzInput input = corpus[below(random, corpus.size())];
  input.resize(std::max<std::size_t>(input.size(), 2));
  if (below(random, 3) == 0) input[0] = any_byte(random);
  if (below(random, 2) == 0) input[1] = below(random, 2) == 0 ? 63 : any_byte(random);
  for (std::size_t edits = below(random, 4); edits != 0; --edits) {
    input.push_back(any_byte(random));
    if (below(random, 2) == 0) {
      add_byte(input, random);
    } else {
      add_word(input, random);
    }
  }
  if (input.size() > 2 && below(random, 2) == 0) {
    input[2 + below(random, input.size() - 2)] = any_byte(random);
  }
  return input;
}

}  // namespace quintet::testing
