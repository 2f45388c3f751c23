// SPDX-License-Identifier: MIT
// malloc() and its relatives, as libquintet-malloc.so exports them.
//
// The rules are those of C23, POSIX.1-2024 and the GNU C library, where they differ those of the
// latter: ENOMEM for what cannot be had, EINVAL for alignments that are none, realloc(p, 0) frees
// and returns null, free() leaves errno alone. test/preload/ has them row by row.
#include <malloc.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "allocator/process.hpp"
#include "allocator/statistics.hpp"
#include "base/bits.hpp"

// An alias has what its target has.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmissing-attributes"
#endif

#define QT_EXPORT extern "C" [[gnu::visibility("default")]]
#define QT_ALIAS(name) extern "C" [[gnu::alias(#name), gnu::visibility("default")]]

namespace {

namespace ours = quintet::allocator;

void* or_no_memory(void* block) {
  if (block == nullptr) [[unlikely]]
    errno = ENOMEM;
  return block;
}
[[gnu::noinline]] void* allocate_or_no_memory(std::size_t size) {
  return or_no_memory(ours::allocate_slowly(size));
}
[[gnu::noinline]] void* allocate_aligned_or_no_memory(std::size_t size, std::size_t alignment) {
  return or_no_memory(ours::allocate_aligned_slowly(size, alignment));
}
[[gnu::noinline, gnu::cold]] void* refuse_alignment() {
  errno = EINVAL;
  return nullptr;
}
bool is_power_of_two(std::size_t word) { return quintet::is_power_of_two<std::size_t>(word); }

std::size_t page_size() { return ours::ProcessAllocator::G::kPage; }

void* aligned(std::size_t alignment, std::size_t size) {
  if (!is_power_of_two(alignment)) [[unlikely]]
    return refuse_alignment();
  if (void* const block = ours::aligned_at_hand(size, alignment)) [[likely]]
    return block;
  return allocate_aligned_or_no_memory(size, alignment);
}

std::size_t alignment_of(int flags) { return std::size_t{1} << (flags & 63); }

// What realloc() does, for others here: a call of that name would be whoever's comes first.
void* resized(void* pointer, std::size_t size) {
  if (pointer != nullptr && size == 0) {
    ours::free_as(ours::Kind::kMalloc, pointer);
    return nullptr;
  }
  return or_no_memory(ours::reallocate(pointer, size));
}

struct mallinfo2 numbers() {
  const ours::Statistics now = ours::statistics();
  struct mallinfo2 info{};
  info.arena = now.committed_bytes;
  info.uordblks = now.used_bytes;
  info.fordblks = now.retained_bytes;
  info.keepcost = now.retained_bytes;
  return info;
}

}  // namespace

QT_EXPORT void* malloc(std::size_t size) noexcept {
  if (void* const block = ours::at_hand(size)) [[likely]]
    return block;
  return allocate_or_no_memory(size);
}
QT_EXPORT void free(void* pointer) noexcept { ours::free_as(ours::Kind::kMalloc, pointer); }

QT_EXPORT void* calloc(std::size_t count, std::size_t size) noexcept {
  return or_no_memory(ours::allocate_zeroed(count, size));
}
QT_EXPORT void* realloc(void* pointer, std::size_t size) noexcept { return resized(pointer, size); }
QT_EXPORT void* reallocarray(void* pointer, std::size_t count, std::size_t size) noexcept {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  return resized(pointer, bytes);
}
// BSD: the old block is freed also if there is no new one.
QT_EXPORT void* reallocf(void* pointer, std::size_t size) noexcept {
  void* const block = resized(pointer, size);
  if (block == nullptr && size != 0) ours::free_as(ours::Kind::kMalloc, pointer);
  return block;
}
// NetBSD: an error number; *pointer keeps its value on failure.
QT_EXPORT int reallocarr(void* pointer, std::size_t count, std::size_t size) noexcept {
  const int saved = errno;
  void* old = nullptr;
  std::memcpy(&old, pointer, sizeof old);
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes)) return EOVERFLOW;
  void* const block = resized(old, bytes);
  errno = saved;
  if (block == nullptr && bytes != 0) return ENOMEM;
  std::memcpy(pointer, static_cast<void* const*>(&block), sizeof block);
  return 0;
}

QT_EXPORT int posix_memalign(void** pointer, std::size_t alignment, std::size_t size) noexcept {
  if (!is_power_of_two(alignment) || alignment % sizeof(void*) != 0) return EINVAL;
  void* const block = ours::allocate_aligned(size, alignment);
  if (block == nullptr) return ENOMEM;
  *pointer = block;
  return 0;
}
QT_EXPORT void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return aligned(alignment, size);
}
// GNU's own, and as there: what is no power of two counts as the next one.
QT_EXPORT void* memalign(std::size_t alignment, std::size_t size) noexcept {
  constexpr std::size_t kMost = SIZE_MAX / 2 + 1;
  return aligned(alignment > kMost ? 0 : std::bit_ceil(alignment), size);
}
QT_EXPORT void* _aligned_malloc(std::size_t size, std::size_t alignment) noexcept {
  return aligned(alignment, size);
}
QT_EXPORT void* valloc(std::size_t size) noexcept { return aligned(page_size(), size); }
QT_EXPORT void* pvalloc(std::size_t size) noexcept {
  const std::size_t page = page_size();
  if (size > SIZE_MAX - (page - 1)) return or_no_memory(nullptr);
  return aligned(page, (size + page - 1) & ~(page - 1));
}

