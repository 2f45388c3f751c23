// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include "allocator/remote_list.hpp"
#include "base/assert.hpp"

// The record of a slab: a span of units cut into blocks of one class, or one large object,
// or one sampled block. It lies
// outside the span, in the region's table, at the slab's first unit; zeroed memory is a valid
// record of no slab.
//
// Invariants, for a slab of `capacity` blocks of which `carved` have ever been handed out:
//   I1  carved <= capacity; blocks from `carved` on have never been touched
//   I2  every carved block is in use, at hand in its owner's bin, kept back in another heap, in
//       `free`, or in `remote`: exactly one of these
//   I3  `free` has free_count blocks, all different, at multiples of the block's size
//   I4  so free_count == carved means that nobody has a block, and nothing is in `remote`
//
//   remote.push: any thread.  owner(): any thread that has a block of the slab.
//   The rest: the owner of the heap that owns the slab.
namespace quintet::allocator {

template <class Env>
class Heap;

// Where a slab stands.
enum class SlabList : std::uint8_t { kNone, kPartial, kFull, kSampled, kResting };

template <class Env>
class Slab {
 public:
  using Owner = Heap<Env>;
  using G = typename Env::G;
  using L = Link<Env>;

  RemoteList<Env> remote;
  // Pages of 4 KiB that a large object may use; 0 for slabs. Of a sampled block its bytes.
  typename Env::template Plain<std::uint32_t> pages;
  // Written by whoever puts the slab into an inbox (RemoteList, I2).
  typename Env::template Plain<Slab*> inbox_next;
  // Neighbours in the list where the slab stands (slab_list.hpp).
  typename Env::template Plain<Slab*> previous;
  typename Env::template Plain<Slab*> next;
  typename Env::template Plain<SlabList> list;
  // Belongs to a first-class heap, which may be destroyed: nobody keeps its blocks back.
  typename Env::template Plain<bool> is_direct;

  // relaxed: whoever asks got a block from the owner, and with it this.
  [[nodiscard]] Owner* owner() const { return owner_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t size_class() const { return size_class_.load(); }
  [[nodiscard]] std::uint32_t carved() const { return carved_.load(); }
  [[nodiscard]] std::uint32_t free_count() const { return free_count_.load(); }
  [[nodiscard]] L* free_list() const { return free_.load(); }
  [[nodiscard]] std::uint32_t capacity() const {
    return G::capacity(size_class()) + (Env::has(Fault::kCarvedTooFar) ? 1 : 0);
  }

  void make(Owner* owner, std::uint32_t size_class, bool direct) {
    owner_.store(owner, std::memory_order_relaxed);
    size_class_.store(static_cast<std::uint8_t>(size_class));
    free_.store(nullptr);
    free_count_.store(0);
    carved_.store(0);
    pages.store(0);
    list.store(SlabList::kNone);
    is_direct.store(direct);
  }

  // One block that fills the span and is in use, of `pages` pages if it is a large object.
  void hold_one(std::uint64_t page_count) {
    carved_.store(1);
    pages.store(static_cast<std::uint32_t>(page_count));
  }

  // One block of `bytes`, between guard pages (guard_pages.hpp). Requires: offset <= 2^19.
  void hold_sampled(std::uint64_t offset, std::uint64_t bytes) {
    carved_.store(static_cast<std::uint16_t>(offset / 16));
    pages.store(static_cast<std::uint32_t>(bytes));
  }
  [[nodiscard]] std::uint64_t sampled_offset() const { return std::uint64_t{carved()} * 16; }
  [[nodiscard]] std::uint64_t sampled_bytes() const { return pages.load(); }

  [[nodiscard]] bool has_free() const { return free_.load() != nullptr; }
  [[nodiscard]] bool is_carved() const { return carved() == capacity(); }
  // I4, and there is something to give back.
  [[nodiscard]] bool is_unused() const {
    return free_count() == carved() ||
           (Env::has(Fault::kReleasedTooEarly) && free_count() > 0 && free_count() + 1 == carved());
  }

  // The first `count` blocks of `free` leave it, whose next one is `rest`.
  void leave_free(L* rest, std::uint32_t count) {
    free_.store(rest);
    free_count_.store(static_cast<std::uint16_t>(rest == nullptr ? 0 : free_count() - count));
  }
  // So many blocks that nobody has had are handed out; the number of the first. Requires: there are
  // so many.
  [[nodiscard]] std::uint32_t carve(std::uint32_t count) {
    const std::uint32_t first = carved();
    carved_.store(static_cast<std::uint16_t>(first + count));
    return first;
  }

  // Blocks of this slab come back. Requires: chain.last is its last one.
  void put(const Chain<Env>& chain) {
    chain.last->set_next(free_.load());
    free_.store(chain.first);
    free_count_.store(static_cast<std::uint16_t>(free_count() + chain.count));
  }

  // What others have freed comes to `free`. The slab is out of its owner's inbox. O(blocks of the
  // shorter list), since one has to be walked when there are two.
  void take_remote(std::byte* start) {
    Chain<Env> taken = remote.take(start);
    if (taken.count == 0) return;
    if (Env::has(Fault::kCountForgotten)) taken.count -= 1;
    if (!has_free()) {
      free_.store(taken.first);
      free_count_.store(static_cast<std::uint16_t>(taken.count));
      return;
    }
    for (taken.last = taken.first; L* after = taken.last->next();) taken.last = after;
    put(taken);
  }

 private:
  typename Env::template Plain<std::uint8_t> size_class_;
  typename Env::template Plain<std::uint16_t> carved_;
  typename Env::template Plain<std::uint16_t> free_count_;
  typename Env::template Plain<L*> free_;
  typename Env::template Atomic<Owner*> owner_{nullptr};
};

}  // namespace quintet::allocator
