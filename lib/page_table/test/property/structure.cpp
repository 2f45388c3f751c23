// SPDX-License-Identifier: MIT
#include <algorithm>
#include <map>
#include <vector>

#include "page_table/test/property/property.hpp"

// P3, P5, P7 to P13 and T2: what the tables look like in memory.
namespace quintet::page_table::world {
namespace {

// Memory before and after a refused operation: the words of every reachable table, and which
// frames are taken. Retired tables wait for a flush that the refusal may have brought forward, so
// with deferred invalidation the frames are compared after a flush.
class RefusalChangesNothing : public Property {
 public:
  explicit RefusalChangesNothing(bool (*mine)(Do)) : mine_(mine) {}

  void before(Episode& episode) override {
    if (!mine_(episode.op.what)) return;
    if (episode.traits().deferred) episode.table.flush();
    image_ = episode.tables().image(episode.memory());
    frames_ = episode.memory().frames_in_use();
    allocations_ = 0;
  }
  void on_allocate(std::uint64_t) override { ++allocations_; }
  void after(Episode& episode) override {
    if (!mine_(episode.op.what) || !episode.refused) return;
    if (episode.tables().image(episode.memory()) != image_) return fail("tables have changed");
    // A batch maps and undoes; running out is found by taking. All other refusals come first.
    const bool may_try = episode.op.what == Do::kMapBatch || episode.out_of_frames;
    if (allocations_ != 0 && !may_try) fail("a refused operation allocated");
    if (episode.traits().deferred) episode.table.flush();
    if (episode.memory().frames_in_use() != frames_) fail("frames were taken or given back");
  }
  void disagreed(Episode& episode, const std::string& how) override {
    if (mine_(episode.op.what) && episode.refused) fail(how);
  }

 private:
  bool (*mine_)(Do);
  std::map<std::uint64_t, std::vector<std::uint64_t>> image_;
  std::vector<std::uint64_t> frames_;
  std::size_t allocations_ = 0;
};

// Calls `check` for every entry of every reachable table after each operation.
class EveryEntry : public Property {
 public:
  void after(Episode& episode) override {
    const Tables tables = episode.tables();
    for (const auto& [frame, at] : tables.frames) {
      for (std::uint64_t i = 0; i < 512; ++i) {
        check(episode, at, frame + 8 * i, episode.memory().peek(frame + 8 * i));
      }
    }
  }

 protected:
  virtual void check(const Episode& episode, const TableAt& table, std::uint64_t slot,
                     std::uint64_t entry) = 0;
};

// Deviation from the paper: the count in bits 61:52 and the accessed bit are masked (the MMU
// ignores the first; the second is the hardware's own).
class ReferencesArePermissive final : public EveryEntry {
  void check(const Episode&, const TableAt& table, std::uint64_t slot,
             std::uint64_t entry) override {
    if (!is_present(entry) || is_leaf(entry, table.level)) return;
    const std::uint64_t shape = entry & ~kQuietReferenceBits & ~0x000F'FFFF'FFFF'F000ULL;
    if (shape != 0x7) fail("a reference is not P, RW, US and no more: slot " + to_text(slot));
  }
};

class AbsentIsZero final : public EveryEntry {
 public:
  void after(Episode& episode) override {
    EveryEntry::after(episode);
    end(episode);
  }
  void end(Episode& episode) override {
    episode.memory().check_free_frames();
    const std::string misuse = episode.memory().misuse("P08");
    if (!misuse.empty()) fail(misuse);
  }

