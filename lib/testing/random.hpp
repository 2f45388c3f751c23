// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// Random choices that a seed repeats on every machine, for simulations: the standard library's
// distributions differ between implementations. Threading: one thread.
namespace quintet::testing {

// xorshift64* (Vigna, 2016), seeded through splitmix64 so that near seeds give unlike choices.
class Random {
 public:
  explicit Random(std::uint64_t seed) {
    std::uint64_t z = seed + 0x9E37'79B9'7F4A'7C15;
    z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9;
    z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EB;
    state_ = (z ^ (z >> 31)) | 1;
  }
  std::uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545'F491'4F6C'DD1D;
  }
  // In [0, bound). Requires: 0 < bound < 2^32. The bias is below bound / 2^32.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
  }
  // True in `permille` of 1000 cases.
  bool chance(std::uint32_t permille) { return permille != 0 && below(1000) < permille; }

 private:
  std::uint64_t state_;
};

}  // namespace quintet::testing
