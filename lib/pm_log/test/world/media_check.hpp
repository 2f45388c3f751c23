// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "pm_log/multi_log.hpp"
#include "pm_log/test/world/operation.hpp"
#include "pm_log/test/world/plain_memory.hpp"
#include "pm_log/test/world/subject.hpp"

// Media that do not keep what they were given: a pool with a history, one fault at a time, and what
// opening it then may say. What is right is right by the region that was hit; what is never right
// is a state that the pool was not in.
namespace quintet::pm_log::world {

// A part of the media, and what damage to it means.
struct Region {
  enum class Effect : std::uint8_t {
    kNone,      // nothing rests on it
    kRepaired,  // its copy serves
    kCorrupt,   // an error that names `part`, `begin` and `log`
    kDiscards,  // fast: the last commit is taken for an unfinished one, or the pool for corrupt
    kDoubt,     // fast: nothing is lost, but the last commit is not known to be the last
  };
  std::string name;
  std::uint64_t begin;
  std::uint64_t end;
  Effect effect;
  Part part = Part::kNone;
  std::uint32_t log = 0;
};

template <Fault kFault>
class MediaCheck {
 public:
  using Pool = MultiLog<PlainMemoryRef, kFault>;
  using Seen = std::vector<spec::AbstractLog>;
  using Effect = Region::Effect;

  MediaCheck(Commit commit, std::uint32_t logs)
      : scenario_{.commit = commit, .capacities = std::vector<std::uint64_t>(logs, 512)},
        memory_(memory_for(scenario_)) {
    make_history();
    make_regions();
  }

  std::uint64_t faults() const { return faults_; }
  const std::string& violation() const { return violation_; }

  // Every bit of every region, alone.
  void every_bit() {
    for (const Region& region : regions_) {
      for (std::uint64_t bit = 8 * region.begin; bit < 8 * region.end; ++bit) {
        memory_.flip(bit / 8, static_cast<unsigned>(bit % 8));
        judge(region, "bit " + std::to_string(bit % 8) + " of " + std::to_string(bit / 8));
        memory_.flip(bit / 8, static_cast<unsigned>(bit % 8));
      }
    }
  }

  // Every two bits of the commit word. Nothing rests on it in fast pools.
  void pairs_of_the_commit_word() {
    if (scenario_.commit == Commit::kFast) return;
    const Region& word = region("commit word");
    for (unsigned a = 0; a < 64; ++a) {
      for (unsigned b = a + 1; b < 64; ++b) {
        for (const unsigned bit : {a, b}) memory_.flip(kCommitWordAt + bit / 8, bit % 8);
        judge(word, "bits " + std::to_string(a) + " and " + std::to_string(b));
        for (const unsigned bit : {a, b}) memory_.flip(kCommitWordAt + bit / 8, bit % 8);
      }
    }
  }

  // One to eight bytes of anything, anywhere in each region.
  void garbage(std::uint64_t seed, unsigned times) {
    std::mt19937_64 random(seed);
    for (const Region& region : regions_) {
      for (unsigned i = 0; i < times; ++i) {
        const std::uint64_t size =
            std::min<std::uint64_t>(random() % 8 + 1, region.end - region.begin);
        const std::uint64_t at = region.begin + random() % (region.end - region.begin - size + 1);
        std::vector<std::byte> bytes(size);
        for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
        replace(region, at, bytes, "garbage");
      }
    }
  }

  // Every line of metadata: all zeros, all ones, another line's content, the same line of another
  // pool, and what it held after each earlier commit (a write that got lost).
  void whole_lines() {
    const std::vector<std::byte> zeros(kLineBytes);
    const std::vector<std::byte> ones(kLineBytes, std::byte{0xFF});
    const auto foreign = image_of_another_pool();
    for (const Region& region : regions_) {
      for (std::uint64_t at = region.begin / kLineBytes * kLineBytes; at < region.end;
           at += kLineBytes) {
        replace(region, at, zeros, "zeros");
        replace(region, at, ones, "ones");
        replace(region, at, line_of(foreign, at), "another pool's line");
        for (const Region& other : regions_) {
          replace(region, at, line_of(last(), other.begin / kLineBytes * kLineBytes),
                  "the line of " + other.name);
        }
        for (std::size_t age = 1; age < history_.size(); ++age) {
          stale(region, at, history_.size() - 1 - age, age);
        }
      }
    }
  }

