// SPDX-License-Identifier: MIT
#include "baselines/verified_page_table.hpp"

#include <cassert>

#include "baselines/x86_bits.hpp"

namespace quintet::baselines {
namespace {

using namespace x86;  // NOLINT(google-build-using-namespace): one vocabulary, one file.

constexpr std::size_t kRootLevel = 0;
constexpr std::size_t kLeafLevel = 3;
constexpr std::array<std::uint64_t, 4> kEntrySize{kSize512G, kSize1G, kSize2M, kSize4K};

bool is_present(std::uint64_t entry) { return (entry & kPresent) != 0; }

/// Requires a present entry.
bool is_table(std::size_t level, std::uint64_t entry) {
  return level == kRootLevel || (level < kLeafLevel && (entry & kHuge) == 0);
}

std::uint64_t encode_leaf(std::size_t level, const Frame& frame) {
  return (frame.base & kAddress) | kPresent | (level == kLeafLevel ? 0 : kHuge) |
         (frame.writable ? kWritable : 0) | (frame.supervisor ? 0 : kUser) |
         (frame.disable_execute ? kNoExecute : 0);
}

Frame decode_leaf(std::uint64_t size, std::uint64_t entry) {
  return {entry & kAddress, size, (entry & kWritable) != 0, (entry & kUser) == 0,
          (entry & kNoExecute) != 0};
}

}  // namespace

template <class Source>
auto VerifiedPageTable<Source>::x86_layers() -> Layers {
  Layers layers{};
  for (std::size_t i = 0; i < kLevels; ++i) layers[i] = {kEntrySize[i], kEntries};
  return layers;
}

template <class Source>
VerifiedPageTable<Source>::VerifiedPageTable() : root_(new_table()) {}

template <class Source>
VerifiedPageTable<Source>::~VerifiedPageTable() {
  if constexpr (Source::kOwnerReleases) release_below(kRootLevel, root_);
}

template <class Source>
void VerifiedPageTable<Source>::release_below(std::size_t level, std::uint64_t table) {
  for (std::size_t i = 0; level < kLeafLevel && i < kEntries; ++i) {
    const std::uint64_t entry = table_at(table)[i];
    if (is_present(entry) && is_table(level, entry)) release_below(level + 1, entry & kAddress);
  }
  free_table(table);
}

template <class Source>
std::uint64_t VerifiedPageTable<Source>::new_table() {
  const std::uint64_t table = source_.allocate();
  ++tables_;
  return table;
}

template <class Source>
void VerifiedPageTable<Source>::free_table(std::uint64_t table) {
  source_.release(table);
  --tables_;
}

template <class Source>
MapResult VerifiedPageTable<Source>::map_frame(std::uint64_t va, const Frame& frame) {
  assert(frame.size == kSize4K || frame.size == kSize2M || frame.size == kSize1G);
  assert(is_aligned(va | frame.base, frame.size) && va < kAddressSpace - frame.size);
  return map_at<kRootLevel>(root_, 0, va, frame);
}

template <class Source>
template <std::size_t Level>
MapResult VerifiedPageTable<Source>::map_at(std::uint64_t table, std::uint64_t base,
                                            std::uint64_t va, const Frame& frame) {
  constexpr std::uint64_t entry_size = kEntrySize[Level];
  const std::uint64_t index = (va - base) / entry_size;
  const std::uint64_t entry_base = base + index * entry_size;
  std::uint64_t& slot = table_at(table)[index];
  const std::uint64_t entry = slot;
  if (is_present(entry)) {
    if (!is_table(Level, entry) || entry_size == frame.size) return MapResult::kOverlap;
    if constexpr (Level < kLeafLevel) {
      return map_at<Level + 1>(entry & kAddress, entry_base, va, frame);
    }
  }
  if (Level == kLeafLevel || entry_size == frame.size) {
    slot = encode_leaf(Level, frame);
    return MapResult::kOk;
  }
  if constexpr (Level < kLeafLevel) {
    const std::uint64_t child = new_table();
    slot = child | kTable;
    return map_at<Level + 1>(child, entry_base, va, frame);
  }
}

template <class Source>
UnmapResult VerifiedPageTable<Source>::unmap(std::uint64_t va) {
  assert(is_aligned(va, kSize4K) && va < kAddressSpace);
  return unmap_at(kRootLevel, root_, 0, va);
}

template <class Source>
bool VerifiedPageTable<Source>::is_empty(std::size_t level, std::uint64_t table) const {
  for (std::uint64_t i = 0; i < layers_[level].entries; ++i) {
    if (is_present(table_at(table)[i])) return false;
  }
  return true;
}

template <class Source>
UnmapResult VerifiedPageTable<Source>::unmap_at(std::size_t level, std::uint64_t table,
                                                std::uint64_t base, std::uint64_t va) {
  const std::uint64_t entry_size = layers_[level].entry_size;
  const std::uint64_t index = (va - base) / entry_size;
  const std::uint64_t entry = table_at(table)[index];
  if (!is_present(entry)) return UnmapResult::kNoSuchMapping;
  if (!is_table(level, entry)) {
    if (va % entry_size != 0) return UnmapResult::kNoSuchMapping;
    table_at(table)[index] = 0;
    return UnmapResult::kOk;
  }
  const std::uint64_t child = entry & kAddress;
  const UnmapResult result = unmap_at(level + 1, child, base + index * entry_size, va);
  if (result == UnmapResult::kOk && is_empty(level + 1, child)) {
    table_at(table)[index] = 0;
    free_table(child);
  }
  return result;
}

template <class Source>
UnmapResult VerifiedPageTable<Source>::unmap_noreclaim(std::uint64_t va) {
  assert(is_aligned(va, kSize4K) && va < kAddressSpace);
  return unmap_noreclaim_at<kRootLevel>(root_, 0, va);
}

template <class Source>
template <std::size_t Level>
UnmapResult VerifiedPageTable<Source>::unmap_noreclaim_at(std::uint64_t table, std::uint64_t base,
                                                          std::uint64_t va) {
  constexpr std::uint64_t entry_size = kEntrySize[Level];
  const std::uint64_t index = (va - base) / entry_size;
  const std::uint64_t entry = table_at(table)[index];
  if (!is_present(entry)) return UnmapResult::kNoSuchMapping;
  if constexpr (Level < kLeafLevel) {
    if (is_table(Level, entry)) {
      return unmap_noreclaim_at<Level + 1>(entry & kAddress, base + index * entry_size, va);
    }
  }
  if (va % entry_size != 0) return UnmapResult::kNoSuchMapping;
  table_at(table)[index] = 0;
  return UnmapResult::kOk;
}

template <class Source>
std::optional<Resolved> VerifiedPageTable<Source>::resolve(std::uint64_t va) const {
  assert(va < kAddressSpace);
  return resolve_at<kRootLevel>(root_, 0, va);
}

template <class Source>
template <std::size_t Level>
std::optional<Resolved> VerifiedPageTable<Source>::resolve_at(std::uint64_t table,
                                                              std::uint64_t base,
                                                              std::uint64_t va) {
  constexpr std::uint64_t entry_size = kEntrySize[Level];
  const std::uint64_t index = (va - base) / entry_size;
  const std::uint64_t entry_base = base + index * entry_size;
  const std::uint64_t entry = table_at(table)[index];
  if (!is_present(entry)) return std::nullopt;
  if constexpr (Level < kLeafLevel) {
    if (is_table(Level, entry)) {
      return resolve_at<Level + 1>(entry & kAddress, entry_base, va);
    }
  }
  return Resolved{entry_base, decode_leaf(entry_size, entry)};
}

template class VerifiedPageTable<FreshNoFree>;
template class VerifiedPageTable<ZeroAndFree>;

}  // namespace quintet::baselines
