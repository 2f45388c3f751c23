// SPDX-License-Identifier: MIT
#include "page_table/frame_arena.hpp"

#include <cerrno>

namespace quintet::page_table {

static_assert(PhysicalMemory<FrameArena> && LocatingMemory<FrameArena> &&
              PrefetchingMemory<FrameArena> && CountingMemory<FrameArena> &&
              DirtyAllocatingMemory<FrameArena> && FillingMemory<FrameArena> &&
              MetadataMemory<FrameArena> && AtomicMemory<FrameArena>);
static_assert(PhysicalMemory<SharedFrameArena>);

platform::Result<FrameStore> FrameStore::create_store(const Options& options) {
  if (options.bytes < 2 * kTableBytes || options.bytes % kTableBytes != 0 ||
      options.base.value % kTableBytes != 0) {
    return std::unexpected(
        platform::OsError{EINVAL, "create a frame arena",
                          "size and base are multiples of 4 KiB, size at least 8 KiB"});
  }
  FrameStore store;
  if (options.bytes / kTableBytes > UINT32_MAX) {
    return std::unexpected(
        platform::OsError{EINVAL, "create a frame arena", "at most 16 TiB can be numbered"});
  }
  store.frames_ = static_cast<std::uint32_t>(options.bytes / kTableBytes);
  auto map = platform::MemoryMap::create(options.bytes, options.backing);
  if (!map) return std::unexpected(map.error());
  store.map_ = std::move(*map);
  for (FrameSet* set : {&store.clean_, &store.dirty_}) {
    auto made = FrameSet::create(store.frames_);
    if (!made) return std::unexpected(made.error());
    *set = std::move(*made);
  }
  if (options.metadata) {
    auto counts = platform::MemoryMap::create(store.frames_ * sizeof(std::uint32_t));
    if (!counts) return std::unexpected(counts.error());
    store.counts_ = std::move(*counts);
  }
  if (options.prefault) {
    if (auto ok = store.map_.prefault(); !ok) return std::unexpected(ok.error());
  }
  store.base_ = options.base;
  store.origin_ = reinterpret_cast<std::uintptr_t>(store.map_.data()) - options.base.value;
  store.used_ = 1;  // frame 0 is set aside
  return store;
}

PhysAddr FrameStore::allocate_other() {
  if (const auto number = dirty_.take(); number != FrameSet::kNone) {
    const PhysAddr frame = frame_at(number);
    std::memset(at(frame), 0, kTableBytes);
    return frame;
  }
  if (used_ == frames_) return PhysAddr();
  return frame_at(used_++);
}

PhysAddr FrameStore::allocate_dirty() {
  if (const auto number = dirty_.take(); number != FrameSet::kNone) return frame_at(number);
  return allocate();
}

}  // namespace quintet::page_table
