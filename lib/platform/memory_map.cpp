// SPDX-License-Identifier: MIT
#include "platform/memory_map.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <fstream>
#include <limits>
#include <string>

#include "base/align.hpp"
#include "base/units.hpp"

namespace quintet::platform {
namespace {

constexpr std::size_t kSmallPage = 4 * kKiB;
constexpr std::size_t kHugePage = 2 * kMiB;
constexpr int kProtection = PROT_READ | PROT_WRITE;
constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS;
// Linux 5.14; named here because older C libraries do not.
constexpr int kMadvPopulateWrite = 23;
// log2(2 MiB), where mmap(2) expects it: the default huge page may be another size.
constexpr int kMapHuge2M = 21 << 26;

std::unexpected<OsError> error(int code, const char* action, const char* remedy = "") {
  return std::unexpected(OsError{code, action, remedy});
}

bool transparent_huge_pages_off() {
  std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string modes;
  std::getline(file, modes);
  return !file || modes.find("[never]") != std::string::npos;
}

void* map_pages(std::size_t bytes, Backing backing) {
  switch (backing) {
    case Backing::k4K:
      return ::mmap(nullptr, bytes, kProtection, kFlags, -1, 0);
    case Backing::kTransparentHuge:
      return internal::map_aligned(bytes, kHugePage);
    case Backing::kHugeTlb:
      return ::mmap(nullptr, bytes, kProtection, kFlags | MAP_HUGETLB | kMapHuge2M, -1, 0);
  }
  return MAP_FAILED;
}

}  // namespace

std::size_t page_bytes(Backing backing) noexcept {
  return backing == Backing::k4K ? kSmallPage : kHugePage;
}

Result<MemoryMap> MemoryMap::create(std::size_t bytes, Backing backing) {
  const std::size_t page = page_bytes(backing);
  if (bytes == 0 || bytes > std::numeric_limits<std::size_t>::max() - 2 * page) {
    return error(EINVAL, "map anonymous memory", "the size must be positive and fit memory");
  }
  if (backing == Backing::kTransparentHuge && transparent_huge_pages_off()) {
    return error(ENOTSUP, "map transparent huge pages",
                 "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled");
  }
  const std::size_t size = align_up<std::size_t>(bytes, page);
  void* const data = map_pages(size, backing);
  if (data == MAP_FAILED) {
    if (backing != Backing::kHugeTlb) return error(errno, "map anonymous memory");
    return error(errno, "map reserved huge pages", "raise vm.nr_hugepages");
  }
  MemoryMap map(static_cast<std::byte*>(data), size, backing);
  if (backing == Backing::kTransparentHuge && ::madvise(data, size, MADV_HUGEPAGE) != 0) {
    return error(errno, "ask for transparent huge pages");
  }
  // EINVAL: a kernel without transparent huge pages, where there is nothing to turn off.
  if (backing == Backing::k4K && ::madvise(data, size, MADV_NOHUGEPAGE) != 0 && errno != EINVAL) {
    return error(errno, "decline transparent huge pages");
  }
  return map;
}

MemoryMap::~MemoryMap() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

Result<void> MemoryMap::prefault() {
  if (size_ == 0 || ::madvise(data_, size_, kMadvPopulateWrite) == 0) return {};
  if (errno != EINVAL) return error(errno, "commit memory", "free some memory or ask for less");
  internal::touch_pages(bytes());
  return {};
}

Result<void> MemoryMap::decommit(std::size_t offset, std::size_t bytes) {
  const std::size_t page = page_bytes(backing_);
  const bool inside = offset <= size_ && bytes <= size_ - offset;
  if (!inside || !is_aligned(offset, page) || !is_aligned(bytes, page)) {
    return error(EINVAL, "decommit memory", "use whole pages inside the mapping");
  }
  if (bytes == 0) return {};
  if (::madvise(data_ + offset, bytes, MADV_DONTNEED) != 0) return error(errno, "decommit memory");
  return {};
}

// Reserves more than asked and trims both ends, because mmap aligns only to 4 KiB.
void* internal::map_aligned(std::size_t bytes, std::size_t alignment) noexcept {
  void* const raw = ::mmap(nullptr, bytes + alignment, kProtection, kFlags, -1, 0);
  if (raw == MAP_FAILED) return raw;
  auto* const start = static_cast<std::byte*>(raw);
  const auto address = reinterpret_cast<std::uintptr_t>(raw);
  const std::size_t before = align_up<std::uintptr_t>(address, alignment) - address;
  if (before > 0) ::munmap(start, before);
  ::munmap(start + before + bytes, alignment - before);
  return start + before;
}

void internal::touch_pages(std::span<std::byte> bytes) noexcept {
  for (std::size_t offset = 0; offset < bytes.size(); offset += kSmallPage) {
    volatile std::byte& byte = bytes[offset];
    byte = byte;  // the write commits, and keeps the contents
  }
}

}  // namespace quintet::platform
