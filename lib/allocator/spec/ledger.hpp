// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

// What an allocator means: a ledger of the address ranges that are in use, and who has them.
//
// An allocation enters a range that touches no other (V1), is long enough (V2) and aligned; a free
// strikes out a range that was entered and not yet struck out (V3). Addresses are numbers here, and
// memory does not exist. Threading: one thread.
namespace quintet::allocator::spec {

struct Range {
  std::uint64_t size = 0;    // asked for
  std::uint64_t usable = 0;  // given
  std::uint64_t owner = 0;
};

class Ledger {
 public:
  // Why an allocation of `size` bytes at `alignment` must not be answered with these `usable`
  // bytes at `address`; nothing if it may, and then the range is entered.
  std::optional<std::string> enter(std::uint64_t address, std::uint64_t usable, std::uint64_t size,
                                   std::uint64_t alignment, std::uint64_t owner = 0) {
    if (usable < size) return "V2: shorter than asked for";
    if (usable == 0) return "V2: an empty range is not unique";
    if (address % alignment != 0) return "alignment: not at a multiple";
    if (address + usable < address) return "V1: past the end of the address space";
    const auto next = ranges_.lower_bound(address);
    if (next != ranges_.end() && next->first < address + usable) return "V1: overlaps the next";
    if (next != ranges_.begin()) {
      const auto before = std::prev(next);
      if (before->first + before->second.usable > address) return "V1: overlaps the one before";
    }
    ranges_.emplace(address, Range{size, usable, owner});
    return std::nullopt;
  }

  // Why this must not be freed; nothing if it may, and then it is struck out.
  std::optional<std::string> strike(std::uint64_t address) {
    if (ranges_.erase(address) == 0) return "V3: not in use";
    return std::nullopt;
  }
  // All ranges of an owner, as a heap that is destroyed does.
  void strike_all(std::uint64_t owner) {
    std::erase_if(ranges_, [owner](const auto& entry) { return entry.second.owner == owner; });
  }

  [[nodiscard]] const std::map<std::uint64_t, Range>& ranges() const { return ranges_; }

 private:
  std::map<std::uint64_t, Range> ranges_;
};

}  // namespace quintet::allocator::spec
