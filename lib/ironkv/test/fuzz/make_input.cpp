// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>

#include "testing/fuzz/replay.hpp"

// Inputs of frames_fuzz.cpp, where there is no libFuzzer to make them: some of the corpus one after
// the other, of which a few bytes are changed or left out.
namespace quintet::testing {

FuzzInput make_input(const std::vector<FuzzInput>& corpus, FuzzRandom& random) {
  FuzzInput made;
  for (std::size_t parts = 1 + below(random, 4); parts != 0; --parts) {
    const FuzzInput& part = corpus[below(random, corpus.size())];
    made.insert(made.end(), part.begin(), part.end());
  }
  for (std::size_t edits = below(random, 4); edits != 0 && !made.empty(); --edits) {
    const std::size_t at = below(random, made.size());
    if (below(random, 4) == 0) {
      made.erase(made.begin() + static_cast<std::ptrdiff_t>(at));
    } else if (below(random, 2) == 0) {
      made[at] ^= static_cast<std::uint8_t>(1U << below(random, 8));
    } else {
      made[at] = static_cast<std::uint8_t>(below(random, 2) == 0 ? random() : below(random, 6));
    }
  }
  return made;
}

}  // namespace quintet::testing
