// SPDX-License-Identifier: MIT
#include "baselines/table_source.hpp"

#include <malloc.h>
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include "baselines/x86_bits.hpp"

namespace quintet::baselines {
namespace {

constexpr std::size_t kStride = 2 * x86::kTableBytes;        // one page of header, one of table
constexpr std::size_t kRegionBytes = std::size_t{64} << 20;  // address space; touched as handed out
constexpr std::uint64_t kHeader = x86::kTableBytes + 16 + 1;  // a chunk's size, as glibc stores it
constexpr std::uint64_t kZero = 0;

}  // namespace

FreshNoFree::~FreshNoFree() {
  for (std::byte* region : regions_) munmap(region, kRegionBytes);
}

void FreshNoFree::map_region() {
  regions_.reserve(regions_.size() + 1);
  void* const region = mmap(nullptr, kRegionBytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (region == MAP_FAILED) throw std::bad_alloc();
  next_ = static_cast<std::byte*>(region);
  end_ = next_ + kRegionBytes;
  regions_.push_back(next_);
}

std::uint64_t FreshNoFree::allocate() {
  if (next_ == end_) map_region();
  std::byte* const table = next_ + x86::kTableBytes;
  std::memcpy(table - sizeof(kHeader), &kHeader, sizeof(kHeader));
  std::memcpy(table, &kZero, sizeof(kZero));
  next_ += kStride;
  return reinterpret_cast<std::uint64_t>(table);
}

ZeroAndFree::~ZeroAndFree() { malloc_trim(0); }

std::uint64_t ZeroAndFree::allocate() {
  void* const table = std::aligned_alloc(x86::kTableBytes, x86::kTableBytes);
  if (table == nullptr) throw std::bad_alloc();
  std::memset(table, 0, x86::kTableBytes);
  return reinterpret_cast<std::uint64_t>(table);
}

void ZeroAndFree::release(std::uint64_t table) noexcept { std::free(x86::table_at(table)); }

}  // namespace quintet::baselines
