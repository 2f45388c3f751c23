// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

// Bytes that tell where they should be: no two stretches of some length are the same.
namespace quintet::pm_log::world {

// Xorshift64* (Marsaglia 2003, Vigna 2016): the same bytes on every machine.
class SomeBytes {
 public:
  explicit SomeBytes(std::uint64_t seed) : state_(seed * 2 + 1) {}

  [[nodiscard]] std::uint64_t word() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545'F491'4F6C'DD1D;
  }
  [[nodiscard]] std::vector<std::byte> bytes(std::size_t count) {
    std::vector<std::byte> made(count);
    for (std::byte& byte : made) byte = static_cast<std::byte>(word() >> 56);
    return made;
  }

 private:
  std::uint64_t state_;
};

}  // namespace quintet::pm_log::world
