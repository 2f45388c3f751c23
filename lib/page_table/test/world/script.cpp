// SPDX-License-Identifier: MIT
#include "page_table/test/world/script.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <ostream>
#include <random>
#include <tuple>

#include "page_table/test/world/tables.hpp"

namespace quintet::page_table::world {

using spec::kLarge;
using spec::kMedium;
using spec::kSmall;

const char* to_string(Do what) {
  static constexpr const char* kNames[] = {
      "map",       "unmap",       "protect",       "resolve",   "clear_accessed", "clear_dirty",
      "map_range", "unmap_range", "protect_range", "map_batch", "unmap_batch",    "resolve_batch",
      "split",     "merge",       "flush",         "touch"};
  return kNames[static_cast<std::size_t>(what)];
}
bool is_map(Do what) { return what == Do::kMap || what == Do::kMapRange || what == Do::kMapBatch; }
bool is_unmap(Do what) {
  return what == Do::kUnmap || what == Do::kUnmapRange || what == Do::kUnmapBatch;
}
bool is_single(Do what) {
  return what == Do::kMap || what == Do::kUnmap || what == Do::kProtect ||
         what == Do::kClearAccessed || what == Do::kClearDirty || what == Do::kSplit ||
         what == Do::kMerge;
}

std::ostream& operator<<(std::ostream& out, const Op& op) {
  out << to_string(op.what) << "(va " << to_text(op.va) << ", pa " << to_text(op.pa) << ", size "
      << to_text(op.size) << ", bytes " << to_text(op.bytes) << ", flags " << to_text(op.flags);
  for (const PlacedPage& request : op.batch) out << "; " << to_text(request);
  return out << ")";
}

std::uint64_t anchor_address(int anchor, int levels) {
  const std::uint64_t half = levels == 5 ? 0x0100'0000'0000'0000 : 0x0000'8000'0000'0000;
  const std::array<std::uint64_t, 8> anchors = {
      kMedium,
      kLarge,
      0,                        // below it: the last page of all
      0x0000'0080'0000'0000,    // 512 GiB
      half,                     // below it: the last page of the lower half
      std::uint64_t{0} - half,  // the first of the upper half; below it: the hole
      levels == 5 ? 0x0001'0000'0000'0000 : 3 * kLarge,  // an edge of the fifth level
      std::uint64_t{0} - kLarge,
  };
  return anchors[static_cast<std::size_t>(anchor) % anchors.size()];
}

namespace {

constexpr std::array<std::uint64_t, 8> kShifts = {0,       0 - kSmall, kSmall,     0 - kMedium,
                                                  kMedium, 0 - kLarge, 5 * kSmall, kLarge};

std::uint64_t pick_flags(int draw, int salt) {
  static constexpr std::array<std::uint64_t, 16> kFlags = {
      spec::kNoExecuteBit,
      0x6,                    // user, writable, executable
      0x8000'0000'0000'0006,  // the same without execution
      0x6,
      0x186,                  // global, PAT index 4
      0x29F0'0000'0000'0E1E,  // key 5, software bits, PWT and PCD
      0x6,
      spec::kNoExecuteBit,
      0x66,  // accessed and dirty from the start
      0x2,
      0x4,
      spec::kNoExecuteBit | 0x80,  // PAT
      spec::kFlagBits,             // all of them
      0x6,
      0x0,
      0x7,  // not flags: P, or an address bit below
  };
  const std::uint64_t flags = kFlags[static_cast<std::size_t>(draw) % kFlags.size()];
  return draw == 15 && salt % 2 == 0 ? 0x1002 : flags;
}

std::uint64_t pick_length(int draw) {
  static constexpr std::array<std::uint64_t, 16> kLengths = {kSmall,
                                                             2 * kSmall,
                                                             3 * kSmall,
                                                             8 * kSmall,
                                                             kMedium,
                                                             kMedium,
                                                             kMedium + kSmall,
                                                             2 * kMedium,
                                                             3 * kMedium,
                                                             kLarge,
                                                             kLarge,
                                                             kLarge + kMedium,
                                                             kMedium,
                                                             0x0000'0080'0000'0000,
                                                             0,
                                                             0x1800};
  return kLengths[static_cast<std::size_t>(draw) % kLengths.size()];
}

std::uint64_t pick_target(int draw, std::uint64_t va, std::uint64_t size, int maxphyaddr) {
  // Linear targets are contiguous, so that runs coalesce and pages merge.
  const std::uint64_t linear = 0x20'0000'0000 + (va & 0x1F'FFFF'FFFF);
  const std::uint64_t end = std::uint64_t{1} << maxphyaddr;
  switch (draw) {
    case 9:
      return linear + kMedium;
    case 10:
      return linear + kSmall;
    case 11:
      return 0;  // aliases are allowed
    case 12:
      return end - size;
    case 13:
      return end;
    case 14:
      return linear + 0x800;
    case 15:
      return end - kSmall;
    default:
      return linear;
  }
}

constexpr std::array<Do, 32> kKinds = {
    Do::kMap,           Do::kMap,        Do::kMap,          Do::kMap,      Do::kMap,
    Do::kMap,           Do::kUnmap,      Do::kUnmap,        Do::kUnmap,    Do::kUnmap,
    Do::kProtect,       Do::kProtect,    Do::kResolve,      Do::kSplit,    Do::kSplit,
    Do::kMerge,         Do::kMerge,      Do::kMapRange,     Do::kMapRange, Do::kMapRange,
    Do::kUnmapRange,    Do::kUnmapRange, Do::kProtectRange, Do::kMapBatch, Do::kMapBatch,
    Do::kUnmapBatch,    Do::kUnmapBatch, Do::kResolveBatch, Do::kFlush,    Do::kTouch,
    Do::kClearAccessed, Do::kClearDirty};

const std::pair<const std::uint64_t, spec::Page>& aimed_page(const spec::AddressSpace& model,
                                                             int salt) {
  const auto& pages = model.pages();
  return *std::next(pages.begin(),
                    static_cast<std::ptrdiff_t>(static_cast<std::size_t>(salt) % pages.size()));
}

// Turns `op` into a merge of 512 adjacent pages of one size, if there are some.
void aim_at_mergeable(const spec::AddressSpace& model, int salt, Op& op) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> candidates;  // address, size
  for (const auto& [va, page] : model.pages()) {
    const std::uint64_t whole = page.size * 512;
    if (page.size == kLarge || va % whole != 0) continue;
    const auto last = model.resolve(va + whole - page.size);
    if (last && last->page.size == page.size) candidates.emplace_back(va, whole);
  }
  if (candidates.empty()) return;
  std::tie(op.va, op.size) = candidates[static_cast<std::size_t>(salt) % candidates.size()];
}

std::vector<PlacedPage> pick_batch(const Draw& draw, const Script& script,
                                   const spec::AddressSpace& model, const Op& op, int levels) {
  std::mt19937 random(static_cast<unsigned>(draw.salt));
  std::vector<PlacedPage> batch;
  const std::size_t count = 1 + random() % 24;  // more than one group of 16 at times
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t va = anchor_address(script.focus + static_cast<int>(random() % 3), levels) +
                       kShifts[random() % kShifts.size()] + kSmall * (random() % 64);
    if (op.what != Do::kMapBatch && !model.pages().empty() && random() % 16 != 0) {
      va = aimed_page(model, static_cast<int>(random() & 0xFFFF)).first;
    }
    const bool repeated = std::ranges::any_of(batch, [&](const auto& r) { return r.va == va; });
    if (repeated && random() % 16 != 0) continue;
    if (random() % 256 == 0) va += 0x123;
    batch.push_back({va, {0x20'0000'0000 + (va & 0x1F'FFFF'F000), kSmall, op.flags}});
  }
  return batch;
}

