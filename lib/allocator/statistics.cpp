// SPDX-License-Identifier: MIT
#include "allocator/statistics.hpp"

#include <unistd.h>

#include <string_view>

#include "allocator/message.hpp"
#include "allocator/options.hpp"
#include "allocator/process.hpp"

namespace quintet::allocator {
namespace {

// f(name, value) for each.
template <class F>
void for_each_value(const Statistics& s, F f) {
  f("used_bytes", s.used_bytes);
  f("most_used_bytes", s.most_used_bytes);
  f("retained_bytes", s.retained_bytes);
  f("committed_bytes", s.committed_bytes);
  f("purged_bytes", s.purged_bytes);
  f("purges", s.purges);
  f("spans", s.spans);
  f("heaps", s.heaps);
  f("slabs", s.slabs);
  f("refills", s.refills);
  f("flushes", s.flushes);
  f("told", s.told);
  f("drains", s.drains);
  f("large", s.large);
  f("sampled", s.sampled);
  f("misuses", s.misuses);
}

[[gnu::destructor]] void print_at_end() {
  if (const int wanted = wanted_statistics(); wanted != 0) {
    print_statistics(STDERR_FILENO, wanted == 2);
  }
}

}  // namespace

Statistics statistics() noexcept {
  Statistics sum;
  constexpr std::uint64_t kUnit = ProcessAllocator::G::kUnit;
  for (auto& arena : process_allocator.shared().arenas) {
    const ArenaCounts counts = arena.counts();
    sum.used_bytes += counts.used_units * kUnit;
    sum.most_used_bytes += counts.most_used_units * kUnit;
    sum.retained_bytes += counts.dirty_units * kUnit;
    sum.committed_bytes += (counts.used_units + counts.dirty_units + counts.clean_units) * kUnit;
    sum.purged_bytes += counts.purged_units * kUnit;
    sum.purges += counts.purges;
    sum.spans += counts.spans;
  }
  const Locked locked(process_allocator.pool().lock());
  sum.heaps = process_allocator.pool().made();
  process_allocator.pool().for_each([&](const ProcessHeap& heap) {
    const HeapCounts counts = heap.counts();
    sum.slabs += counts.slabs;
    sum.refills += counts.refills;
    sum.flushes += counts.flushes;
    sum.told += counts.told;
    sum.drains += counts.drains;
    sum.large += counts.large;
  });
  sum.sampled = process_allocator.shared().guard_pages.counts().sampled;
  sum.misuses = process_allocator.os().errors();
  return sum;
}

void print_statistics(int file, bool json) noexcept {
  Message line;
  if (json) line.text("{");
  bool is_first = true;
  for_each_value(statistics(), [&](std::string_view name, std::uint64_t value) {
    if (json) {
      line.text(is_first ? "\"" : ", \"").text(name).text("\": ").number(value);
      is_first = false;
    } else {
      Message().text("quintet-malloc: ").text(name).text(" ").number(value).send_to(file);
    }
  });
  if (json) line.text("}").send_to(file);
}

}  // namespace quintet::allocator
