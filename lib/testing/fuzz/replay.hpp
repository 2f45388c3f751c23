// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

// Stands in for libFuzzer where the compiler has none: runs the target on every file of a corpus,
// and on as many inputs that are made from these. An input that ends the process is kept.
//
//   FUZZER CORPUS COUNT    or, to repeat one:   FUZZER FILE
namespace quintet::testing {

using FuzzInput = std::vector<std::uint8_t>;
using FuzzRandom = std::mt19937_64;

inline std::size_t below(FuzzRandom& random, std::size_t end) { return random() % end; }

// One more input. Each fuzzer that is built with replay.cpp defines it. `corpus` has at least one,
// the last is empty.
FuzzInput make_input(const std::vector<FuzzInput>& corpus, FuzzRandom& random);

}  // namespace quintet::testing