QT_EXPORT std::size_t malloc_usable_size(void* pointer) noexcept {
  return ours::usable_size(pointer);
}
QT_EXPORT std::size_t malloc_size(const void* pointer) noexcept {
  return ours::usable_size(pointer);
}
QT_EXPORT std::size_t malloc_good_size(std::size_t size) noexcept {
  return ours::ProcessAllocator::good_size(size);
}
QT_EXPORT void free_sized(void* pointer, std::size_t size) noexcept {
  ours::free_as(ours::Kind::kMalloc, pointer, size);
}
QT_EXPORT void free_aligned_sized(void* pointer, std::size_t, std::size_t size) noexcept {
  ours::free_as(ours::Kind::kMalloc, pointer, size);
}
QT_ALIAS(free) void cfree(void* pointer) noexcept;
QT_ALIAS(free) void vfree(void* pointer) noexcept;

// jemalloc's names for the same; flags hold log2 of the alignment in the low six bits, and 0x40
// for zeroed memory. These three are all there are: programs that take an allocator for jemalloc
// when they find its names look for others, too, and go on to call mallctl().
QT_EXPORT void* mallocx(std::size_t size, int flags) noexcept {
  void* const block = ours::allocate_aligned(size, alignment_of(flags));
  if (block != nullptr && (flags & 64) != 0) std::memset(block, 0, size);
  return block;
}
QT_EXPORT void sdallocx(void* pointer, std::size_t size, int) noexcept {
  ours::free_as(ours::Kind::kMalloc, pointer, size);
}
QT_EXPORT std::size_t nallocx(std::size_t size, int flags) noexcept {
  const std::size_t rest = alignment_of(flags) - 1;
  if (rest > PTRDIFF_MAX || size > PTRDIFF_MAX - rest) return 0;
  return ours::ProcessAllocator::good_size((size + rest) & ~rest);
}

QT_EXPORT int malloc_trim(std::size_t) noexcept {
  const std::uint64_t before = ours::statistics().purged_bytes;
  ours::collect(true);
  return ours::statistics().purged_bytes > before ? 1 : 0;
}
// Its parameters are those of another allocator: all are accepted, none does anything.
QT_EXPORT int mallopt(int, int) noexcept { return 1; }
QT_EXPORT struct mallinfo2 mallinfo2() noexcept { return numbers(); }
QT_EXPORT struct mallinfo mallinfo() noexcept {
  const struct mallinfo2 wide = numbers();
  struct mallinfo info{};
  info.arena = static_cast<int>(wide.arena);
  info.uordblks = static_cast<int>(wide.uordblks);
  info.fordblks = static_cast<int>(wide.fordblks);
  info.keepcost = static_cast<int>(wide.keepcost);
  return info;
}
QT_EXPORT void malloc_stats() noexcept {
  ours::print_statistics(STDERR_FILENO, ours::StatisticsForm::kText);
}
QT_EXPORT int malloc_info(int options, std::FILE* stream) noexcept {
  if (options != 0) {
    errno = EINVAL;
    return -1;
  }
  const ours::Statistics now = ours::statistics();
  std::fprintf(stream,
               "<malloc version=\"1\"><heap nr=\"0\">"
               "<system type=\"current\" size=\"%llu\"/><aspace type=\"total\" size=\"%llu\"/>"
               "</heap></malloc>\n",
               static_cast<unsigned long long>(now.used_bytes + now.retained_bytes),
               static_cast<unsigned long long>(now.committed_bytes));
  return 0;
}

// Programs that ask the C library for its own find these.
QT_ALIAS(malloc) void* __libc_malloc(std::size_t size) noexcept;
QT_ALIAS(calloc) void* __libc_calloc(std::size_t count, std::size_t size) noexcept;
QT_ALIAS(realloc) void* __libc_realloc(void* pointer, std::size_t size) noexcept;
QT_ALIAS(free) void __libc_free(void* pointer) noexcept;
QT_ALIAS(free) void __libc_cfree(void* pointer) noexcept;
QT_ALIAS(memalign) void* __libc_memalign(std::size_t alignment, std::size_t size) noexcept;
QT_ALIAS(valloc) void* __libc_valloc(std::size_t size) noexcept;
QT_ALIAS(pvalloc) void* __libc_pvalloc(std::size_t size) noexcept;
QT_ALIAS(posix_memalign)
int __posix_memalign(void** pointer, std::size_t alignment, std::size_t size) noexcept;
