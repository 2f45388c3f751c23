// SPDX-License-Identifier: MIT
#include <cstdint>

#include "page_table_cases/settings.hpp"
#include "page_table_cases/workloads.hpp"
#include "platform/memory_map.hpp"

// What the machine itself allows: the floor under every number of the family. Each touches as
// much memory as the page tables of the sequential workloads, 8 bytes a page.
namespace quintet::bench::page_table_cases {
namespace {

Outcome over_leaves(bool fresh, bool store) {
  pretouch();
  auto map = platform::MemoryMap::create(pages() * 8, platform::Backing::kTransparentHuge);
  if (!map) return fail(map.error().message());
  if (!fresh) {
    if (auto ok = map->prefault(); !ok) return fail(ok.error().message());
  }
  auto* words = reinterpret_cast<volatile std::uint64_t*>(map->data());
  if (store) {
    return per_op(time_loop(0, pages(), [&](std::uint64_t i) { return words[i] = i | 1, true; }),
                  pages());
  }
  return per_op(time_loop(0, pages(), [&](std::uint64_t i) { return words[i] == 0; }), pages());
}

// Random order: a load, a check and a store for each page, in batches of 16 that are fetched first.
// A batch that `waits` is through before the next one begins, as a call that answers for its pages
// has to be; without that the misses of the next batches overlap.
Outcome random_batches(bool waits) {
  pretouch();
  constexpr std::uint64_t kBatch = 16;
  const auto order = shuffled(random_pages() / kBatch * kBatch);
  auto map = platform::MemoryMap::create(order.size() * 8, platform::Backing::kTransparentHuge);
  if (!map) return fail(map.error().message());
  if (auto ok = map->prefault(); !ok) return fail(ok.error().message());
  auto* words = reinterpret_cast<volatile std::uint64_t*>(map->data());
  const double seconds = time_loop(0, order.size() / kBatch, [&](std::uint64_t batch) {
    const std::uint32_t* const page = order.data() + batch * kBatch;
    for (std::uint64_t i = 0; i < kBatch; ++i) {
      __builtin_prefetch(const_cast<std::uint64_t*>(words + page[i]), 1);
    }
    bool ok = true;
    for (std::uint64_t i = 0; i < kBatch; ++i) {
      ok = ok && words[page[i]] == 0;
      words[page[i]] = 1;
    }
    if (waits) __builtin_ia32_lfence();
    return ok;
  });
  return per_op(seconds, order.size());
}

// The loop and the check alone.
Outcome harness() {
  std::uint64_t sink = 0;
  return per_op(time_loop(0, pages(),
                          [&](std::uint64_t i) {
                            asm volatile("" : "+r"(sink) : "r"(i * kPage));
                            return sink == 0;
                          }),
                pages());
}

}  // namespace

void register_limit_cases() {
  register_case("page_table/null/harness", harness);
  register_case("page_table/map/limit_first_touch", [] { return over_leaves(true, true); });
  register_case("page_table/map_warm/limit_store", [] { return over_leaves(false, true); });
  register_case("page_table/map_random/limit_wait/batch:16", [] { return random_batches(true); });
  register_case("page_table/map_random/limit_store", [] { return random_batches(false); });
  register_case("page_table/resolve/limit_load", [] { return over_leaves(false, false); });
}

}  // namespace quintet::bench::page_table_cases
