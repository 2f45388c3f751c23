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
  register_case("page_table/resolve/limit_load", [] { return over_leaves(false, false); });
}

}  // namespace quintet::bench::page_table_cases
