// SPDX-License-Identifier: MIT
#include "page_table/test/mmu/subject.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace quintet::page_table::mmu {
namespace {

using Kind = spec::Access::Kind;

bool canonical(std::uint64_t va, int levels) {
  const int unused = levels == 5 ? 7 : 16;
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(va << unused) >> unused) == va;
}

}  // namespace

// Makes `va` the edge of an interval, if it lies inside one.
void Meaning::cut(std::uint64_t va) {
  auto at = intervals_.lower_bound(va);
  if (at == intervals_.begin()) return;
  --at;
  const std::uint64_t head = va - at->first;
  if (head >= at->second.bytes) return;
  const Interval tail{at->second.bytes - head, at->second.pa + head, at->second.flags};
  at->second.bytes = head;
  intervals_.emplace(va, tail);
}

void Meaning::set(std::uint64_t va, std::uint64_t bytes, std::uint64_t pa, PageFlags flags) {
  clear(va, bytes);
  intervals_[va] = {bytes, pa, flags};
}

void Meaning::clear(std::uint64_t va, std::uint64_t bytes) {
  cut(va);
  cut(va + bytes);
  // The end of the last range of the address space is 0.
  const auto end = va + bytes == 0 ? intervals_.end() : intervals_.lower_bound(va + bytes);
  intervals_.erase(intervals_.lower_bound(va), end);
}

void Meaning::recolour(std::uint64_t va, std::uint64_t bytes, PageFlags flags) {
  cut(va);
  cut(va + bytes);
  for (auto at = intervals_.lower_bound(va); at != intervals_.end(); ++at) {
    if (at->first - va >= bytes) break;
    at->second.flags = flags;
  }
}

std::uint64_t Meaning::mapped_bytes(std::uint64_t va, std::uint64_t bytes) const {
  const std::uint64_t last = va + (bytes - 1);
  std::uint64_t sum = 0;
  for (const auto& [base, interval] : intervals_) {
    const std::uint64_t low = std::max(base, va);
    const std::uint64_t high = std::min(base + (interval.bytes - 1), last);
    if (low <= high) sum += high - low + 1;
  }
  return sum;
}

bool Meaning::empty(std::uint64_t va, std::uint64_t bytes) const {
  return mapped_bytes(va, bytes) == 0;
}

std::optional<std::pair<std::uint64_t, PageFlags>> Meaning::at(std::uint64_t va) const {
  auto found = intervals_.upper_bound(va);
  if (found == intervals_.begin()) return {};
  --found;
  const std::uint64_t offset = va - found->first;
  if (offset >= found->second.bytes) return {};
  return std::pair{found->second.pa + offset, found->second.flags};
}

std::map<std::uint64_t, Meaning::Interval>::const_iterator Meaning::some(
    std::uint64_t random, std::uint64_t at_least) const {
  const auto fits = [&](const auto& interval) { return interval.second.bytes >= at_least; };
  const auto count = static_cast<std::uint64_t>(std::ranges::count_if(intervals_, fits));
  if (count == 0) return intervals_.end();
  auto at = std::ranges::find_if(intervals_, fits);
  for (std::uint64_t skip = random % count; skip > 0; --skip) {
    at = std::find_if(std::next(at), intervals_.end(), fits);
  }
  return at;
}

Walk meaning_walk(const Meaning& meaning) {
  return [&meaning](const Read&, std::uint64_t, const Probe& probe,
                    const spec::Controls& c) -> Outcome {
    if (!canonical(probe.va, c.levels)) return std::unexpected(spec::Fault{true, 0});
    std::uint32_t cause = probe.access.user ? 4 : 0;
    if (probe.access.kind == Kind::kWrite) cause |= 2;
    if (probe.access.kind == Kind::kFetch) cause |= 16;  // EFER.NXE is on
    const auto page = meaning.at(probe.va);
    if (!page) return std::unexpected(spec::Fault{false, cause});
    const auto& [pa, flags] = *page;
    spec::Translation seen{};
    seen.pa = pa;
    seen.writable = flags.is_writable();
    seen.user = flags.is_user();
    seen.executable = flags.is_executable();
    seen.pkey = flags.protection_key();
    const bool by_key = spec::keys_forbid(seen, probe.access, c);
    if (by_key || !spec::rights_allow(seen, probe.access, c)) {
      return std::unexpected(spec::Fault{false, 1 | cause | (by_key ? 32u : 0u)});
    }
    return seen;
  };
}

