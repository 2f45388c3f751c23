// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "page_table/page_table.hpp"

// Batches of single pages at arbitrary addresses. A random access costs a cache miss for its entry
// of the page table, and often a TLB miss; a group of requests fetches all entries first, and only
// then does the work.
namespace quintet::page_table {

// What the walks of a group have found: the level-1 entry of each address and the entry that
// references its table. Not initialised, because find_slots fills it.
template <PhysicalMemory M, class I, Policy kPolicy>
struct PageTable<M, I, kPolicy>::Group {
  std::array<Location, kGroup> slot;
  std::array<Location, kGroup> parent;
  std::uint32_t slow;  // bit i: address i needs the slow path, and has no slot here

  [[nodiscard]] bool found(std::size_t i) const { return (slow >> i & 1) == 0; }
};
template <PhysicalMemory M, class I, Policy kPolicy>
typename PageTable<M, I, kPolicy>::LeafPlace PageTable<M, I, kPolicy>::place_of(
    const Group& group, std::size_t i) const {
  const PhysAddr slot = address(*this->memory_, group.slot[i]);
  return {PhysAddr(slot.value & Word(~(kTableBytes - 1))), group.parent[i]};
}

// Walks to the level-1 entries of `count` addresses and has them fetched. The walks are
// independent, so the CPU overlaps their misses on the directories by itself. An address that is
// not canonical, or for which `usable(i)` is false, is left to the slow path.
template <PhysicalMemory M, class I, Policy kPolicy>
template <class AddressOf, class Usable>
inline void PageTable<M, I, kPolicy>::find_slots(AddressOf address_of, Usable usable,
                                                 std::size_t count, Group& group) const {
  static_assert(kGroup <= 32, "Group::slow has a bit for each");
  group.slow = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const VirtAddr va = address_of(i);
    PhysAddr table;
    Location parent;
    bool reached = kPolicy.walk_cache && this->table_by_directory(va, table, parent);
    if (Place place; !reached && this->find_table(va, place)) {
      table = place.table;
      parent = this->locate(place.parent);
      reached = true;
    }
    if (!reached || !usable(i)) [[unlikely]] {
      group.slow |= std::uint32_t{1} << i;
      continue;
    }
    const Location slot = entry_address(this->locate(table), va, 1);
    prefetch(*this->memory_, slot);
    group.slot[i] = slot;
    group.parent[i] = parent;
  }
}

template <PhysicalMemory M, class I, Policy kPolicy>
BatchResult<void> PageTable<M, I, kPolicy>::map_all(std::span<const MapRequest> requests) {
  Group group;
  for (std::size_t done = 0; done < requests.size();) {
    const std::size_t count = std::min(kGroup, requests.size() - done);
    const MapRequest* const r = requests.data() + done;
    find_slots([&](std::size_t i) { return r[i].va; },
               [&](std::size_t i) { return this->limits_.accepts(r[i].va, r[i].pa, r[i].flags); },
               count, group);
    for (std::size_t i = 0; i < count; ++i) {
      // No map removes a table, so an entry once found stays good for the whole group.
      Error error = Error::kOverlap;
      if (group.found(i)) [[likely]] {
        if (!this->read(group.slot[i]).present()) [[likely]] {
          this->write(group.slot[i], Tree::make_leaf(1, r[i].pa, r[i].flags));
          this->add_population(place_of(group, i), Word(1));
          continue;
        }
      } else {
        const auto ok = map(r[i].va, r[i].pa, PageSize::k4K, r[i].flags);
        if (ok) continue;
        error = ok.error();
      }
      if constexpr (kPolicy.fault != Fault::kBatchWithoutUndo) {
        for (std::size_t undo = done + i; undo-- > 0;) {
          static_cast<void>(unmap(requests[undo].va));
        }
      }
      return std::unexpected(BatchError{done + i, error});
    }
    done += count;
  }
  return {};
}

