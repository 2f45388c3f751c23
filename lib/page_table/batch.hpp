// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "page_table/page_table.hpp"

// Batches of single pages at arbitrary addresses. A random access costs a cache miss for its entry
// of the page table, and often a TLB miss; a group of requests fetches all entries first, and only
// then does the work.
namespace quintet::page_table {

// The level-1 table of each of `count` addresses, with its entry on its way into the cache; a
// table of 0 where a walk does not reach one. The walks are independent of each other, so the
// CPU overlaps their misses on the directories by itself.
template <PhysicalMemory M, class I, Policy kPolicy>
template <class AddressOf>
inline void PageTable<M, I, kPolicy>::find_tables(AddressOf address_of, std::size_t count,
                                                  std::array<Place, kGroup>& places) const {
  for (std::size_t i = 0; i < count; ++i) {
    const VirtAddr va = address_of(i);
    const Stop stop = this->template walk<2>(va);
    const bool reached = stop.entry.present() && !stop.entry.is_leaf(stop.level);
    if (!reached || !is_canonical<kLevels>(va)) {
      places[i] = {};
      continue;
    }
    places[i].table = stop.entry.table();
    places[i].parent = stop.slot;
    prefetch(*this->memory_, entry_address(places[i].table, va, 1));
  }
}

template <PhysicalMemory M, class I, Policy kPolicy>
BatchResult<void> PageTable<M, I, kPolicy>::map_batch(std::span<const MapRequest> requests) {
  std::array<Place, kGroup> places;
  for (std::size_t done = 0; done < requests.size();) {
    const std::size_t count = std::min(kGroup, requests.size() - done);
    find_tables([&](std::size_t i) { return requests[done + i].va; }, count, places);
    for (std::size_t i = 0; i < count; ++i) {
      const MapRequest& r = requests[done + i];
      // No map removes a table, so a table once found stays good for the whole group.
      const bool known = !places[i].table.is_null() && this->limits_.accepts(r.va, r.pa, r.flags);
      const auto ok =
          known ? map_in(places[i], r.va, r.pa, r.flags) : map(r.va, r.pa, PageSize::k4K, r.flags);
      if (ok) continue;
      if constexpr (kPolicy.fault != Fault::kBatchWithoutUndo) {
        for (std::size_t undo = done + i; undo-- > 0;) {
          static_cast<void>(unmap(requests[undo].va));
        }
      }
      return std::unexpected(BatchError{done + i, ok.error()});
    }
    done += count;
  }
  return {};
}

// The walk to `va`, from its level-1 table when a group walk has found that.
template <PhysicalMemory M, class I, Policy kPolicy>
inline typename PageTable<M, I, kPolicy>::Stop PageTable<M, I, kPolicy>::stop_in(
    Place place, VirtAddr va) const {
  if (place.table.is_null()) [[unlikely]]
    return this->walk(va);
  const PhysAddr slot = entry_address(place.table, va, 1);
  return Stop{slot, this->read(slot), 1, place};
}

// Tables are reclaimed after the last request has succeeded, so that undoing needs no frame.
template <PhysicalMemory M, class I, Policy kPolicy>
BatchResult<void> PageTable<M, I, kPolicy>::unmap_batch(std::span<const VirtAddr> addresses,
                                                        std::span<Mapping> removed) {
  std::array<Place, kGroup> places;
  bool emptied = false;
  for (std::size_t done = 0; done < addresses.size();) {
    const std::size_t count = std::min(kGroup, addresses.size() - done);
    find_tables([&](std::size_t i) { return addresses[done + i]; }, count, places);
    for (std::size_t i = 0; i < count; ++i) {
      const VirtAddr va = addresses[done + i];
      const Stop leaf = stop_in(places[i], va);
      if (auto ok = check_base(va, leaf); !ok) [[unlikely]] {
        for (std::size_t undo = done + i; undo-- > 0;) put_back(removed[undo]);
        return std::unexpected(BatchError{done + i, ok.error()});
      }
      removed[done + i] = Mapping(va, this->take_leaf(leaf.slot, leaf.entry), leaf.level);
      this->stale(va, Word(level_bytes(leaf.level)), removed[done + i].size());
      if constexpr (kPolicy.reclaims()) {
        emptied = emptied || bool(this->population(leaf.place) == Word(1));
        this->add_population(leaf.place, Word(0) - Word(1));
      }
    }
    done += count;
  }
  if (emptied) {
    for (const VirtAddr va : addresses) reclaim_if_empty(va);
  }
  this->finish();
  return {};
}

// Undoes the removal of `mapping`, whose tables are all still linked.
template <PhysicalMemory M, class I, Policy kPolicy>
void PageTable<M, I, kPolicy>::put_back(const Mapping& mapping) {
  Place place{this->root_, PhysAddr()};
  const int leaf = leaf_level(mapping.size());
  for (int level = kLevels; level > leaf; --level) {
    const PhysAddr slot = entry_address(place.table, mapping.base(), level);
    place = {this->read(slot).table(), slot};
  }
  this->write(entry_address(place.table, mapping.base(), leaf), mapping.entry());
  this->add_population(place, Word(1));
}

// Reclaims the lowest table on the walk to `va` when its count is 0.
template <PhysicalMemory M, class I, Policy kPolicy>
void PageTable<M, I, kPolicy>::reclaim_if_empty(VirtAddr va) {
  const Stop stop = this->walk(va);
  if (stop.level == kLevels || stop.entry.present()) return;
  if (bool(this->population(stop.place) == Word(0))) this->reclaim(va, stop.level);
}

// Walks and reads only; the group's misses overlap as for the other batches.
template <PhysicalMemory M, class I, Policy kPolicy>
void PageTable<M, I, kPolicy>::resolve_batch(std::span<const VirtAddr> addresses,
                                             std::span<Result<Mapping>> found) const {
  std::array<Place, kGroup> places;
  for (std::size_t done = 0; done < addresses.size();) {
    const std::size_t count = std::min(kGroup, addresses.size() - done);
    find_tables([&](std::size_t i) { return addresses[done + i]; }, count, places);
    for (std::size_t i = 0; i < count; ++i) {
      const VirtAddr va = addresses[done + i];
      if (places[i].table.is_null()) {
        found[done + i] = resolve(va);
        continue;
      }
      const Entry entry = this->read(entry_address(places[i].table, va, 1));
      if (entry.present()) {
        found[done + i] = Mapping(va, entry, 1);
      } else {
        found[done + i] = std::unexpected(Error::kNotMapped);
      }
    }
    done += count;
  }
}

}  // namespace quintet::page_table
