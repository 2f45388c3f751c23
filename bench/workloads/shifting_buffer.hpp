// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "support.hpp"

// The buffer of sh6 and sh8. Blocks go into its slots in order. When it is full, a fifth of it is
// kept, each time the next one, and the rest is freed: below the kept fifth forwards, above it
// backwards. New blocks then go around the kept ones. When the fifths are through, the one at the
// bottom is kept next, and new blocks replace it without freeing it: that is the residue by which
// the rows grow, a twenty-first of all blocks.
// Threading: one thread.
namespace quintet::workloads {

class ShiftingBuffer {
 public:
  explicit ShiftingBuffer(std::size_t slots) : slots_(slots), kept_{slots, slots} {}

  /// Allocates `size` bytes, writes the first and the last, and puts the block into the next slot.
  void put(std::size_t size) {
    auto* const block = checked(static_cast<unsigned char*>(std::malloc(size)));
    block[0] = block[size - 1] = static_cast<unsigned char>(number_++);
    slots_[next_] = {block, size};
    if (++next_ == kept_.begin) next_ = kept_.end;
    if (next_ >= slots_.size()) shift();
  }

  /// Frees what is below the next slot; what was kept above it stays.
  void release_rest() {
    for (std::size_t i = 0; i < next_; ++i) release(slots_[i]);
    next_ = 0;
  }

  /// Of the bytes that were read back when blocks were freed.
  [[nodiscard]] std::uint64_t checksum() const { return checksum_; }

 private:
  struct Slot {
    unsigned char* block = nullptr;
    std::size_t size = 0;
  };
  struct Range {
    std::size_t begin;
    std::size_t end;
  };

  void release(Slot& slot) {
    if (slot.block == nullptr) return;
    const std::uint64_t first = slot.block[0];
    verify(slot.block[slot.size - 1] == first);
    checksum_ += first * slot.size;
    std::free(slot.block);
    slot.block = nullptr;
  }

  void shift() {
    const std::size_t fifth = std::max<std::size_t>(slots_.size() / 5, 1);
    kept_.begin = kept_.end >= slots_.size() ? 0 : kept_.end;
    kept_.end = std::min(kept_.begin + fifth, slots_.size());
    for (std::size_t i = 0; i < kept_.begin; ++i) release(slots_[i]);
    for (std::size_t i = slots_.size(); i > kept_.end; --i) release(slots_[i - 1]);
    next_ = 0;
  }

  std::vector<Slot> slots_;
  Range kept_;
  std::size_t next_ = 0;
  std::uint64_t number_ = 0;
  std::uint64_t checksum_ = 0;
};

}  // namespace quintet::workloads
