// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "platform/os_error.hpp"

// A private anonymous mapping, owned: readable, writable, zero when fresh, unmapped on
// destruction. Its size is a whole number of pages of the backing, and its start is aligned to
// one. Move-only; a moved-from map is empty. Not thread-safe, the memory itself is plain memory.
namespace quintet::platform {

enum class Backing : std::uint8_t {
  k4K,               // 4 KiB pages, also where the system prefers huge ones
  kTransparentHuge,  // 2 MiB pages where the kernel finds them, 4 KiB pages elsewhere
  kHugeTlb,          // 2 MiB pages from the reserved pool (vm.nr_hugepages), all or nothing
};

// Bytes of the pages that a backing hands out: 4 KiB or 2 MiB.
[[nodiscard]] std::size_t page_bytes(Backing backing) noexcept;

class MemoryMap {
 public:
  MemoryMap() = default;

  // Maps at least `bytes`, rounded up to whole pages. Nothing is committed yet.
  // Errors: EINVAL for 0 bytes or a size that overflows; ENOTSUP when transparent huge pages are
  // wanted and switched off; whatever mmap(2) and madvise(2) report.
  [[nodiscard]] static Result<MemoryMap> create(std::size_t bytes, Backing backing = Backing::k4K);

  MemoryMap(MemoryMap&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        backing_(other.backing_) {}
  MemoryMap& operator=(MemoryMap&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(backing_, other.backing_);
    return *this;
  }
  ~MemoryMap();

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return {data_, size_}; }
  [[nodiscard]] Backing backing() const noexcept { return backing_; }

  // Commits every page now, so that later accesses do not fault. Contents do not change.
  // O(size). Errors: ENOMEM (or EFAULT) when memory runs out.
  [[nodiscard]] Result<void> prefault();

  // Gives the pages of [offset, offset + bytes) back; they read as zero from then on.
  // Errors: EINVAL unless both are multiples of the page size and inside the mapping.
  [[nodiscard]] Result<void> decommit(std::size_t offset, std::size_t bytes);

 private:
  MemoryMap(std::byte* data, std::size_t size, Backing backing) noexcept
      : data_(data), size_(size), backing_(backing) {}

  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  Backing backing_ = Backing::k4K;
};

namespace internal {
// Anonymous memory of whole pages at a multiple of `alignment`, or MAP_FAILED with errno set.
// Requires: `bytes` and `alignment` are multiples of 4 KiB whose sum does not overflow.
[[nodiscard]] void* map_aligned(std::size_t bytes, std::size_t alignment) noexcept;
// Commits by touching a byte per 4 KiB: for kernels before 5.14, without MADV_POPULATE_WRITE.
void touch_pages(std::span<std::byte> bytes) noexcept;
}  // namespace internal

}  // namespace quintet::platform
