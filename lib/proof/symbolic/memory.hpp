// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "proof/symbolic/word.hpp"

// A memory of which nothing is known but what was written to it.
//
// The start is an uninterpreted function from addresses to 64-bit words: every content at once. A
// list of writes lies over it; every prefix of the list is a version that can still be read, so
// that claims about each intermediate state are ordinary claims. Words never overlap: callers
// address them by multiples of 8. Threading: as Paths (path.hpp).
namespace quintet::proof {

class Memory {
 public:
  using Version = std::size_t;

  explicit Memory(std::string name) : name_(std::move(name)) {}

  // The number of writes so far: the newest version.
  [[nodiscard]] Version version() const { return writes_.size(); }

  // What `address` holds after the first `version` writes.
  [[nodiscard]] Word<64> read(const Word<64>& address, Version version) const {
    for (Version i = version; i > 0; --i) {
      const Write& write = writes_[i - 1];
      const Boolean here = (address & write.mask) == write.address;
      if (here.is_known() && !here.known()) continue;
      if (here.is_known()) return write.value;
      return select(here, write.value, read(address, i - 1));
    }
    return at_start(address);
  }
  [[nodiscard]] Word<64> read(const Word<64>& address) const { return read(address, version()); }

  void write(const Word<64>& address, const Word<64>& value) {
    note("  " + name_ + ": write (address, word)", address, value);
    writes_.push_back({address, Word<64>(~std::uint64_t{0}), value});
  }
  // Every word of the block of `bytes`, a power of two, at `block` becomes 0.
  // Requires: `block` is a multiple of `bytes`.
  void clear(const Word<64>& block, std::uint64_t bytes) {
    writes_.push_back({block, Word<64>(~(bytes - 1)), Word<64>(0)});
  }

  // Calls visitor(block address, block mask, word written) for the first `version` writes.
  template <class Visitor>
  void for_each_write(Version version, Visitor visitor) const {
    for (Version i = 0; i < version; ++i) {
      visitor(i, writes_[i].address, writes_[i].mask, writes_[i].value);
    }
  }

 private:
  struct Write {
    Word<64> address;
    Word<64> mask;  // the bits of an address that must be those of `address`
    Word<64> value;
  };
  [[nodiscard]] Word<64> at_start(const Word<64>& address) const {
    return Word<64>(Paths::current().apply(name_, bits(64), address.term()));
  }

  std::string name_;
  std::vector<Write> writes_;
};

}  // namespace quintet::proof