// Addresses collide: few indices per level, the first and last of a table among them.
std::uint64_t Subject::address(PageSize size) {
  constexpr std::array<std::uint64_t, 5> kIndices = {0, 1, 2, 510, 511};
  constexpr std::array<std::uint64_t, 6> kTop = {0, 1, 255, 256, 257, 511};
  std::uint64_t va = 0;
  for (int level = leaf_level(size); level < levels(); ++level) {
    va |= kIndices[below(kIndices.size())] << level_shift(level);
  }
  va |= kTop[below(kTop.size())] << level_shift(levels());
  const int top = levels() == 5 ? 56 : 47;
  return ((va >> top) & 1) != 0 ? va | ~std::uint64_t{0} << top : va;
}

// Memory for `bytes`, inside the data frames; a 1 GiB page covers all of memory.
std::uint64_t Subject::frame(PageSize size, std::uint64_t bytes) {
  if (size == PageSize::k1G) return 0;
  const std::uint64_t places = (Guest::kEnd - Guest::kDataBase - bytes) / page_bytes(size) + 1;
  return Guest::kDataBase + below(places) * page_bytes(size);
}

PageFlags Subject::flags() {
  PageFlags flags = PageFlags().writable(percent(60)).user(percent(60)).executable(percent(60));
  flags = flags.global(percent(30)).software(static_cast<unsigned>(below(1024)));
  if (percent(30)) flags = flags.memory_type(static_cast<unsigned>(below(8)));
  if (percent(30)) flags = flags.protection_key(static_cast<unsigned>(below(16)));
  return flags;
}

PageSize Subject::size() {
  const std::uint64_t kind = below(10);
  if (kind < 6) return PageSize::k4K;
  return kind < 9 || !limits_.gib_pages ? PageSize::k2M : PageSize::k1G;
}

std::vector<Probe> Subject::probes(int count, unsigned harness_slot) {
  const auto place = [this]() -> std::uint64_t {
    if (meaning_.intervals().empty() || percent(15)) return address(PageSize::k4K) + below(512) * 8;
    auto at = meaning_.intervals().begin();
    std::advance(at, static_cast<std::ptrdiff_t>(below(meaning_.intervals().size())));
    const auto& [base, interval] = *at;
    if (interval.pa < Guest::kDataBase && percent(90)) {  // of a 1 GiB page, where memory is
      const std::uint64_t inside = Guest::kDataBase - interval.pa;
      if (inside < interval.bytes) {
        return base + inside +
               below(std::min(interval.bytes - inside, Guest::kEnd - Guest::kDataBase) / 8) * 8;
      }
    }
    switch (below(6)) {
      case 0:
        return base;
      case 1:
        return base - 8;
      case 2:
        return base + interval.bytes - 8;
      case 3:
        return base + interval.bytes;
      default:
        return base + below(interval.bytes / 8) * 8;
    }
  };
  std::vector<Probe> wanted;
  while (wanted.size() < static_cast<std::size_t>(count)) {
    Probe probe;
    probe.va = place();
    probe.access = {static_cast<Kind>(below(3)), percent(50)};
    probe.value = code_word(random_(), static_cast<unsigned>(below(256)));
    if (((probe.va >> level_shift(levels())) & 511) == harness_slot) continue;
    const auto page = meaning_.at(probe.va);
    const bool memory = !page || (page->first >= Guest::kDataBase && page->first < Guest::kEnd);
    if (memory) wanted.push_back(probe);
  }
  return wanted;
}

}  // namespace quintet::page_table::mmu