template <PhysicalMemory M, class I, Policy kPolicy>
BatchResult<void> PageTable<M, I, kPolicy>::map_batch(std::span<const MapRequest> requests) {
  if constexpr (kPolicy.reclaims()) {
    return map_all(requests);
  } else {
    // Undoing a map leaves its empty tables here, and nothing else tells which of them are new. So
    // their references carry a mark, in the population bits, until the batch is through.
    this->batch_mark_ = Word(1);
    const auto outcome = map_all(requests);
    this->batch_mark_ = Word(0);
    for (const MapRequest& request : requests) settle(request.va, outcome.has_value());
    this->finish();
    return outcome;
  }
}

// Removes the marks on the walk to `va`, with or without the tables that carry them.
template <PhysicalMemory M, class I, Policy kPolicy>
void PageTable<M, I, kPolicy>::settle(VirtAddr va, bool keep) {
  PhysAddr table = this->root_;
  for (int level = kLevels; level > 1; --level) {
    const PhysAddr slot = entry_address(table, va, level);
    const Entry entry = this->read(slot);
    if (!entry.present() || entry.is_leaf(level)) return;
    const bool marked = bool(entry.population() != Word(0));
    if (marked && !keep) {
      this->write(slot, Entry());
      this->cache_.forget_all();
      this->stale(va, Word(kTableBytes), PageSize::k4K);
      return this->retire_subtree(entry.table(), level - 1);
    }
    if (marked) this->write(slot, Entry::reference(entry.table(), Word(0)));
    table = entry.table();
  }
}

// Tables are reclaimed after the last request has succeeded, so that undoing needs no frame.
template <PhysicalMemory M, class I, Policy kPolicy>
BatchResult<void> PageTable<M, I, kPolicy>::unmap_batch(std::span<const VirtAddr> addresses,
                                                        std::span<Mapping> removed) {
  Group group;
  bool emptied = false;
  for (std::size_t done = 0; done < addresses.size();) {
    const std::size_t count = std::min(kGroup, addresses.size() - done);
    const VirtAddr* const va = addresses.data() + done;
    find_slots([&](std::size_t i) { return va[i]; },
               [&](std::size_t i) { return is_aligned(va[i].value, kTableBytes); }, count, group);
    for (std::size_t i = 0; i < count; ++i) {
      auto take = [&](auto slot, Entry entry, int level, auto place) {
        removed[done + i] = Mapping(va[i], this->take_leaf(slot, entry), level);
        this->stale(va[i], Word(level_bytes(level)), removed[done + i].size());
        if constexpr (kPolicy.reclaims()) {
          const Word word = this->count_word(place);
          emptied = emptied || bool(Tree::population_in(word) == Word(1));
          this->set_count_word(place, word - Tree::count_step(Word(1)));
        }
      };
      if (group.found(i)) [[likely]] {
        const Entry entry = this->read(group.slot[i]);
        if (entry.present()) [[likely]] {
          take(group.slot[i], entry, 1, place_of(group, i));
          continue;
        }
      }
      const Stop leaf = this->walk(va[i]);
      if (auto ok = check_base(va[i], leaf); !ok) {
        for (std::size_t undo = done + i; undo-- > 0;) put_back(removed[undo]);
        return std::unexpected(BatchError{done + i, ok.error()});
      }
      take(leaf.slot, leaf.entry, leaf.level, leaf.place);
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

// Walks and reads only, and leaves the owner's walk cache alone: may run beside the owner.
template <PhysicalMemory M, class I, Policy kPolicy>
void PageTable<M, I, kPolicy>::resolve_batch(std::span<const VirtAddr> addresses,
                                             std::span<Result<Mapping>> found) const {
  std::array<Location, kGroup> slots;
  for (std::size_t done = 0; done < addresses.size();) {
    const std::size_t count = std::min(kGroup, addresses.size() - done);
    std::uint32_t slow = 0;
    for (std::size_t i = 0; i < count; ++i) {
      Place place;
      if (!this->find_table(addresses[done + i], place)) {
        slow |= std::uint32_t{1} << i;
        continue;
      }
      slots[i] = entry_address(this->locate(place.table), addresses[done + i], 1);
      prefetch(*this->memory_, slots[i]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const VirtAddr va = addresses[done + i];
      if ((slow >> i & 1) != 0) [[unlikely]] {
        found[done + i] = resolve(va);
        continue;
      }
      const Entry entry = this->read(slots[i]);
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