  // Every line cannot be read.
  void poison() {
    for (const Region& region : regions_) {
      for (std::uint64_t at = region.begin; at < region.end; at += kLineBytes) {
        memory_.make_unreadable(at, at + 1);
        ++faults_;
        const auto opened = open();
        const bool told = !opened && opened.error().code == Errc::kMedia &&
                          opened.error().a / kPageBytes == at / kPageBytes;
        const bool same = opened && seen_positions(*opened);
        if (!told && !same) violated(region, "unreadable at " + std::to_string(at));
        memory_.make_readable();
      }
    }
  }

 private:
  struct Moment {
    std::vector<std::byte> image;
    Seen seen;
  };

  void make_history() {
    const auto specs = specs_of(scenario_);
    auto pool = *Pool::create(PlainMemoryRef(memory_), specs,
                              {.id = test_id(), .commit = scenario_.commit});
    const auto logs = static_cast<std::uint32_t>(specs.size());
    for (std::uint32_t step = 0; step < 7; ++step) {
      const std::uint32_t log = step % logs;
      const Info info = *pool.info(log);
      const std::uint64_t size = 40 + 9 * step;
      QT_CHECK(pool.tentative_append(log, content(log, info.tail, size, 0)).has_value());
      QT_CHECK(pool.commit().has_value());
      history_.push_back({memory_.image(), seen(pool)});
      if (step % 3 == 2) {
        QT_CHECK(pool.advance_head(log, info.head + 20).has_value());
        history_.push_back({memory_.image(), seen(pool)});
      }
    }
    seq_ = pool.state().seq;
    live_ = pool.state().live;
  }

  void make_regions() {
    const bool fast = scenario_.commit == Commit::kFast;
    const auto logs = static_cast<std::uint32_t>(scenario_.capacities.size());
    add("superblock A", 0, kSuperblockBytes, Effect::kRepaired);
    add("superblock B", second_superblock_at(memory_.size()), kSuperblockBytes, Effect::kRepaired);
    add("commit word", kCommitWordAt, 8, fast ? Effect::kNone : Effect::kCorrupt,
        Part::kCommitWord);
    add("last root", root_at(seq_), kLineBytes, fast ? Effect::kDiscards : Effect::kCorrupt,
        Part::kRoot);
    add("root before", root_at(seq_ + 1), kLineBytes, fast ? Effect::kDoubt : Effect::kNone);
    for (std::uint32_t i = 0; i < logs; ++i) {
      const std::string name = " of log " + std::to_string(i);
      add("directory" + name, directory_at(i), kDirectoryEntryBytes, Effect::kCorrupt,
          Part::kDirectory, i);
      if (logs == 1) continue;
      const std::uint64_t copy = live_ >> i & 1;
      add("slot" + name, slot_at(i, copy), kLineBytes, fast ? Effect::kDiscards : Effect::kCorrupt,
          Part::kLogSlot, i);
      add("old slot" + name, slot_at(i, copy ^ 1), kLineBytes, Effect::kNone);
    }
  }
  void add(std::string name, std::uint64_t begin, std::uint64_t bytes, Effect effect,
           Part part = Part::kNone, std::uint32_t log = 0) {
    regions_.push_back({std::move(name), begin, begin + bytes, effect, part, log});
  }
  const Region& region(const std::string& name) const {
    return *std::find_if(regions_.begin(), regions_.end(),
                         [&](const Region& r) { return r.name == name; });
  }

  std::vector<std::byte> image_of_another_pool() {
    PlainMemory memory(memory_.size());
    Uuid id = test_id();
    id.bytes[3] ^= std::byte{1};
    const auto specs = specs_of(scenario_);
    auto pool =
        *Pool::create(PlainMemoryRef(memory), specs, {.id = id, .commit = scenario_.commit});
    for (std::uint64_t i = 0; i < seq_; ++i) {
      QT_CHECK(pool.tentative_append(0, content(0, i, 1, 0)).has_value());
      QT_CHECK(pool.commit().has_value());
    }
    return memory.image();
  }

