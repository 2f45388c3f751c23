// SPDX-License-Identifier: MIT
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "page_table/test/property/property.hpp"

// P14 to P17: what an operation writes, store by store.
namespace quintet::page_table::world {
namespace {

class Framing final : public Property {
 public:
  // Two frames of somebody else's in the same memory.
  void begin(Episode& episode) override {
    for (std::uint64_t& frame : foreign_) {
      frame = episode.memory().allocate().value;
      if (frame != 0) episode.memory().write(PhysAddr(frame + 8), kMark);
    }
  }
  void before(Episode& episode) override {
    view_.start(episode.memory(), episode.table.root().value, episode.levels());
    fresh_.clear();
    started_ = true;
  }
  void on_allocate(std::uint64_t frame) override { fresh_.insert(frame); }
  void on_store(std::uint64_t pa, std::uint64_t before, std::uint64_t after) override {
    const std::uint64_t frame = pa & ~0xFFFULL;
    if (!started_) return;
    // Linked now, taken by this operation, or unlinked by it and about to be released (or kept
    // for a flush, for which its first word is used).
    const bool mine = view_.reaches(frame) || fresh_.contains(frame) || retired_.contains(frame);
    if (!mine) fail("a store outside the tables: " + to_text(pa));
    static_cast<void>(view_.store(pa, before, after));
    for (const std::uint64_t gone : view_.take_unlinked()) retired_.insert(gone);
  }
  void on_release(std::uint64_t frame, FrameContent) override { retired_.erase(frame); }
  void after(Episode& episode) override {
    for (const std::uint64_t frame : foreign_) {
      if (frame != 0 && episode.memory().peek(frame + 8) != kMark) fail("a foreign frame changed");
    }
    const std::string misuse = episode.memory().misuse("P14");
    if (!misuse.empty()) fail(misuse);
  }
  void end(Episode& episode) override { after(episode); }

 private:
  static constexpr std::uint64_t kMark = 0x5EED'F00D'5EED'F00C;
  std::uint64_t foreign_[2] = {};
  View view_;
  std::set<std::uint64_t> fresh_, retired_;
  bool started_ = false;
};

// Records what each operation stores into tables that the root reaches.
class Watcher : public Property {
 public:
  void before(Episode& episode) override {
    view_.start(episode.memory(), episode.table.root().value, episode.levels());
    changes_.clear();
    watching_ = true;
  }
  void on_store(std::uint64_t pa, std::uint64_t before, std::uint64_t after) override {
    if (!watching_) return;
    auto change = view_.store(pa, before, after);
    if (change) changes_.push_back(std::move(*change));
  }

