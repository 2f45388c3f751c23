// SPDX-License-Identifier: MIT
#include "platform/node_memory.hpp"

#include <hwloc.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <new>

#include "base/align.hpp"
#include "base/units.hpp"
#include "platform/memory_map.hpp"

namespace quintet::platform {
namespace {

constexpr std::size_t kSmallPage = 4 * kKiB;
constexpr std::size_t kHugePage = 2 * kMiB;

std::unexpected<OsError> error(int code, const char* action, const char* remedy = "") {
  return std::unexpected(OsError{code, action, remedy});
}

using Nodeset = std::unique_ptr<hwloc_bitmap_s, decltype(&hwloc_bitmap_free)>;

Nodeset empty_set() { return {hwloc_bitmap_alloc(), &hwloc_bitmap_free}; }

hwloc_obj_t node_object(const Topology& topology, unsigned node) {
  return hwloc_get_obj_by_type(topology.native_handle(), HWLOC_OBJ_NUMANODE, node);
}

// The kernel's numbers of `nodes`, or null when one does not exist or memory is short.
Nodeset nodeset(const Topology& topology, std::span<const unsigned> nodes) {
  Nodeset set = empty_set();
  for (const unsigned node : nodes) {
    const hwloc_obj_t object = node_object(topology, node);
    if (!set || object == nullptr || hwloc_bitmap_set(set.get(), object->os_index) != 0) {
      return {nullptr, &hwloc_bitmap_free};
    }
  }
  return set;
}

}  // namespace

Result<std::unique_ptr<NodeMemory>> NodeMemory::create(const Topology& topology,
                                                       std::span<const unsigned> nodes) {
  if (nodes.empty()) return error(EINVAL, "make memory on NUMA nodes", "name at least one");
  for (const unsigned node : nodes) {
    if (node_object(topology, node) == nullptr) {
      return error(EINVAL, "make memory on NUMA nodes", "name nodes that the machine has");
    }
  }
  std::unique_ptr<NodeMemory> memory(new NodeMemory(topology, nodes));
  // Once to see whether it works at all, so that unbound() knows before the first block.
  void* const page = internal::map_aligned(kSmallPage, kSmallPage);
  if (page == MAP_FAILED) return error(errno, "map a page");
  memory->bind(page, kSmallPage);
  ::munmap(page, kSmallPage);
  return memory;
}

std::optional<OsError> NodeMemory::unbound() const noexcept {
  const int code = refused_.load(std::memory_order_relaxed);
  if (code == 0) return std::nullopt;
  const char* remedy = "";
  if (code == EPERM) remedy = "let the container use mbind(2), e.g. with CAP_SYS_NICE";
  if (!topology_.is_this_system()) remedy = "a synthetic machine has no memory";
  return OsError{code, "bind memory to a NUMA node", remedy};
}

std::size_t NodeMemory::page_for(std::size_t bytes) const noexcept {
  // Below that, huge pages would put more on one node than on another.
  return bytes / nodes_.size() >= kHugePage ? kHugePage : kSmallPage;
}

void* NodeMemory::do_allocate(std::size_t bytes, std::size_t alignment) {
  const std::size_t page = page_for(bytes);
  const std::size_t aligned = std::max(page, alignment);
  if (bytes > std::numeric_limits<std::size_t>::max() - page - aligned) throw std::bad_alloc();
  const std::size_t size = align_up<std::size_t>(std::max<std::size_t>(bytes, 1), page);
  void* const block = internal::map_aligned(size, aligned);
  if (block == MAP_FAILED) throw std::bad_alloc();
  bind(block, size);
  // Where huge pages are switched off or unknown, this fails, and small ones do.
  if (page == kHugePage) ::madvise(block, size, MADV_HUGEPAGE);
  return block;
}

void NodeMemory::do_deallocate(void* block, std::size_t bytes, std::size_t /*alignment*/) {
  ::munmap(block, align_up<std::size_t>(std::max<std::size_t>(bytes, 1), page_for(bytes)));
}

void NodeMemory::bind(void* block, std::size_t bytes) noexcept {
  int code = ENOTSUP;  // on a synthetic machine hwloc would pretend to succeed
  if (topology_.is_this_system()) {
    const Nodeset set = nodeset(topology_, nodes_);
    const auto policy = nodes_.size() == 1 ? HWLOC_MEMBIND_BIND : HWLOC_MEMBIND_INTERLEAVE;
    constexpr int kFlags = HWLOC_MEMBIND_STRICT | HWLOC_MEMBIND_BYNODESET;
    const bool bound = set && hwloc_set_area_membind(topology_.native_handle(), block, bytes,
                                                     set.get(), policy, kFlags) == 0;
    code = bound ? 0 : set ? errno : ENOMEM;
  }
  if (code != 0) refused_.store(code, std::memory_order_relaxed);
}

Result<std::vector<unsigned>> nodes_of(const Topology& topology,
                                       std::span<const std::byte> memory) {
  if (!topology.is_this_system()) {
    return error(ENOTSUP, "locate memory", "a synthetic machine has no memory");
  }
  const Nodeset set = empty_set();
  if (!set) return error(ENOMEM, "allocate a nodeset");
  if (hwloc_get_area_memlocation(topology.native_handle(), memory.data(), memory.size(), set.get(),
                                 HWLOC_MEMBIND_BYNODESET) != 0) {
    return error(errno, "locate memory", "let the container use move_pages(2)");
  }
  std::vector<unsigned> nodes;
  for (unsigned node = 0; node < topology.numa_nodes(); ++node) {
    const hwloc_obj_t object = node_object(topology, node);
    if (object != nullptr && hwloc_bitmap_isset(set.get(), object->os_index) != 0) {
      nodes.push_back(node);
    }
  }
  return nodes;
}

Result<void> prefer_memory_of(const Topology& topology, unsigned node) {
  if (!topology.is_this_system()) {
    return error(ENOTSUP, "prefer a NUMA node", "a synthetic machine has no memory");
  }
  const Nodeset set = nodeset(topology, std::span(&node, 1));
  if (!set) return error(EINVAL, "prefer a NUMA node", "name one that the machine has");
  if (hwloc_set_membind(topology.native_handle(), set.get(), HWLOC_MEMBIND_BIND,
                        HWLOC_MEMBIND_THREAD | HWLOC_MEMBIND_BYNODESET) != 0) {
    return error(errno, "prefer a NUMA node", "let the container use set_mempolicy(2)");
  }
  return {};
}

}  // namespace quintet::platform