  static std::vector<std::byte> line_of(const std::vector<std::byte>& image, std::uint64_t at) {
    const auto from = image.begin() + static_cast<std::ptrdiff_t>(at);
    return {from, from + kLineBytes};
  }
  const std::vector<std::byte>& last() const { return history_.back().image; }

  auto open() { return Pool::open(PlainMemoryRef(memory_), {.read_only = true}); }

  void replace(const Region& region, std::uint64_t at, const std::vector<std::byte>& bytes,
               const std::string& what) {
    const auto before = std::span(last()).subspan(at, bytes.size());
    // Only what differs within the region is a fault of the region.
    std::vector<std::byte> after(before.begin(), before.end());
    bool differs = false;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (at + i < region.begin || at + i >= region.end || bytes[i] == before[i]) continue;
      after[i] = bytes[i];
      differs = true;
    }
    if (!differs) return;
    memory_.put(at, after);
    judge(region, what + " at " + std::to_string(at));
    memory_.put(at, before);
  }

  // A line as it was `age` commits ago. One state back is legal where the lost write was the one
  // that decides, because that is what an unfinished commit looks like.
  void stale(const Region& region, std::uint64_t at, std::size_t then, std::size_t age) {
    const auto line = line_of(history_[then].image, at);
    if (line == line_of(last(), at)) return;
    memory_.put(at, line);
    ++faults_;
    const auto opened = open();
    const bool decides =
        region.name == "commit word" ? age == 1 : scenario_.commit == Commit::kFast;
    const bool corrupt = !opened && opened.error().code == Errc::kCorrupt;
    const bool same = opened && seen(*opened) == history_.back().seen;
    const bool before = opened && decides && seen(*opened) == history_[history_.size() - 2].seen;
    if (!corrupt && !same && !before)
      violated(region, "a write lost, " + std::to_string(age) + " ago");
    memory_.put(at, line_of(last(), at));
  }

  // Whether what opens after a fault in `region` is what it should be.
  void judge(const Region& region, const std::string& what) {
    ++faults_;
    const auto opened = open();
    if (!is_right(region, opened)) violated(region, what);
  }
  bool is_right(const Region& region, const Result<Pool>& opened) const {
    if (!opened) {
      const Error& error = opened.error();
      if (error.code != Errc::kCorrupt) return false;
      if (region.effect == Effect::kDiscards) return true;
      return region.effect == Effect::kCorrupt && error.part == region.part &&
             error.a == region.begin && error.log == region.log;
    }
    const Recovery& recovery = opened->recovery();
    const bool repaired = recovery.superblock_a_bad || recovery.superblock_b_bad;
    const Seen found = seen(*opened);
    if (region.effect == Effect::kDiscards) {
      return recovery.discarded_last && found == history_[history_.size() - 2].seen;
    }
    return found == history_.back().seen && region.effect != Effect::kCorrupt &&
           repaired == (region.effect == Effect::kRepaired) &&
           recovery.discarded_last == (region.effect == Effect::kDoubt);
  }
  bool seen_positions(const Pool& pool) const {
    for (std::uint32_t i = 0; i < pool.logs(); ++i) {
      const auto& log = history_.back().seen[i];
      if (pool.info(i)->head != log.head || pool.info(i)->tail != log.tail()) return false;
    }
    return true;
  }

  void violated(const Region& region, const std::string& what) {
    if (violation_.empty()) violation_ = region.name + ": " + what;
  }

  Scenario scenario_;
  PlainMemory memory_;
  std::vector<Moment> history_{};
  std::uint64_t seq_ = 0;
  std::uint64_t live_ = 0;
  std::vector<Region> regions_{};
  std::uint64_t faults_ = 0;
  std::string violation_{};
};

}  // namespace quintet::pm_log::world