 protected:
  View view_;
  std::vector<Change> changes_;
  bool watching_ = false;
};

// Deviation from the paper: a count in a parent entry changes while both old and new are present,
// in ignored bits only (`quiet`); these stores are not what the property is about. Batches that
// are refused have mapped and undone (documented). Where empty tables are kept, a large page may
// replace a reference to a table without a page.
class MonotoneStores final : public Watcher {
 public:
  void after(Episode& episode) override {
    watching_ = false;
    const Op& op = episode.op;
    const bool undone = episode.refused && (op.what == Do::kMapBatch || op.what == Do::kUnmapBatch);
    if (undone) return;
    std::set<std::uint64_t> written;
    for (const Change& change : changes_) {
      const std::uint64_t flipped = change.before ^ change.after;
      if (change.quiet) continue;
      if (op.what == Do::kMerge && (flipped & ~spec::kHardwareBits) == 0) continue;  // late bits
      if (episode.refused) return fail("a refused operation stored at " + to_text(change.slot));
      if (!written.insert(change.slot).second) fail("two stores to " + to_text(change.slot));
      const bool was = is_present(change.before), is = is_present(change.after);
      if (is_map(op.what)) {
        const bool kept_table = !episode.traits().policy.reclaims() && was && is &&
                                !is_leaf(change.before, change.level) && change.gone.empty();
        if (!(!was && is) && !kept_table) fail("a map stored over " + to_text(change.before));
      } else if (is_unmap(op.what)) {
        if (!was || is) fail("an unmap stored " + to_text(change.after));
      } else if (!was || !is) {
        fail("presence changed at " + to_text(change.slot));
      }
    }
  }
};

class OneStoreChangesMeaning final : public Watcher {
 public:
  void after(Episode& episode) override {
    watching_ = false;
    const Do what = episode.op.what;
    const bool undone = episode.refused && (what == Do::kMapBatch || what == Do::kUnmapBatch);
    if (undone) return;
    std::size_t meaningful = 0;
    std::set<std::uint64_t> touched;
    for (const Change& change : changes_) {
      if (change.gone.empty() && change.come.empty()) {
        if (!is_present(change.before) && is_present(change.after)) {
          fail("a table without a page is linked at " + to_text(change.slot));
        }
        continue;
      }
      ++meaningful;
      std::set<std::uint64_t> here;  // a page may go and come in one store, not in two
      for (const PlacedPage& page : change.gone) here.insert(page.va);
      for (const PlacedPage& page : change.come) here.insert(page.va);
      for (const std::uint64_t va : here) {
        if (!touched.insert(va).second) fail("the page at " + to_text(va) + " changed twice");
      }
    }
    if (episode.refused && meaningful != 0) fail("a refused operation changed the meaning");
    if (!episode.refused && is_single(what) && meaningful > 1) {
      fail(std::to_string(meaningful) + " stores change the meaning");
    }
    const bool must = what == Do::kMap || what == Do::kUnmap || what == Do::kSplit;
    if (!episode.refused && must && meaningful != 1) fail("no store changes the meaning");
  }
};

// Hardware sets accessed and dirty wherever it may: in references and leaves between operations,
// and in the very entry that is being exchanged where leaves are live. The tables go on meaning
// the same, no operation loses a bit, and none is confused by one.
class AccessedDirtyChangeNothing final : public Property {
 public:
  void before(Episode& episode) override {
    const Tables tables = episode.tables();
    const std::vector<PlacedPage> meant = tables.pages;
    for (const auto& [frame, at] : tables.frames) {
      if (at.parent != 0 && random_() % 2 == 0) episode.memory().hardware_or(at.parent, 0x20);
    }
    // A few pages at a time: a merge unites the bits, and must find some still clear.
    const std::size_t touches = meant.empty() ? 0 : random_() % 4;
    for (std::size_t k = 0; k < touches; ++k) {
      const std::size_t i = random_() % meant.size();
      const std::uint64_t bits = random_() % 2 == 0 ? 0x20 : 0x60;
      episode.memory().hardware_or(tables.leaves[i].first, bits);
      episode.model.touch(meant[i].va, bits);
    }
    auto now = episode.tables().pages;
    if (!std::ranges::equal(now, meant, {}, plain, plain)) fail("accessed or dirty has a meaning");
    arm(episode, tables);
    merging_ = nullptr;
    small_pages_.clear();
    if (!episode.traits().policy.live_leaves || episode.op.what != Do::kMerge) return;
    merging_ = &episode;
    for (std::size_t i = 0; i < tables.pages.size(); ++i) {
      const PlacedPage& page = tables.pages[i];
      const bool small = page.page.size * 512 == episode.op.size;
      if (small && page.va - episode.op.va < episode.op.size) {
        small_pages_.emplace_back(tables.leaves[i].first, page.va);
      }
    }
  }
  // Until the flush of a merge, processors note accesses in the small pages that they cache.
  void on_flush(std::span<const StaleRange<std::uint64_t>>, bool) override {
    if (!merging_ || small_pages_.empty()) return;
    const auto& [slot, va] = small_pages_[random_() % small_pages_.size()];
    merging_->memory().hardware_or(slot, 0x60);
    merging_->touched.emplace_back(va, 0x60);
  }
  void after(Episode& episode) override {
    merging_ = nullptr;
    episode.memory().before_exchange = nullptr;
    for (const PlacedPage& page : episode.tables().pages) {
      const auto meant = episode.model.resolve(page.va);
      if (!meant || *meant != page) {
        fail("the page " + to_text(page) + " should be " + (meant ? to_text(*meant) : "absent"));
      }
    }
  }
  void disagreed(Episode&, const std::string& how) override { fail(how); }

 private:
  static PlacedPage plain(PlacedPage page) {
    page.page.flags &= ~spec::kHardwareBits;
    return page;
  }
  // Half of the exchanges find that the hardware was there first.
  void arm(Episode& episode, const Tables& tables) {
    episode.memory().before_exchange = [this, &episode, tables](std::uint64_t slot) {
      const std::uint64_t entry = episode.memory().peek(slot);
      const auto va = tables.va_of_slot(slot);
      const std::uint64_t bits = random_() % 2 == 0 ? 0x60 : 0x20;
      if (!va || !is_present(entry) || (entry & bits) == bits || random_() % 2 == 0) return;
      episode.memory().hardware_or(slot, bits);
      episode.touched.emplace_back(*va, bits);
    };
  }
  std::mt19937_64 random_{17};
  Episode* merging_ = nullptr;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> small_pages_;  // slot, address
};

}  // namespace

std::unique_ptr<Property> p14_framing() { return std::make_unique<Framing>(); }
std::unique_ptr<Property> p15_monotone_stores() { return std::make_unique<MonotoneStores>(); }
std::unique_ptr<Property> p16_one_store_changes_meaning() {
  return std::make_unique<OneStoreChangesMeaning>();
}
std::unique_ptr<Property> p17_accessed_dirty_change_nothing() {
  return std::make_unique<AccessedDirtyChangeNothing>();
}

}  // namespace quintet::page_table::world
