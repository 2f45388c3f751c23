// SPDX-License-Identifier: MIT
#pragma once

#include "allocator/heap.hpp"

// The rest of a heap: where blocks come from when none is at hand, and where they go when there are
// too many. Threading: heap.hpp.
namespace quintet::allocator {

// Free blocks of a slab come to hand, up to half as many as have a place; the last one is handed
// out. Requires: nothing is at hand; the slab has some.
template <class Env>
std::byte* Heap<Env>::take_free(Slab<Env>* slab) {
  const std::uint32_t size_class = slab->size_class();
  const std::uint32_t most = (G::at_hand(size_class) + 1) / 2;
  L** at = bottom(size_class);
  L* block = slab->free_list();
  L* next = next_of(block);
  std::uint32_t count = 1;
  for (; count < most && next != nullptr; ++count) {
    *++at = block;
    mark(block);
    block = next;
    next = next_of(block);
  }
  slab->leave_free(next, count);
  bins_[size_class].set_top(at);
  return block->bytes();
}

// The same of blocks that nobody has had, up to kShape.carve_bytes; the first one is handed out,
// and the others are on top in the order of their addresses. Requires: the slab is not carved.
template <class Env>
std::byte* Heap<Env>::carve(Slab<Env>* slab) {
  const std::uint32_t size_class = slab->size_class();
  const std::uint64_t bytes = block_bytes<std::uint64_t>(size_class);
  const auto wish =
      static_cast<std::uint32_t>(std::max<std::uint64_t>(Env::kShape.carve_bytes / bytes, 1));
  const std::uint32_t count = std::min(wish, slab->capacity() - slab->carved());
  std::byte* const first = shared_->regions.start_of(slab) + slab->carve(count) * bytes;
  L** at = bottom(size_class);
  for (std::byte* block = first + (count - 1) * bytes; block != first; block -= bytes) {
    *++at = fresh_link_at<Env>(block);
    mark(*at);
  }
  bins_[size_class].set_top(at);
  return fresh_link_at<Env>(first)->bytes();
}

template <class Env>
std::byte* Heap<Env>::allocate_anew(std::uint32_t size_class) {
  if (std::byte* const block = allocate_at_hand(size_class)) return block;
  counts_.refills += 1;
  if (inbox_.load(std::memory_order_relaxed) != nullptr) drain();
  SlabQueue<Env>& partial = partial_[size_class];
  for (Slab<Env>* slab = partial.front(); slab != nullptr; slab = partial.front()) {
    if (slab->has_free()) return take_free(slab);
    if (!slab->is_carved()) return carve(slab);
    partial.remove(slab);
    full_[size_class].push_front(slab, SlabList::kFull);
  }
  tell_all();
  Slab<Env>* const slab = new_slab(size_class);
  return slab == nullptr ? nullptr : carve(slab);
}

template <class Env>
Slab<Env>* Heap<Env>::new_slab(std::uint32_t size_class, std::uint64_t room) {
  const auto taken = shared_->allocate(node_, G::units(size_class), 1, room);
  if (!taken) return nullptr;
  see_region();
  Slab<Env>* const slab = taken.region->slab(taken.first);
  slab->make(this, size_class, is_direct_);
  taken.region->forget_states(taken.first, G::units(size_class));
  // relaxed: whoever looks has a block, and with it this.
  taken.region->map()[taken.first].store(tag_ | size_class, std::memory_order_relaxed);
  partial_[size_class].push_front(slab, SlabList::kPartial);
  count_slab();
  return slab;
}

template <class Env>
void Heap<Env>::flush(std::uint32_t size_class, std::uint32_t keep) {
  L** const begin = bottom(size_class) + 1;
  L** const end = bins_[size_class].top() + 1;
  if (end - begin <= static_cast<std::ptrdiff_t>(keep)) return;
  give_back(begin, end - keep);
  if (Env::has(Fault::kFlushedKept)) return;
  bins_[size_class].set_top(std::copy(end - keep, end, begin) - 1);
}

// Blocks that were freed one after the other often are neighbours: what belongs to one slab goes
// there at once.
template <class Env>
void Heap<Env>::give_back(L** begin, L** end) {
  while (begin != end) {
    L* block = *begin++;
    Region<Env>& region = *shared_->regions.find(block);
    const std::uint64_t unit = region.index(block);
    Chain<Env> run{block, block, 1};
    for (; begin != end && region.index(*begin) == unit; ++begin, ++run.count) {
      block = *begin;
      block->set_next(run.first);
      run.first = block;
    }
    Slab<Env>* const slab = region.slab(unit);
    slab->put(run);
    settle(slab, region);
  }
}

// Blocks have come back to a slab: puts it where it belongs.
template <class Env>
void Heap<Env>::settle(Slab<Env>* slab, Region<Env>& region) {
  const std::uint32_t size_class = slab->size_class();
  if (slab->is_unused()) {
    // The last one of a class is kept, or a program that uses one block would come here each time.
    const bool is_only = slab->list.load() == SlabList::kPartial &&
                         partial_[size_class].front() == slab && slab->next.load() == nullptr;
    if (is_only && slab->capacity() > 1) return;
    release(slab, region);
    return;
  }
  if (slab->list.load() == SlabList::kFull) {
    full_[size_class].remove(slab);
    partial_[size_class].push_front(slab, SlabList::kPartial);
  }
}

template <class Env>
void Heap<Env>::release(Slab<Env>* slab, Region<Env>& region) {
  const std::uint32_t size_class = slab->size_class();
  const std::uint64_t first = region.index(slab);
  leave_list(slab);
  const std::uint64_t units =
      size_class == G::kLargeClass ? region.span(first)->units.load() : G::units(size_class);
  if (!Env::has(Fault::kMapKept)) {
    region.map()[first].store(kNoClass, std::memory_order_relaxed);
  }
  shared_->free(region, first, units);
}

template <class Env>
void Heap<Env>::drain() {
  counts_.drains += 1;
  // acquire: pairs with list_in_inbox(), for inbox_next.
  Slab<Env>* slab =
      inbox_.exchange(nullptr, Env::has(Fault::kInboxTakeRelaxed) ? std::memory_order_relaxed
                                                                  : std::memory_order_acquire);
  while (slab != nullptr) {
    Slab<Env>* const next = slab->inbox_next.load();
    Region<Env>& region = *shared_->regions.region_of(slab);
    slab->take_remote(region.address(region.index(slab)));
    if (slab->has_free()) settle(slab, region);
    slab = next;
  }
}

template <class Env>
void Heap<Env>::free_other(std::byte* block, std::uint32_t word, Region<Env>& region) {
  const std::uint64_t unit = region.index(block);
  Slab<Env>* const slab = region.slab(unit);
  const std::uint32_t size_class = word % kClasses;
  if (size_class == G::kLargeClass && slab->owner() == nullptr) {
    free_large(slab, region);
    return;
  }
  L* const link = link_at<Env>(block);
  if (slab->owner() == this) {  // a large object of a first-class heap
    link->set_next(nullptr);
    slab->put({link, link, 1});
    settle(slab, region);
    return;
  }
  const std::uint64_t bytes =
      size_class == G::kLargeClass ? G::kLargest : block_bytes<std::uint64_t>(size_class);
  if (slab->is_direct.load() || 2 * bytes > Env::kShape.remote_bytes) {
    link->set_next(nullptr);
    tell({slab, {link, link, 1}, 1});
    return;
  }
  if (const auto told = pending_.add(unit, slab, link, bytes); told.slab != nullptr) tell(told);
}

template <class Env>
void Heap<Env>::tell(const typename Pending<Env>::Entry& entry) {
  counts_.told += 1;
  Heap* const owner = entry.slab->owner();
  std::byte* const start = shared_->regions.start_of(entry.slab);
  if (entry.slab->remote.push(start, entry.chain)) owner->list_in_inbox(entry.slab);
}

template <class Env>
void Heap<Env>::list_in_inbox(Slab<Env>* slab) {
  Slab<Env>* head = inbox_.load(std::memory_order_relaxed);
  do {
    slab->inbox_next.store(head);
    // release: pairs with drain().
  } while (!inbox_.compare_exchange_weak(
      head, slab,
      Env::has(Fault::kInboxRelaxed) ? std::memory_order_relaxed : std::memory_order_release,
      std::memory_order_relaxed));
}

template <class Env>
std::byte* Heap<Env>::allocate_growing(std::uint64_t bytes) {
  const std::uint64_t units = units_of<std::uint64_t>(bytes, Env::kShape.unit_shift);
  const std::uint32_t size_class = class_for(bytes);
  bool is_zero = false;
  if (size_class > G::kLastClass || G::capacity(size_class) > 1) {
    return allocate_large(bytes, 1, is_zero, units);
  }
  Slab<Env>* const slab = new_slab(size_class, units);
  if (slab == nullptr) return nullptr;
  static_cast<void>(slab->carve(1));
  return fresh_link_at<Env>(shared_->regions.start_of(slab))->bytes();
}

template <class Env>
std::byte* Heap<Env>::allocate_large(std::uint64_t bytes, std::uint64_t alignment, bool& is_zero,
                                     std::uint64_t room) {
  const std::uint64_t units = units_of<std::uint64_t>(bytes, Env::kShape.unit_shift);
  const std::uint64_t step = std::max<std::uint64_t>(alignment / G::kUnit, 1);
  tell_all();
  const auto taken = shared_->allocate(node_, units, step, room);
  if (!taken) return nullptr;
  see_region();
  counts_.large += 1;
  is_zero = taken.is_zero;
  Slab<Env>* const slab = taken.region->slab(taken.first);
  slab->make(is_direct_ ? this : nullptr, G::kLargeClass, is_direct_);
  taken.region->forget_states(taken.first, 1);
  slab->hold_one(pages_of(bytes));
  taken.region->map()[taken.first].store((is_direct_ ? tag_ : 0) | G::kLargeClass,
                                         std::memory_order_relaxed);
  if (is_direct_) enter_full(slab);
  std::byte* const start = taken.region->address(taken.first);
  return fresh_link_at<Env>(start)->bytes();
}

template <class Env>
void Heap<Env>::free_large(Slab<Env>* slab, Region<Env>& region) {
  const std::uint64_t first = region.index(slab);
  region.map()[first].store(kNoClass, std::memory_order_relaxed);
  shared_->free(region, first, region.span(first)->units.load());
}

template <class Env>
void Heap<Env>::retype(Slab<Env>* slab, Region<Env>& region, std::uint32_t size_class,
                       std::uint64_t bytes) {
  const std::uint64_t first = region.index(slab);
  const bool is_owned = size_class != G::kLargeClass || is_direct_;
  if (slab->owner() != nullptr) leave_list(slab);
  slab->make(is_owned ? this : nullptr, size_class, is_direct_);
  slab->hold_one(size_class == G::kLargeClass ? pages_of(bytes) : 0);
  region.map()[first].store((is_owned ? tag_ : 0) | size_class, std::memory_order_relaxed);
  if (is_owned) enter_full(slab);
}

template <class Env>
void Heap<Env>::leave_quarantine() {
  for (auto kept = quarantine_.take_oldest(); kept.block != nullptr;
       kept = quarantine_.take_oldest()) {
    free_own(kept.block, kept.size_class);
  }
}

template <class Env>
void Heap<Env>::collect() {
  leave_quarantine();
  tell_all();
  drain();
  for (std::uint32_t c = 1; c <= G::kLastClass; ++c) {
    flush(c, 0);
    // The one that is kept for the next request.
    for (Slab<Env>* slab = partial_[c].front(); slab != nullptr;) {
      Slab<Env>* const next = slab->next.load();
      if (slab->is_unused()) release(slab, *shared_->regions.region_of(slab));
      slab = next;
    }
  }
}

template <class Env>
void Heap<Env>::release_all() {
  leave_quarantine();
  tell_all();
  drain();
  for (std::uint32_t c = 1; c < G::kSlots; ++c) {
    if (c <= G::kLastClass) bins_[c].set_top(bottom(c));
    for (auto* const list : {&partial_[c], &full_[c]}) {
      while (Slab<Env>* const slab = list->front()) {
        release(slab, *shared_->regions.region_of(slab));
      }
    }
  }
  if constexpr (Env::kSamples && !Env::has(Fault::kSampleForgotten)) {
    shared_->guard_pages.free_all(*shared_, *this);
  }
}

}  // namespace quintet::allocator
