// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "allocator/allocator.hpp"
#include "allocator/test/world/bounded_memory.hpp"

// Allocators over BoundedMemory whose shapes are small, for checks of one thread.
namespace quintet::allocator::world {

// Small enough that regions, spans and slabs run out all the time; pages are real ones.
template <Fault kInjected = Fault::kNone, Hardening kLevel = Hardening::kFast>
struct SmallTraits : StandardTraits {
  static constexpr Shape kShape{.unit_shift = 12,
                                .page_shift = 12,
                                .region_bytes = 8 * kMiB,
                                .smallest_region = 256 * kKiB,
                                .growth_bytes = 64 * kKiB,
                                .retained_bytes = 64 * kKiB,
                                .carve_bytes = 512,
                                .at_hand_bytes = 4 * kKiB,
                                .remote_bytes = 512,
                                .quarantine_bytes = 64 * kKiB,
                                .largest_units_shift = 2,
                                .span_bins = 64,
                                .arenas = 2};
  static constexpr Hardening kHardening = kLevel;
  static constexpr Fault kFault = kInjected;
};
template <Fault kFault = Fault::kNone, Hardening kLevel = Hardening::kFast>
using SmallAllocator = Allocator<BoundedMemory, StdAtomics, SmallTraits<kFault, kLevel>>;

// The same with units of four pages, of which sampled blocks (guard_pages.hpp) have up to two.
template <Fault kInjected = Fault::kNone>
struct SampledTraits : StandardTraits {
  static constexpr Shape kShape = [] {
    Shape shape = SmallTraits<>::kShape;
    shape.unit_shift = 14;
    shape.region_bytes = 32 * kMiB;
    return shape;
  }();
  static constexpr Hardening kHardening = Hardening::kParanoid;
  static constexpr Fault kFault = kInjected;
};

// Every fifth block that may be is sampled.
template <Fault kFault = Fault::kNone>
class SampledAllocator : public Allocator<BoundedMemory, StdAtomics, SampledTraits<kFault>> {
 public:
  SampledAllocator() { this->sample_one_in(5); }
};

}  // namespace quintet::allocator::world
