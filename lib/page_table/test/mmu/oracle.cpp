// SPDX-License-Identifier: MIT
#include "page_table/test/mmu/oracle.hpp"

#include <algorithm>
#include <cstdio>
#include <set>
#include <unordered_map>
#include <utility>

namespace quintet::page_table::mmu {
namespace {

using Kind = spec::Access::Kind;
constexpr std::size_t kExamples = 10;
constexpr std::uint64_t kAccessed = 0x20, kDirty = 0x40;

std::string hex(std::uint64_t value) {
  char text[20];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

void disagree(Verdict& verdict, std::string line) {
  if (verdict.disagreements++ < kExamples) verdict.examples.push_back(std::move(line));
}

// Reads words of memory; nothing is there beyond its end.
Read reader(Words words) {
  return [words](std::uint64_t pa) { return pa / 8 < words.size() ? words[pa / 8] : 0; };
}

// Memory as a sequence of loads and stores sees it.
class Memory {
 public:
  explicit Memory(Words initial) : initial_(initial) {}
  bool holds(std::uint64_t pa) const { return pa / 8 < initial_.size(); }
  std::uint64_t load(std::uint64_t pa) const {
    const auto found = stored_.find(pa);
    return found != stored_.end() ? found->second : initial_[pa / 8];
  }
  void store(std::uint64_t pa, std::uint64_t value) { stored_[pa] = value; }

 private:
  Words initial_;
  std::unordered_map<std::uint64_t, std::uint64_t> stored_;
};

std::string describe(const Answer& answer) {
  if (answer.vector < 0) return "value " + hex(answer.value);
  return "exception " + std::to_string(answer.vector) + " code " + hex(answer.code) + " cr2 " +
         hex(answer.cr2);
}

// What a probe must be answered, and whether its value can be checked.
std::pair<Answer, bool> expected_answer(const Outcome& outcome, const Probe& probe,
                                        Memory& memory) {
  if (!outcome && outcome.error().non_canonical) return {{13, 0, 0, 0}, true};
  if (!outcome) return {{14, outcome.error().code, probe.va, 0}, true};
  const std::uint64_t pa = outcome->pa;
  if (!memory.holds(pa)) return {{-1, 0, 0, 0}, false};
  if (probe.access.kind == Kind::kWrite) {
    memory.store(pa, probe.value);
    return {{-1, 0, 0, 0}, true};
  }
  const std::uint64_t word = memory.load(pa);
  return {{-1, 0, 0, probe.access.kind == Kind::kFetch ? fetched(word) : word}, true};
}

bool same(const Answer& a, const Answer& b, bool value_too) {
  return a.vector == b.vector && a.code == b.code && a.cr2 == b.cr2 &&
         (!value_too || a.value == b.value);
}

// Where each walk of a run goes: entries it reads, and the leaf that a store makes dirty.
struct Footprint {
  std::set<std::uint64_t> read, must_be_accessed, must_be_dirty;
};

Footprint footprint(Words before, std::span<const Batch> batches) {
  Footprint all;
  const Read read = reader(before);
  for (const Batch& batch : batches) {
    for (const Probe& probe : batch.probes) {
      std::vector<std::uint64_t> trail;
      const auto recorded = [&](std::uint64_t pa) {
        trail.push_back(pa);
        return read(pa);
      };
      const bool allowed =
          spec::access(recorded, batch.root, probe.va, probe.access, batch.controls).has_value();
      all.read.insert(trail.begin(), trail.end());
      if (!allowed) continue;
      all.must_be_accessed.insert(trail.begin(), trail.end());
      if (probe.access.kind == Kind::kWrite) all.must_be_dirty.insert(trail.back());
    }
  }
  return all;
}

void compare_tables(Verdict& verdict, Words before, Words after, const Footprint& walks,
                    bool exact_accessed) {
  for (std::uint64_t pa = Guest::kTableBase; pa < Guest::kDataBase; pa += 8) {
    const std::uint64_t old_entry = before[pa / 8], new_entry = after[pa / 8];
    if (old_entry == new_entry) continue;
    const std::uint64_t gained = new_entry & ~old_entry;
    const std::string where =
        "entry at " + hex(pa) + ": " + hex(old_entry) + " became " + hex(new_entry);
    if ((old_entry & ~new_entry) != 0 || (gained & ~(kAccessed | kDirty)) != 0) {
      disagree(verdict, where);
    } else if ((gained & kDirty) != 0 && !walks.must_be_dirty.contains(pa)) {
      disagree(verdict, where + ": dirty without a store");
    } else if ((gained & kAccessed) != 0 && exact_accessed && !walks.read.contains(pa)) {
      disagree(verdict, where + ": accessed without a walk");
    }
  }
  for (const std::uint64_t pa : walks.must_be_accessed) {
    if ((after[pa / 8] & kAccessed) == 0) disagree(verdict, "entry at " + hex(pa) + ": A not set");
  }
  for (const std::uint64_t pa : walks.must_be_dirty) {
    if ((after[pa / 8] & kDirty) == 0) disagree(verdict, "entry at " + hex(pa) + ": D not set");
  }
}

}  // namespace

Walk spec_walk() {
  return [](const Read& read, std::uint64_t root, const Probe& probe, const spec::Controls& c) {
    return spec::access(read, root, probe.va, probe.access, c);
  };
}

std::string describe(const Probe& probe) {
  const char* kind = probe.access.kind == Kind::kRead    ? "load"
                     : probe.access.kind == Kind::kWrite ? "store"
                                                         : "fetch";
  return std::string(probe.access.user ? "user " : "supervisor ") + kind + " at " + hex(probe.va);
}

std::string describe(const Batch& batch) {
  const spec::Controls& c = batch.controls;
  std::string text = "root " + hex(batch.root) + " levels " + std::to_string(c.levels);
  text += std::string(c.nxe ? " nxe" : "") + (c.wp ? " wp" : "") + (c.smep ? " smep" : "") +
          (c.smap ? " smap" : "") + (c.ac ? " ac" : "");
  if (c.pke) text += " pkru " + hex(c.pkru);
  if (c.pks) text += " pkrs " + hex(c.pkrs);
  return text;
}

namespace {

Verdict compare_until(std::size_t enough, Words before, std::span<const Batch> batches,
                      std::span<const Answer> answers, const Walk& walk) {
  Verdict verdict;
  Memory memory(before);
  const Read read = reader(before);
  std::size_t next = 0;
  for (const Batch& batch : batches) {
    for (const Probe& probe : batch.probes) {
      const Outcome outcome = walk(read, batch.root, probe, batch.controls);
      const auto [expected, value_known] = expected_answer(outcome, probe, memory);
      if (expected.vector >= 0) ++verdict.faults;
      const Answer answer = next < answers.size() ? answers[next] : Answer{-2, 0, 0, 0};
      ++next;
      if (same(expected, answer, value_known)) continue;
      disagree(verdict, describe(probe) + " under " + describe(batch) + ": expected " +
                            describe(expected) + ", machine says " + describe(answer));
      if (verdict.disagreements == enough) return verdict;
    }
  }
  if (answers.size() != next) disagree(verdict, "wrong number of answers");
  return verdict;
}

}  // namespace

Verdict compare_answers(Words before, std::span<const Batch> batches,
                        std::span<const Answer> answers, const Walk& walk) {
  return compare_until(SIZE_MAX, before, batches, answers, walk);
}

bool refutes(Words before, std::span<const Batch> batches, std::span<const Answer> answers,
             const Walk& walk) {
  return compare_until(1, before, batches, answers, walk).disagreements > 0;
}

Verdict compare_memory(Words before, Words after, std::span<const Batch> batches,
                       bool exact_accessed) {
  Verdict verdict;
  std::vector<std::uint64_t> expected(before.begin(), before.end());
  const Read read = reader(before);
  for (const Batch& batch : batches) {
    for (const Probe& probe : batch.probes) {
      if (probe.access.kind != Kind::kWrite) continue;
      const auto page = spec::access(read, batch.root, probe.va, probe.access, batch.controls);
      if (page && page->pa / 8 < expected.size()) expected[page->pa / 8] = probe.value;
    }
  }
  for (std::uint64_t pa = Guest::kDataBase; pa < Guest::kEnd; pa += 8) {
    if (after[pa / 8] == expected[pa / 8]) continue;
    disagree(verdict, "data at " + hex(pa) + ": expected " + hex(expected[pa / 8]) + ", found " +
                          hex(after[pa / 8]));
  }
  compare_tables(verdict, before, after, footprint(before, batches), exact_accessed);
  return verdict;
}

}  // namespace quintet::page_table::mmu