// Bytes and largest page of a range. A huge stretch in small pages would need more tables than
// any memory here has, so it is asked for in large ones.
void shape_range(const Draw& draw, Op& op) {
  op.bytes = pick_length(draw.length);
  if (op.what != Do::kMapRange || op.bytes < kLarge) return;
  op.pa &= ~(kLarge - 1);
  op.va &= ~(op.bytes % kLarge == 0 ? kLarge - 1 : kMedium - 1);
  op.pa += op.va & (kLarge - 1);
  op.size = std::max(op.size, kMedium);
  op.bytes = std::min(op.bytes, 2 * kLarge);
}

}  // namespace

Op decode(const Draw& draw, const Script& script, const spec::AddressSpace& model,
          const Traits& traits) {
  static constexpr std::array<std::uint64_t, 8> kSizes = {kSmall, kMedium, kSmall, kLarge,
                                                          kSmall, kMedium, kSmall, kSmall};
  Op op;
  op.what = kKinds[static_cast<std::size_t>(draw.what)];
  op.size = kSizes[static_cast<std::size_t>(draw.size)];
  op.flags = pick_flags(draw.flags, draw.salt);
  op.va = anchor_address(script.focus + draw.anchor, traits.policy.levels) +
          kShifts[static_cast<std::size_t>(draw.shift)];
  const bool fresh = op.what == Do::kMap || op.what == Do::kMapRange;
  if (!fresh && draw.aim > 0 && !model.pages().empty()) {
    const auto& [base, page] = aimed_page(model, draw.salt);
    op.va = base;
    if (draw.aim == 3) op.va += (static_cast<std::uint64_t>(draw.salt) * kSmall) & (page.size - 1);
    if (op.what == Do::kMerge) {
      op.size = page.size == kSmall ? kMedium : kLarge;
      if (draw.aim != 3) aim_at_mergeable(model, draw.salt, op);
    }
  }
  if (op.what == Do::kMap || op.what == Do::kMerge) {
    if (draw.salt % 16 != 15) op.va &= ~(op.size - 1);
  }
  if (op.what == Do::kMap && draw.salt % 64 == 33) op.va += 0x10;
  if ((op.what == Do::kResolve || op.what == Do::kTouch) && draw.aim > 0) {
    op.va += static_cast<std::uint64_t>(draw.salt) & 0xFFF;
  }
  op.pa = pick_target(draw.target, op.va, op.size, traits.features.maxphyaddr);
  shape_range(draw, op);
  if (op.what == Do::kTouch) op.flags = draw.flags % 2 == 0 ? 0x60 : 0x20;
  if (op.what == Do::kMapBatch || op.what == Do::kUnmapBatch || op.what == Do::kResolveBatch) {
    op.batch = pick_batch(draw, script, model, op, traits.policy.levels);
  }
  return op;
}