 private:
  void check(const Episode&, const TableAt&, std::uint64_t slot, std::uint64_t entry) override {
    if (!is_present(entry) && entry != 0) fail("an absent entry is not 0: slot " + to_text(slot));
  }
};

class NoEmptyTable final : public Property {
 public:
  // Tables that do not count keep their empty tables, which is their documented policy.
  bool applies(const Traits& traits) const override { return traits.policy.reclaims(); }
  void after(Episode& episode) override {
    const Tables tables = episode.tables();
    for (const auto& [frame, at] : tables.frames) {
      bool empty = true;
      for (std::uint64_t i = 0; i < 512 && empty; ++i) {
        empty = !is_present(episode.memory().peek(frame + 8 * i));
      }
      if (empty && frame != tables.root) fail("an empty table is linked: " + to_text(frame));
    }
  }
};

class TablesFormATree final : public Property {
 public:
  void after(Episode& episode) override {
    const Tables tables = episode.tables();
    if (!tables.damage.empty()) fail(tables.damage);
    if (tables.root % 0x1000 != 0) fail("the root is not aligned");
    for (const auto& [frame, at] : tables.frames) {
      if (!episode.memory().in_use(frame)) fail("a table in a free frame: " + to_text(frame));
    }
  }
};

// Must-be-zero bits by level, from the entry formats of the manuals (Intel SDM vol. 3A, tables
// 4-14 to 4-20; AMD APM vol. 2, 5.3). Bits 62:52 of a reference are ignored, not reserved.
class ReservedBitsAreZero final : public EveryEntry {
  void check(const Episode& episode, const TableAt& table, std::uint64_t slot,
             std::uint64_t entry) override {
    if (!is_present(entry)) return;
    const CpuFeatures& cpu = episode.traits().features;
    std::uint64_t reserved = 0x000F'FFFF'FFFF'FFFF & ~((std::uint64_t{1} << cpu.maxphyaddr) - 1);
    if (!cpu.nx) reserved |= spec::kNoExecuteBit;
    if (table.level >= 4) reserved |= 0x180;  // PS; bit 8 on AMD
    if (table.level == 2 && is_leaf(entry, 2)) reserved |= 0x001F'E000;
    if (table.level == 3 && is_leaf(entry, 3)) reserved |= cpu.gib_pages ? 0x3FFF'E000 : ~0ULL;
    if ((entry & reserved) != 0) fail("a reserved bit is set: slot " + to_text(slot));
  }
};

// Deviation from the paper, whose tables never set PAT: bit 12 of a 2 MiB or 1 GiB leaf is set
// exactly when the mapping asks for a memory type of 4 to 7, and is never part of the address.
class Bit12IsPat final : public EveryEntry {
  void check(const Episode& episode, const TableAt& table, std::uint64_t slot,
             std::uint64_t entry) override {
    if (table.level == 1 || !is_present(entry) || !is_leaf(entry, table.level)) return;
    const auto page =
        episode.model.resolve(address_of(table, (slot & 0xFFF) / 8, episode.levels()));
    const bool wanted = page && (page->page.flags & 0x80) != 0;
    if (((entry & 0x1000) != 0) != wanted) fail("bit 12 is not PAT: slot " + to_text(slot));
  }
};

class AllocatedIsReachable final : public Property {
 public:
  void after(Episode& episode) override {
    if (episode.traits().deferred) episode.table.flush();  // gives retired tables back
    const Tables tables = episode.tables();
    std::vector<std::uint64_t> reachable;
    for (const auto& [frame, at] : tables.frames) reachable.push_back(frame);
    if (episode.memory().frames_in_use() != reachable) {
      fail(std::to_string(reachable.size()) + " tables are reachable, " +
           std::to_string(episode.memory().frames_in_use().size()) + " frames are in use");
    }
    const bool exact = episode.traits().policy.reclaims();
    if (exact && reachable.size() != episode.model.tables()) {
      fail(std::to_string(reachable.size()) + " tables, the pages need " +
           std::to_string(episode.model.tables()));
    }
    check_misuse(episode);
  }
  // T10: destroying the table gives every frame back.
  void end(Episode& episode) override {
    episode.table.destroy();
    if (!episode.memory().frames_in_use().empty()) fail("frames are left after destruction");
    check_misuse(episode);
  }

 private:
  void check_misuse(Episode& episode) {
    const std::string misuse = episode.memory().misuse("P13");
    if (!misuse.empty()) fail(misuse);
  }
};

class CountsAreExact final : public EveryEntry {
 public:
  bool applies(const Traits& traits) const override { return traits.policy.reclaims(); }

 private:
  void check(const Episode& episode, const TableAt& table, std::uint64_t slot,
             std::uint64_t entry) override {
    if (!is_present(entry) || is_leaf(entry, table.level)) return;
    const std::uint64_t child = entry & 0x000F'FFFF'FFFF'F000;
    std::uint64_t present = 0;
    for (std::uint64_t i = 0; i < 512; ++i) present += episode.memory().peek(child + 8 * i) & 1;
    const std::uint64_t count = episode.traits().policy.counter == Counter::kParentEntry
                                    ? (entry >> 52) & 0x3FF
                                    : episode.memory().peek_population(child);
    if (count != present) {
      fail("the count of a table is " + std::to_string(count) + ", it has " +
           std::to_string(present) + " entries: slot " + to_text(slot));
    }
  }
};

// The table's own check, I1 to I4 and I6 of tree.hpp.
class InvariantsHold final : public Property {
 public:
  void after(Episode& episode) override {
    const std::string found = episode.table.violation();
    if (!found.empty()) fail(found);
  }
};

}  // namespace

std::unique_ptr<Property> p03_refused_map_changes_nothing() {
  return std::make_unique<RefusalChangesNothing>(
      [](Do what) { return is_map(what) || what == Do::kSplit; });
}
std::unique_ptr<Property> p05_refused_unmap_changes_nothing() {
  return std::make_unique<RefusalChangesNothing>(
      [](Do what) { return !is_map(what) && what != Do::kSplit && what != Do::kTouch; });
}
std::unique_ptr<Property> p07_references_are_permissive() {
  return std::make_unique<ReferencesArePermissive>();
}
std::unique_ptr<Property> p08_absent_is_zero() { return std::make_unique<AbsentIsZero>(); }
std::unique_ptr<Property> p09_no_empty_table() { return std::make_unique<NoEmptyTable>(); }
std::unique_ptr<Property> p10_tables_form_a_tree() { return std::make_unique<TablesFormATree>(); }
std::unique_ptr<Property> p11_reserved_bits_are_zero() {
  return std::make_unique<ReservedBitsAreZero>();
}
std::unique_ptr<Property> p12_bit_12_is_pat() { return std::make_unique<Bit12IsPat>(); }
std::unique_ptr<Property> p13_allocated_is_reachable() {
  return std::make_unique<AllocatedIsReachable>();
}
std::unique_ptr<Property> t02_counts_are_exact() { return std::make_unique<CountsAreExact>(); }
std::unique_ptr<Property> invariants_hold() { return std::make_unique<InvariantsHold>(); }

}  // namespace quintet::page_table::world
