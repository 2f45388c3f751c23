// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>

#include "allocator/slab.hpp"

// Blocks of other heaps that this thread has freed and not yet told their owners, by slab. Telling
// costs an atomic operation on a line of the owner's; kept back, blocks of one slab share it.
// Invariant: at most kShape.remote_bytes of blocks of a slab, or one block.
// Threading: the owner of the heap.
namespace quintet::allocator {

template <class Env>
class Pending {
 public:
  struct Entry {
    Slab<Env>* slab = nullptr;
    Chain<Env> chain;
  };

  // Keeps `block` of `slab` back. Returns what has to be told now: nothing (a null slab), what had
  // the same place, or all there is of `slab`.
  [[nodiscard]] Entry add(Slab<Env>* slab, Link<Env>* block, std::uint64_t block_bytes) {
    Entry& entry = entries_[place_of(slab)];
    Entry told;
    if (entry.slab != slab) {
      told = entry;
      block->set_next(nullptr);
      entry = {slab, {block, block, 1}};
      some_ = true;
    } else {
      block->set_next(entry.chain.first);
      entry.chain.first = block;
      ++entry.chain.count;
      if ((entry.chain.count + 1) * block_bytes > Env::kShape.remote_bytes) {
        told = entry;
        entry = {};
      }
    }
    return told;
  }

  [[nodiscard]] bool has_some() const { return some_; }
  // tell(entry) for each that has blocks; none has afterwards.
  template <class F>
  void take_all(F tell) {
    if (!some_) return;
    some_ = false;
    for (Entry& entry : entries_) {
      if (entry.slab == nullptr) continue;
      const Entry told = entry;
      entry = {};
      tell(told);
    }
  }
  template <class F>
  void for_each(F f) const {
    for (const Entry& entry : entries_) {
      if (entry.slab != nullptr) f(entry);
    }
  }

 private:
  static constexpr std::size_t kPlaces = 32;

  [[nodiscard]] static std::size_t place_of(const Slab<Env>* slab) {
    return reinterpret_cast<std::uintptr_t>(slab) / sizeof(Slab<Env>) % kPlaces;
  }

  std::array<Entry, kPlaces> entries_{};
  bool some_ = false;
};

}  // namespace quintet::allocator
