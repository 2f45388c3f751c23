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
    std::uint32_t most = 0;  // blocks that are told together
  };

  // Keeps `block` of `slab`, whose number is `unit`, back. Returns what has to be told now: nothing
  // (a null slab), what had the same place, or all there is of `slab`.
  [[nodiscard]] Entry add(std::uint64_t unit, Slab<Env>* slab, Link<Env>* block,
                          std::uint64_t block_bytes) {
    if (add_to_others(unit, slab, block)) return {};
    Entry& entry = entries_[unit % kPlaces];
    Entry told = entry;
    if (entry.slab != slab) {
      block->set_next(nullptr);
      const auto most = static_cast<std::uint32_t>(Env::kShape.remote_bytes / block_bytes);
      entry = {slab, {block, block, 1}, most};
      some_ = true;
    } else {
      put(told, block);
      entry = {};
    }
    return told;
  }
  // The same if there are others of its slab, and nothing has to be told. False: nothing is done.
  [[nodiscard]] bool add_to_others(std::uint64_t unit, const Slab<Env>* slab, Link<Env>* block) {
    Entry& entry = entries_[unit % kPlaces];
    if (entry.slab != slab || entry.chain.count + 1 >= entry.most) return false;
    put(entry, block);
    return true;
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
  static constexpr std::size_t kPlaces = 64;

  static void put(Entry& entry, Link<Env>* block) {
    block->set_next(entry.chain.first);
    entry.chain.first = block;
    ++entry.chain.count;
  }

  std::array<Entry, kPlaces> entries_{};
  bool some_ = false;
};

}  // namespace quintet::allocator
