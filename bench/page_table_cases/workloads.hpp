// SPDX-License-Identifier: MIT
#pragma once
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "page_table/address.hpp"
#include "page_table_cases/settings.hpp"
#include "platform/clock.hpp"
#include "support/case.hpp"
#include "support/flags.hpp"

// The workloads of figure 11 and beyond, each a function of an implementation `Impl` (see
// quintet_impl.hpp and rival_impl.hpp for the interface). A workload builds its state, times one
// loop, and checks the result of every operation inside that loop, as the paper's does.
// Unless said otherwise every page maps frame 0 and one thread runs (paper, section 4.2.3).
namespace quintet::bench::page_table_cases {

using page_table::PageSize;
using platform::Stopwatch;

inline constexpr std::uint64_t kPage = 4096;

// Runs op(i) for each i in [first, end) and returns the seconds, or a negative number when an
// operation failed.
template <class Op>
double time_loop(std::uint64_t first, std::uint64_t end, Op op) {
  bool ok = true;
  const Stopwatch watch;
  for (std::uint64_t i = first; i < end; ++i) {
    if (!op(i)) [[unlikely]] {
      ok = false;
      break;
    }
  }
  const double seconds = watch.seconds();
  return ok ? seconds : -1;
}

template <class Op>
bool run_loop(std::uint64_t first, std::uint64_t end, Op op) {
  return time_loop(first, end, op) >= 0;
}

inline Outcome per_op(double seconds, std::uint64_t ops) {
  if (seconds < 0) return fail("an operation of the workload failed");
  return Sample::per_op(seconds, ops);
}

// Tables that n sequential pages need, with room to spare.
inline std::uint64_t tables_for(std::uint64_t n) { return n / 512 + n / (512 * 512) + 8; }

// ---- the paper's workload -------------------------------------------------------------------
// Pages 0 .. n/100 first, untimed; then the next n in one interval.

inline std::uint64_t warm_up() { return pages() / 100; }

template <class Impl>
Outcome map_sequential() {
  pretouch();
  const std::uint64_t end = warm_up() + pages();
  Impl impl(tables_for(end));
  auto map = [&](std::uint64_t i) { return impl.map(i * kPage); };
  if (!run_loop(0, warm_up(), map)) return fail("warm-up failed");
  return per_op(time_loop(warm_up(), end, map), pages());
}

template <class Impl>
Outcome unmap_sequential() {
  pretouch();
  const std::uint64_t end = warm_up() + pages();
  Impl impl(tables_for(end));
  auto unmap = [&](std::uint64_t i) { return impl.unmap(i * kPage); };
  if (!run_loop(0, end, [&](std::uint64_t i) { return impl.map(i * kPage); }) ||
      !run_loop(0, warm_up(), unmap)) {
    return fail("warm-up failed");
  }
  return per_op(time_loop(warm_up(), end, unmap), pages());
}

template <class Impl>
Outcome resolve_sequential() {
  pretouch();
  const std::uint64_t end = warm_up() + pages();
  Impl impl(tables_for(end));
  auto resolve = [&](std::uint64_t i) { return impl.resolve(i * kPage); };
  if (!run_loop(0, end, [&](std::uint64_t i) { return impl.map(i * kPage); }) ||
      !run_loop(0, warm_up(), resolve)) {
    return fail("warm-up failed");
  }
  return per_op(time_loop(warm_up(), end, resolve), pages());
}

// ---- the same on memory in use ---------------------------------------------------------------
// Everything was mapped and unmapped once before, so tables are recycled, or still there.

template <class Impl>
Outcome map_warm() {
  pretouch();
  const std::uint64_t end = pages();
  Impl impl(tables_for(end));
  auto map = [&](std::uint64_t i) { return impl.map(i * kPage); };
  if (!run_loop(0, end, map) ||
      !run_loop(0, end, [&](std::uint64_t i) { return impl.unmap(i * kPage); })) {
    return fail("warm-up failed");
  }
  return per_op(time_loop(0, end, map), end);
}

// ---- random order ----------------------------------------------------------------------------

// Page numbers 0 .. n-1 in an order that depends on --seed only.
inline std::vector<std::uint32_t> shuffled(std::uint64_t n) {
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  std::shuffle(order.begin(), order.end(), std::mt19937_64(seed()));
  return order;
}

enum class RandomOp : std::uint8_t { kMap, kUnmap, kResolve };

template <class Impl, RandomOp kOp>
Outcome random_single() {
  pretouch();
  const auto order = shuffled(random_pages());
  Impl impl(tables_for(order.size()));
  if (kOp != RandomOp::kMap &&
      !run_loop(0, order.size(), [&](std::uint64_t i) { return impl.map(i * kPage); })) {
    return fail("filling failed");
  }
  const double seconds = time_loop(0, order.size(), [&](std::uint64_t i) {
    const std::uint64_t va = std::uint64_t{order[i]} * kPage;
    if constexpr (kOp == RandomOp::kMap) return impl.map(va);
    if constexpr (kOp == RandomOp::kUnmap) return impl.unmap(va);
    if constexpr (kOp == RandomOp::kResolve) return impl.resolve(va);
  });
  return per_op(seconds, order.size());
}

template <class Impl, RandomOp kOp>
Outcome random_batch() {
  pretouch();
  const auto order = shuffled(random_pages() / Impl::kBatch * Impl::kBatch);
  Impl impl(tables_for(order.size()));
  if (kOp != RandomOp::kMap &&
      !run_loop(0, order.size(), [&](std::uint64_t i) { return impl.map(i * kPage); })) {
    return fail("filling failed");
  }
  const std::span<const std::uint32_t> all(order);
  const double seconds = time_loop(0, order.size() / Impl::kBatch, [&](std::uint64_t i) {
    const auto batch = all.subspan(i * Impl::kBatch, Impl::kBatch);
    if constexpr (kOp == RandomOp::kMap) return impl.map_batch(batch);
    if constexpr (kOp == RandomOp::kUnmap) return impl.unmap_batch(batch);
    if constexpr (kOp == RandomOp::kResolve) return impl.resolve_batch(batch);
  });
  return per_op(seconds, order.size());
}

// ---- ranges ----------------------------------------------------------------------------------
// Consecutive ranges of k pages. Frames are not aligned to large pages, so that every
// implementation writes k leaves.

enum class RangeOp : std::uint8_t { kMapFresh, kMapWarm, kUnmap, kProtect };

template <class Impl, RangeOp kOp>
Outcome ranges(std::uint64_t k) {
  pretouch();
  const std::uint64_t count = std::max<std::uint64_t>(pages() / k, 1);
  const std::uint64_t bytes = k * kPage;
  Impl impl(tables_for(count * k));
  auto map = [&](std::uint64_t i) { return impl.map_range(i * bytes, i * bytes + kPage, bytes); };
  auto unmap = [&](std::uint64_t i) { return impl.unmap_range(i * bytes, bytes); };
  if constexpr (kOp == RangeOp::kMapFresh) return per_op(time_loop(0, count, map), count * k);
  if (!run_loop(0, count, map)) return fail("filling failed");
  if constexpr (kOp == RangeOp::kUnmap) return per_op(time_loop(0, count, unmap), count * k);
  if constexpr (kOp == RangeOp::kProtect) {
    auto protect = [&](std::uint64_t i) { return impl.protect_range(i * bytes, bytes, false); };
    return per_op(time_loop(0, count, protect), count * k);
  }
  if (!run_loop(0, count, unmap)) return fail("emptying failed");
  return per_op(time_loop(0, count, map), count * k);
}

// ---- a lone page -----------------------------------------------------------------------------
// map + unmap of the same page, as one operation. Without a neighbour each round makes and frees
// the tables of all levels below the root, where the implementation reclaims.

template <class Impl>
Outcome churn(bool neighbour) {
  constexpr std::uint64_t kLone = 1ULL << 30;
  const std::uint64_t rounds = std::max<std::uint64_t>(pages() / 16, 1);
  Impl impl(64);
  if (neighbour && !impl.map(kLone + kPage)) return fail("neighbour failed");
  auto round = [&](std::uint64_t) { return impl.map(kLone) && impl.unmap(kLone); };
  if (!run_loop(0, rounds / 16, round)) return fail("warm-up failed");
  return per_op(time_loop(0, rounds, round), rounds);
}

// ---- one page per 2 MiB ----------------------------------------------------------------------
// All pages are mapped, then all unmapped: a page table made and (where reclaimed) freed for each.
// ns_per_op is one map and one unmap; the two parts are counters. One untimed cycle comes first.

template <class Impl>
Outcome sparse() {
  pretouch();
  constexpr std::uint64_t kStride = 2ULL << 20;
  const std::uint64_t count = std::clamp<std::uint64_t>(pages() / 256, 1, 1ULL << 17);
  Impl impl(count + count / 512 + 8);
  auto map = [&](std::uint64_t i) { return impl.map(i * kStride); };
  auto unmap = [&](std::uint64_t i) { return impl.unmap(i * kStride); };
  if (!run_loop(0, count, map) || !run_loop(0, count, unmap)) return fail("warm-up failed");
  const double mapping = time_loop(0, count, map);
  const double unmapping = time_loop(0, count, unmap);
  if (mapping < 0 || unmapping < 0) return fail("an operation of the workload failed");
  const double per_page = 1e9 / static_cast<double>(count);
  return Sample::per_op(mapping + unmapping, count)
      .with("map_ns_per_op", mapping * per_page)
      .with("unmap_ns_per_op", unmapping * per_page);
}

// ---- large pages -----------------------------------------------------------------------------

inline std::uint64_t large_count(PageSize size) {
  return size == PageSize::k2M ? std::clamp<std::uint64_t>(pages() / 16, 1, 1ULL << 21)
                               : 1ULL << 16;
}

template <class Impl>
Outcome map_large(PageSize size) {
  pretouch();
  const std::uint64_t count = large_count(size);
  Impl impl(tables_for(count) + 512);
  const std::uint64_t bytes = page_table::page_bytes(size);
  return per_op(
      time_loop(0, count, [&](std::uint64_t i) { return impl.map_large(i * bytes, size); }), count);
}

template <class Impl>
Outcome unmap_large(PageSize size) {
  pretouch();
  const std::uint64_t count = large_count(size);
  Impl impl(tables_for(count) + 512);
  const std::uint64_t bytes = page_table::page_bytes(size);
  if (!run_loop(0, count, [&](std::uint64_t i) { return impl.map_large(i * bytes, size); })) {
    return fail("filling failed");
  }
  return per_op(time_loop(0, count, [&](std::uint64_t i) { return impl.unmap(i * bytes); }), count);
}

// One operation is one large page split into 512, or 512 merged into one.
template <class Impl>
Outcome split_or_merge(PageSize size, bool merge) {
  pretouch();
  const std::uint64_t count = std::clamp<std::uint64_t>(pages() / 2048, 1, 1ULL << 12);
  Impl impl(tables_for(count * 512) + 512);
  const std::uint64_t bytes = page_table::page_bytes(size);
  auto map = [&](std::uint64_t i) { return impl.map_large(i * bytes, size); };
  auto split = [&](std::uint64_t i) { return impl.split(i * bytes); };
  auto join = [&](std::uint64_t i) { return impl.merge(i * bytes, size); };
  // One round first, so that the tables are recycled.
  if (!run_loop(0, count, map) || !run_loop(0, count, split) || !run_loop(0, count, join)) {
    return fail("filling failed");
  }
  const double splitting = time_loop(0, count, split);
  if (!merge) return per_op(splitting, count);
  return per_op(time_loop(0, count, join), count);
}

}  // namespace quintet::bench::page_table_cases
