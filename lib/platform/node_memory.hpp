// SPDX-License-Identifier: MIT
#pragma once
#include <atomic>
#include <cstddef>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <vector>

#include "platform/os_error.hpp"
#include "platform/topology.hpp"

// Memory on chosen NUMA nodes, numbered as in ProcessingUnit::numa_node. Binding is a wish that
// the kernel or a container may refuse; then memory is handed out all the same, and says why.
namespace quintet::platform {

// A memory resource whose blocks lie on one node, strictly, or page by page in turn on several.
// Each block is a mapping of its own, so put a std::pmr pool before it for small ones. A block
// that has 2 MiB for every node is backed by huge pages where the kernel has them.
// A page comes into being when it is touched first: a node that has run out by then is swapped
// or killed for, as for any memory.
// Threading: any thread may allocate and deallocate. Must outlive its blocks.
class NodeMemory final : public std::pmr::memory_resource {
 public:
  // Errors: EINVAL for no node, or one that the machine does not have.
  [[nodiscard]] static Result<std::unique_ptr<NodeMemory>> create(const Topology& topology,
                                                                  std::span<const unsigned> nodes);

  // Nothing if every block so far was bound; else why one was not: ENOTSUP for a synthetic
  // machine, where nothing is bound, else what the kernel said.
  [[nodiscard]] std::optional<OsError> unbound() const noexcept;

  [[nodiscard]] const std::vector<unsigned>& nodes() const noexcept { return nodes_; }

 private:
  NodeMemory(const Topology& topology, std::span<const unsigned> nodes)
      : topology_(topology), nodes_(nodes.begin(), nodes.end()) {}

  void* do_allocate(std::size_t bytes, std::size_t alignment) override;
  void do_deallocate(void* block, std::size_t bytes, std::size_t alignment) override;
  [[nodiscard]] bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override {
    return this == &other;
  }

  [[nodiscard]] std::size_t page_for(std::size_t bytes) const noexcept;
  void bind(void* block, std::size_t bytes) noexcept;

  Topology topology_;
  std::vector<unsigned> nodes_;
  std::atomic<int> refused_ = 0;  // errno of the last refusal; relaxed: it is only told
};

// The nodes on which pages of `memory` lie, in order. Pages that were never touched lie nowhere.
// Errors: ENOTSUP for a synthetic machine, and what the kernel says.
[[nodiscard]] Result<std::vector<unsigned>> nodes_of(const Topology& topology,
                                                     std::span<const std::byte> memory);

// From now on, pages that the calling thread touches first come from `node` while it has any,
// whatever policy the process was started with. Errors: ENOTSUP for a synthetic machine, EINVAL
// for a node that it does not have, and what the kernel says.
[[nodiscard]] Result<void> prefer_memory_of(const Topology& topology, unsigned node);

}  // namespace quintet::platform
