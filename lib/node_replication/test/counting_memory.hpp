// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <new>

namespace quintet::node_replication {

// Counts what it gave and has not got back, and fails at a chosen allocation.
class CountingMemory : public std::pmr::memory_resource {
 public:
  std::size_t allocations = 0;
  std::size_t fails_at = SIZE_MAX;
  std::ptrdiff_t outstanding = 0;

 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    if (allocations++ == fails_at) throw std::bad_alloc();
    ++outstanding;
    return std::pmr::new_delete_resource()->allocate(bytes, alignment);
  }
  void do_deallocate(void* p, std::size_t bytes, std::size_t alignment) override {
    --outstanding;
    std::pmr::new_delete_resource()->deallocate(p, bytes, alignment);
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

}  // namespace quintet::node_replication
