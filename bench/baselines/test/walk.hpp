// SPDX-License-Identifier: MIT
#pragma once

// A reader of x86-64 tables for the tests of the rivals, written from the hardware's rules (Intel
// SDM volume 3A, 4.5) and sharing no code with them, plus addresses that collide at every level.

#include <cstdint>
#include <optional>
#include <vector>

namespace quintet::baselines::test {

struct Walked {
  std::uint64_t va;  // base of the page
  std::uint64_t pa;
  std::uint64_t size;
  bool writable;  // over all levels, as the next two
  bool user;
  bool executable;

  friend bool operator==(const Walked&, const Walked&) = default;
};

inline std::optional<Walked> walk(const std::uint64_t* table, std::uint64_t va) {
  bool writable = true;
  bool user = true;
  bool executable = true;
  for (unsigned shift = 39;; shift -= 9) {
    const std::uint64_t entry = table[(va >> shift) & 0x1ff];
    if ((entry & 1) == 0) return std::nullopt;
    writable = writable && (entry & 2) != 0;
    user = user && (entry & 4) != 0;
    executable = executable && (entry >> 63) == 0;
    const std::uint64_t address = entry & 0x000f'ffff'ffff'f000;
    if (shift == 12 || (shift < 39 && (entry & 0x80) != 0)) {
      const std::uint64_t size = std::uint64_t{1} << shift;
      return Walked{va & ~(size - 1), address, size, writable, user, executable};
    }
    table = reinterpret_cast<const std::uint64_t*>(address);
  }
}

/// First, second and last entry of each level in all combinations; below 2^47.
inline std::vector<std::uint64_t> colliding_addresses() {
  std::vector<std::uint64_t> addresses{0};
  for (const unsigned shift : {39U, 30U, 21U, 12U}) {
    const std::uint64_t last = shift == 39 ? 255 : 511;
    std::vector<std::uint64_t> extended;
    for (const std::uint64_t address : addresses) {
      for (const std::uint64_t index : {std::uint64_t{0}, std::uint64_t{1}, last}) {
        extended.push_back(address | index << shift);
      }
    }
    addresses = extended;
  }
  return addresses;
}

}  // namespace quintet::baselines::test
