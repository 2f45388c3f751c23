// SPDX-License-Identifier: MIT
#include "page_table/test/world/tables.hpp"

#include <algorithm>
#include <cstdio>

namespace quintet::page_table::world {
namespace {

constexpr std::uint64_t kAddressBits = 0x000F'FFFF'FFFF'F000;

}  // namespace

bool is_present(std::uint64_t entry) { return (entry & 1) != 0; }

bool is_leaf(std::uint64_t entry, int level) {
  return level == 1 || (level <= 3 && (entry & 0x80) != 0);
}

std::uint64_t bytes_per_entry(int level) { return std::uint64_t{1} << (12 + 9 * (level - 1)); }

std::uint64_t address_of(const TableAt& table, std::uint64_t index, int levels) {
  std::uint64_t va = table.va + index * bytes_per_entry(table.level);
  const std::uint64_t sign = std::uint64_t{1} << (levels == 5 ? 56 : 47);
  if (table.level == levels && (va & sign) != 0) va |= ~(sign - 1);
  return va;
}

spec::Page decode(std::uint64_t entry, int level) {
  const std::uint64_t size = bytes_per_entry(level);
  std::uint64_t flags = entry & spec::kFlagBits;
  if (level > 1) {  // bit 7 is PS there, and PAT sits in bit 12
    flags &= ~std::uint64_t{0x80};
    if ((entry & 0x1000) != 0) flags |= 0x80;
  }
  return {entry & kAddressBits & ~(size - 1), size, flags};
}

std::string to_text(std::uint64_t number) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(number));
  return text;
}

std::string to_text(const PlacedPage& page) {
  return to_text(page.va) + " -> " + to_text(page.page.pa) + " size " + to_text(page.page.size) +
         " flags " + to_text(page.page.flags);
}

namespace {

void read_table(const TracedMemory& memory, std::uint64_t frame, TableAt at, Tables& out) {
  if (!memory.is_frame(frame)) {
    if (out.damage.empty()) out.damage = "a reference leaves memory: " + to_text(frame);
    return;
  }
  if (!out.frames.emplace(frame, at).second) {
    if (out.damage.empty()) out.damage = "a table is referenced twice: " + to_text(frame);
    return;
  }
  for (std::uint64_t i = 0; i < 512; ++i) {
    const std::uint64_t entry = memory.peek(frame + 8 * i);
    if (!is_present(entry)) continue;
    const std::uint64_t va = address_of(at, i, out.levels);
    if (is_leaf(entry, at.level)) {
      out.pages.push_back({va, decode(entry, at.level)});
      out.leaves.emplace_back(frame + 8 * i, at.level);
    } else {
      read_table(memory, entry & kAddressBits, {at.level - 1, va, frame + 8 * i}, out);
    }
  }
}

}  // namespace

Tables Tables::read(const TracedMemory& memory, std::uint64_t root, int levels) {
  Tables tables;
  tables.levels = levels;
  tables.root = root;
  read_table(memory, root, {levels, 0, 0}, tables);
  return tables;
}

std::map<std::uint64_t, std::vector<std::uint64_t>> Tables::image(
    const TracedMemory& memory) const {
  std::map<std::uint64_t, std::vector<std::uint64_t>> words;
  for (const auto& [frame, at] : frames) {
    auto& table = words[frame];
    for (std::uint64_t i = 0; i < 512; ++i) table.push_back(memory.peek(frame + 8 * i));
  }
  return words;
}

std::optional<std::uint64_t> Tables::va_of_slot(std::uint64_t slot) const {
  const auto table = frames.find(slot & ~0xFFFULL);
  if (table == frames.end()) return std::nullopt;
  return address_of(table->second, (slot & 0xFFF) / 8, levels);
}

void View::start(const TracedMemory& memory, std::uint64_t root, int levels) {
  memory_ = &memory;
  levels_ = levels;
  frames_.clear();
  unlinked_.clear();
  link(root, {levels, 0, 0});
}

void View::link(std::uint64_t frame, TableAt at) {
  if (!memory_->is_frame(frame) || !frames_.emplace(frame, at).second || at.level == 1) return;
  for (std::uint64_t i = 0; i < 512; ++i) {
    const std::uint64_t entry = memory_->peek(frame + 8 * i);
    if (!is_present(entry) || is_leaf(entry, at.level)) continue;
    link(entry & kAddressBits, {at.level - 1, address_of(at, i, levels_), frame + 8 * i});
  }
}

void View::unlink(std::uint64_t frame, int level) {
  if (frames_.erase(frame) == 0) return;
  unlinked_.push_back(frame);
  if (level == 1) return;
  for (std::uint64_t i = 0; i < 512; ++i) {
    const std::uint64_t entry = memory_->peek(frame + 8 * i);
    if (is_present(entry) && !is_leaf(entry, level)) unlink(entry & kAddressBits, level - 1);
  }
}

void View::collect(std::uint64_t entry, int level, std::uint64_t va,
                   std::vector<PlacedPage>& pages) const {
  if (!is_present(entry)) return;
  if (is_leaf(entry, level)) {
    pages.push_back({va, decode(entry, level)});
    return;
  }
  const TableAt below{level - 1, va, 0};
  for (std::uint64_t i = 0; i < 512; ++i) {
    collect(memory_->peek((entry & kAddressBits) + 8 * i), level - 1, address_of(below, i, levels_),
            pages);
  }
}

std::optional<Change> View::store(std::uint64_t pa, std::uint64_t before, std::uint64_t after) {
  const auto found = frames_.find(pa & ~0xFFFULL);
  if (found == frames_.end()) return std::nullopt;
  const TableAt table = found->second;
  const std::uint64_t va = address_of(table, (pa & 0xFFF) / 8, levels_);
  const bool was_reference = is_present(before) && !is_leaf(before, table.level);
  const bool is_reference = is_present(after) && !is_leaf(after, table.level);
  Change change{pa, table.level, before, after, false, {}, {}};
  change.quiet = was_reference && is_reference && ((before ^ after) & ~kQuietReferenceBits) == 0;
  if (change.quiet) return change;
  std::vector<PlacedPage> old_pages, new_pages;
  collect(before, table.level, va, old_pages);
  collect(after, table.level, va, new_pages);
  const auto less = [](const PlacedPage& a, const PlacedPage& b) {
    return std::tie(a.va, a.page.pa, a.page.size, a.page.flags) <
           std::tie(b.va, b.page.pa, b.page.size, b.page.flags);
  };
  std::ranges::set_difference(old_pages, new_pages, std::back_inserter(change.gone), less);
  std::ranges::set_difference(new_pages, old_pages, std::back_inserter(change.come), less);
  if (was_reference) unlink(before & kAddressBits, table.level - 1);
  if (is_reference) link(after & kAddressBits, {table.level - 1, va, pa});
  return change;
}

}  // namespace quintet::page_table::world