std::vector<std::uint64_t> probe_addresses(const Script& script, int levels) {
  std::vector<std::uint64_t> probes;
  for (int anchor = 0; anchor < 3; ++anchor) {
    for (const std::uint64_t shift : kShifts) {
      const std::uint64_t va = anchor_address(script.focus + anchor, levels) + shift;
      probes.push_back(va);
      probes.push_back(va + kSmall - 1);
      probes.push_back((va & ~(kMedium - 1)) + 17 * kSmall);
      probes.push_back((va & ~(kLarge - 1)) + 100 * kMedium);
    }
  }
  const std::uint64_t sign = levels == 5 ? 0x0100'0000'0000'0000 : 0x0000'8000'0000'0000;
  std::erase_if(probes, [&](std::uint64_t va) { return va >= sign && va < 0 - sign; });
  std::ranges::sort(probes);
  probes.erase(std::unique(probes.begin(), probes.end()), probes.end());
  return probes;
}

Script random_script(std::uint64_t seed, std::size_t length) {
  std::mt19937_64 random(seed);
  const auto below = [&](int limit) {
    return static_cast<int>(random() % static_cast<std::uint64_t>(limit));
  };
  Script script;
  script.focus = below(8);
  script.frames = below(4) == 0 ? 6 + below(12) : 160;
  for (std::size_t i = 0; i < length; ++i) {
    Draw draw;
    int* const fields[] = {&draw.what,  &draw.anchor, &draw.shift, &draw.size, &draw.target,
                           &draw.flags, &draw.length, &draw.aim,   &draw.salt};
    for (std::size_t f = 0; f < std::size(fields); ++f) *fields[f] = below(kDrawLimits[f]);
    script.draws.push_back(draw);
  }
  return script;
}

}  // namespace quintet::page_table::world
