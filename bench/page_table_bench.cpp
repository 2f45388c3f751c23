// SPDX-License-Identifier: MIT
#include <algorithm>

#include "page_table_cases/settings.hpp"
#include "platform/memory_map.hpp"
#include "support/case.hpp"
#include "support/flags.hpp"
#include "support/run.hpp"

// Figure 11: our page table beside the NrOS-style and the verified one. The cases are in
// bench/page_table_cases/: workloads.hpp says what is measured, *_cases.cpp for whom.
namespace quintet::bench {
namespace page_table_cases {
namespace {

CountFlag pages_flag("pages", "pages of the sequential workloads (the paper's figure has 100M)",
                     {.value = 10'000'000, .quick = 100'000, .min = 512, .max = 1'000'000'000});
CountFlag random_pages_flag(
    "random_pages", "pages of the random-order workloads",
    {.value = 16 << 20, .quick = 100'000, .min = 16, .max = 1U << 30, .with = &pages_flag});
CountFlag pretouch_flag("pretouch_mib",
                        "memory to commit and give back before each case (0: by --pages)",
                        {.value = 0, .max = 1U << 20});

}  // namespace

std::uint64_t pages() { return pages_flag.value(); }
std::uint64_t random_pages() { return random_pages_flag.value(); }

void pretouch() {
  std::uint64_t mib = pretouch_flag.value();
  if (mib == 0) {
    // Rivals space their tables 8 KiB apart: 16 bytes a page, and half as much again.
    mib = std::max<std::uint64_t>(16, std::max(pages(), random_pages()) * 24 >> 20);
  }
  // Small pages first, then large ones: what was freed last is handed out first.
  for (const auto backing : {platform::Backing::k4K, platform::Backing::kTransparentHuge}) {
    auto map = platform::MemoryMap::create(mib << 20, backing);
    if (map) static_cast<void>(map->prefault());  // a machine with less memory goes without
  }
}

}  // namespace page_table_cases

void register_cases() {
  page_table_cases::register_rival_cases();
  page_table_cases::register_quintet_cases();
  page_table_cases::register_ablation_cases();
  page_table_cases::register_limit_cases();
}

}  // namespace quintet::bench
