// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "allocator/block_allocator.hpp"
#include "allocator/guards.hpp"

// The allocator of the hardening levels above kFast: what is freed is looked at first, and what is
// found is reported and not freed.
// Threading: allocator.hpp.
namespace quintet::allocator {

template <class Env>
class GuardedAllocator : public BlockAllocator<Env> {
 public:
  using Base = BlockAllocator<Env>;
  using G = typename Env::G;
  using H = typename Base::H;
  using Found = typename Base::Found;
  using Guard = Guards<Env>;
  using Base::kMostBytes;
  static constexpr bool kTrailers = Guard::kTrailers;

  [[nodiscard]] std::byte* allocate(H& heap, std::size_t size) {
    if (size > kMostBytes) return nullptr;
    if (std::byte* const block = sample(heap, size, kGrain)) return block;
    const std::size_t padded = Guard::padded(size);
    std::byte* const block = Base::allocate(heap, padded);
    if (block == nullptr || padded > G::kLargest) return give(block, size);
    return give(*Base::shared().regions.find(block), block, facts_for(padded).bytes, size);
  }
  [[nodiscard]] std::byte* allocate_zeroed(H& heap, std::size_t count, std::size_t size) {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > kMostBytes) return nullptr;
    if (kTrailers && Guard::padded(bytes) <= G::kLargest) {
      // What was written to the free block must be seen before it is gone.
      std::byte* const block = allocate(heap, bytes);
      if (block != nullptr) std::memset(block, 0, bytes);
      return block;
    }
    return give(Base::allocate_zeroed(heap, 1, Guard::padded(bytes)), bytes);
  }
  [[nodiscard]] std::byte* allocate_aligned(H& heap, std::size_t size, std::size_t alignment) {
    if (size > kMostBytes) return nullptr;
    if (std::byte* const block = sample(heap, size, std::max(alignment, kGrain))) return block;
    return give(Base::allocate_aligned(heap, Guard::padded(size), alignment), size);
  }

  void free(H& heap, void* pointer) { free_as(heap, pointer, BlockState::kNever, kAnySize); }
  // The same for one that was asked for as that kind, and with that size if it is given; kNever is
  // any kind. What does not match is reported, too, and not freed.
  static constexpr std::size_t kAnySize = ~std::size_t{0};
  void free_as(H& heap, void* pointer, BlockState kind, std::size_t size) {
    if (pointer == nullptr) return;
    const Found found = Base::find(pointer);
    auto* const block = static_cast<std::byte*>(pointer);
    if (!is_block_in_use(found, pointer)) return;
    if (kind != BlockState::kNever && !matches(found, block, kind, size)) return;
    if (kTrailers && !is_intact(found, block)) return;
    take_back(heap, found, block);
  }

  [[nodiscard]] std::byte* reallocate(H& heap, void* pointer, std::size_t size) {
    if (pointer == nullptr) return allocate(heap, size);
    const Found found = Base::find(pointer);
    auto* const block = static_cast<std::byte*>(pointer);
    if (size > kMostBytes || !is_block_in_use(found, pointer)) return nullptr;
    if (kTrailers && !is_intact(found, block)) return nullptr;
    if (resize(heap, found, block, size)) return block;
    std::byte* const moved = allocate(heap, size);
    if (moved == nullptr) return nullptr;
    std::memcpy(moved, block, std::min(usable_size(found, block), size));
    keep_state(found, block, moved);
    take_back(heap, found, block);
    return moved;
  }
  [[nodiscard]] bool resize_in_place(H& heap, void* pointer, std::size_t size) {
    const Found found = Base::find(pointer);
    return found.is_block && size <= kMostBytes &&
           resize(heap, found, static_cast<std::byte*>(pointer), size);
  }

  [[nodiscard]] std::size_t usable_size(const void* pointer) {
    const Found found = Base::find(pointer);
    return found.is_block ? usable_size(found, static_cast<const std::byte*>(pointer)) : 0;
  }
  [[nodiscard]] static std::size_t good_size(std::size_t size) {
    return kTrailers ? size : Base::good_size(size);
  }

