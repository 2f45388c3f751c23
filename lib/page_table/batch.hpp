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
    places[i] = {};
    if (!is_canonical<kLevels>(va)) continue;
    PhysAddr table = this->root_;
    PhysAddr slot;
    int level = kLevels;
    for (; level > 1; --level) {
      slot = entry_address(table, va, level);
      const Entry entry = this->read(slot);
      if (!entry.present() || entry.is_leaf(level)) break;
      table = entry.table();
    }
    if (level > 1) continue;
    places[i] = {table, slot};
    prefetch(*this->memory_, entry_address(table, va, 1));
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

// The leaf whose base is `va`, from its level-1 table when a group walk has found that.
template <PhysicalMemory M, class I, Policy kPolicy>
Result<typename PageTable<M, I, kPolicy>::Leaf> PageTable<M, I, kPolicy>::base_in(Place place,
                                                                                  VirtAddr va) {
  const bool known = !place.table.is_null() && is_aligned(va.value, kTableBytes);
  if (!known) return find_base(va);
  const PhysAddr slot = entry_address(place.table, va, 1);
  const Entry entry = this->read(slot);
  if (!entry.present()) return std::unexpected(Error::kNotMapped);
  return Leaf{slot, entry, 1, place};
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
      const auto leaf = base_in(places[i], va);
      if (!leaf) {
        for (std::size_t undo = done + i; undo-- > 0;) put_back(removed[undo]);
        return std::unexpected(BatchError{done + i, leaf.error()});
      }
      removed[done + i] = Mapping(va, this->take_leaf(leaf->slot, leaf->entry), leaf->level);
      this->stale(va, Word(level_bytes(leaf->level)), removed[done + i].size());
      if constexpr (kPolicy.reclaims()) {
        emptied = emptied || bool(this->population(leaf->place) == Word(1));
        this->add_population(leaf->place, Word(0) - Word(1));
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

// Reclaims the lowest table on the path to `va` when its count is 0.
template <PhysicalMemory M, class I, Policy kPolicy>
void PageTable<M, I, kPolicy>::reclaim_if_empty(VirtAddr va) {
  this->cache_.forget();
  PhysAddr table = this->root_;
  for (int level = kLevels; level >= 1; --level) {
    const PhysAddr slot = this->path_[Tree::index(level)] = entry_address(table, va, level);
    if (level < kLevels && bool(this->population(this->place_at(level)) == Word(0))) {
      return this->reclaim(level);
    }
    const Entry entry = this->read(slot);
    if (!entry.present() || entry.is_leaf(level)) return;
    table = entry.table();
  }
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
