// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "page_table/physical_memory.hpp"

// Tables that are unlinked but that a CPU may still walk, until the next flush (I5 in tree.hpp).
//
// They are chained through their first word, so any number may wait without further memory. The
// link is a frame address: its present bit is 0, so a stale walk that reads it finds nothing.
// Requires of callers: nothing in the table means anything any more.
namespace quintet::page_table {

template <PhysicalMemory Memory>
class RetiredTables {
 public:
  using PhysAddr = BasicPhysAddr<typename Memory::Word>;

  RetiredTables() = default;
  RetiredTables(RetiredTables&& other) noexcept : heads_(std::exchange(other.heads_, {})) {}

  [[nodiscard]] bool empty() const { return heads_[0].is_null() && heads_[1].is_null(); }

  void add(Memory& memory, PhysAddr table, FrameContent content) {
    PhysAddr& head = heads_[static_cast<std::size_t>(content)];
    memory.write(table, head.value);
    head = table;
  }

  // Requires: no CPU walks any of them any more. O(tables).
  void release_all(Memory& memory) {
    for (const FrameContent content : {FrameContent::kZero, FrameContent::kArbitrary}) {
      PhysAddr& head = heads_[static_cast<std::size_t>(content)];
      while (!head.is_null()) {
        const PhysAddr frame = head;
        head = PhysAddr(memory.read(frame));
        memory.write(frame, typename Memory::Word(0));
        memory.release(frame, content);
      }
    }
  }

 private:
  std::array<PhysAddr, 2> heads_{};  // by FrameContent
};

}  // namespace quintet::page_table