  // How a block in use was asked for; for kParanoid, which finds mismatches.
  void set_kind(const void* pointer, BlockState kind) {
    const Found found = Base::find(pointer);
    if (found.is_block) {
      Guard::set_state(*found.region, static_cast<const std::byte*>(pointer), kind);
    }
  }
  // About one in so many allocations is sampled from now on, or with 0 none (guard_pages.hpp).
  // Requires: nothing else runs.
  void sample_one_in([[maybe_unused]] std::uint32_t rate) {
    if constexpr (Env::kSamples) {
      Base::shared().guard_pages.rate = rate;
      const Locked locked(Base::pool().lock());
      Base::pool().for_each([](H& heap) { heap.samples().begin_anew(); });
    }
  }

 private:
  // What every block is aligned to here, whatever its size.
  static constexpr std::size_t kGrain = 16;

  // A block between guard pages, if this one is to be sampled, and can be; or null.
  [[nodiscard]] std::byte* sample([[maybe_unused]] H& heap, [[maybe_unused]] std::size_t size,
                                  [[maybe_unused]] std::size_t alignment) {
    if constexpr (Env::kSamples) {
      if (size <= GuardPages<Env>::kMostBytes && heap.samples().count_down()) [[unlikely]] {
        return sample_now(heap, size, alignment);
      }
    }
    return nullptr;
  }
  [[nodiscard, gnu::noinline, gnu::cold]] std::byte* sample_now(H& heap, std::size_t size,
                                                                std::size_t alignment) {
    auto& pages = Base::shared().guard_pages;
    const std::uint64_t seed = Env::Os::secret() ^ (heap.number() * 0x9E3779B97F4A7C15);
    if (!heap.samples().is_next(pages.rate, seed) || alignment > G::kPage) return nullptr;
    std::byte* const block = pages.allocate(Base::shared(), heap, size, alignment);
    if (block != nullptr) {
      Guard::set_state(*Base::find(block).region, block, BlockState::kMalloc);
    }
    return block;
  }
  [[nodiscard]] static bool is_sampled(const Found& found) {
    return Env::kSamples && found.size_class() == G::kSampledClass;
  }

  // Requires: size <= G::kLargest.
  [[nodiscard]] static const BlockFacts& facts_for(std::size_t size) {
    return kBlockFacts<Env::kShape>[H::class_for(size)];
  }

  // What is just allocated becomes a user's; null is fine.
  [[nodiscard]] std::byte* give(std::byte* block, std::size_t size) {
    if (block == nullptr) return nullptr;
    const Found found = Base::find(block);
    return give(*found.region, block, Base::usable_size(found), size);
  }
  [[nodiscard]] std::byte* give(const Region<Env>& region, std::byte* block, std::uint64_t bytes,
                                std::size_t size) {
    if constexpr (kTrailers) {
      const bool was_free = Guard::state(region, block) == BlockState::kFree;
      if (was_free && !Guard::is_wiped(block, bytes)) {
        Base::os().report(Misuse::kAfterFree, block);
      }
      // A free block is zero but for its link; where none was, an older slab may have been.
      std::memset(block, 0, was_free || bytes > G::kUnit ? sizeof(void*) : bytes);
      Guard::seal(block, bytes, size);
    }
    Guard::set_state(region, block, BlockState::kMalloc);
    return block;
  }

  // Reports what was asked for in another way than it is freed. Requires: a block in use.
  [[nodiscard]] bool matches(const Found& found, const std::byte* block, BlockState kind,
                             std::size_t size) {
    if (Guard::state(*found.region, block) != kind) {
      return Base::os().report(Misuse::kWrongKind, block), false;
    }
    if (!kTrailers || size == kAnySize || usable_size(found, block) == size) return true;
    // Without its trailer nobody knows what size it was: what has happened to it is said later.
    if (!is_sampled(found) && !Guard::has_trailer(block, Base::usable_size(found))) return true;
    return Base::os().report(Misuse::kWrongSize, block), false;
  }

  // Reports what is none.
  [[nodiscard]] bool is_block_in_use(const Found& found, const void* pointer) {
    if (!found.is_block) {
      Base::os().report(found.region == nullptr ? Misuse::kForeign : Misuse::kMisaligned, pointer);
      return false;
    }
    const BlockState state = Guard::state(*found.region, static_cast<const std::byte*>(pointer));
    if (Guard::is_in_use(state)) return true;
    Base::os().report(state == BlockState::kFree ? Misuse::kDoubleFree : Misuse::kMisaligned,
                      pointer);
    return false;
  }

  // Reports bytes that were changed behind the block, or before it.
  [[nodiscard]] bool is_intact(const Found& found, std::byte* block) {
    if constexpr (Env::kSamples) {
      if (is_sampled(found)) return is_sample_intact(found, block);
    }
    const std::uint64_t bytes = Base::usable_size(found);
    if (!Guard::is_sealed(block, bytes)) {
      return Base::os().report(Misuse::kOverflow, block), false;
    }
    const std::byte* const start = found.region->address(found.unit);
    if (block == start) return true;
    std::byte* const before = block - bytes;
    if (Guard::state(*found.region, before) != BlockState::kNever &&
        !Guard::has_trailer(before, bytes)) {
      return Base::os().report(Misuse::kUnderflow, block), false;
    }
    return true;
  }

  [[nodiscard]] bool is_sample_intact(const Found& found, std::byte* block) {
    using Pages = GuardPages<Env>;
    const Slab<Env>* const slab = found.region->slab(found.unit);
    if (!Pages::is_intact_behind(*found.region, slab)) {
      return Base::os().report(Misuse::kOverflow, block), false;
    }
    if (!Pages::is_intact_before(*found.region, slab)) {
      return Base::os().report(Misuse::kUnderflow, block), false;
    }
    return true;
  }

  void take_back(H& heap, const Found& found, std::byte* block) {
    if constexpr (Env::kSamples) {
      if (is_sampled(found)) {
        Slab<Env>* const slab = found.region->slab(found.unit);
        return Base::shared().guard_pages.free(Base::shared(), *found.region, slab);
      }
    }
    Guard::set_state(*found.region, block, BlockState::kFree);
    if constexpr (kTrailers) {
      const bool is_large = found.size_class() == G::kLargeClass;
      is_large ? forget(found, block) : Guard::wipe(block, Base::usable_size(found));
      if (!is_large && (found.word ^ heap.tag()) < kClasses) {
        auto& quarantine = heap.quarantine();
        for (auto kept = quarantine.make_room(found.size_class()); kept.block != nullptr;
             kept = quarantine.make_room(found.size_class())) {
          look_again(kept.block, kBlockFacts<Env::kShape>[kept.size_class].bytes);
          heap.free_own(kept.block, kept.size_class);
        }
        return quarantine.put(block, found.size_class());
      }
    }
    Base::free(heap, block);
  }

  // Makes a large object zero, which takes no time in proportion to it where the system helps.
  void forget(const Found& found, std::byte* block) {
    const std::uint64_t bytes = Base::usable_size(found);
    if (!Base::os().decommit(block, bytes)) std::memset(block, 0, bytes);
  }

  // Reports what was written to a block while it was in quarantine.
  void look_again(std::byte* block, std::uint64_t bytes) {
    if (Guard::is_wiped_for_link(block, bytes)) return;
    Base::os().report(Misuse::kAfterFree, block);
    Guard::wipe(block, bytes);
  }

  void keep_state(const Found& found, const std::byte* block, const std::byte* moved) {
    const Found to = Base::find(moved);
    Guard::set_state(*to.region, moved, Guard::state(*found.region, block));
  }

  [[nodiscard]] bool resize(H& heap, const Found& found, std::byte* block, std::size_t size) {
    if constexpr (kTrailers) {
      // Where a sampled block ends does not change.
      if (is_sampled(found)) return size == usable_size(found, block);
      const std::uint64_t bytes = Base::usable_size(found);
      const std::size_t wish = Guard::padded(size);
      if (wish > bytes || wish < bytes / 2) return false;
      Guard::seal(block, bytes, size);
      return true;
    } else {
      return Base::resize_in_place(heap, block, size);
    }
  }

  [[nodiscard]] std::size_t usable_size(const Found& found, const std::byte* block) const {
    if constexpr (Env::kSamples) {
      if (is_sampled(found)) return found.region->slab(found.unit)->sampled_bytes();
    }
    const std::uint64_t bytes = Base::usable_size(found);
    if constexpr (!kTrailers) return bytes;
    return std::min(Guard::sealed_size(block, bytes), bytes - Guard::kTrailer);
  }
};

}  // namespace quintet::allocator
