// SPDX-License-Identifier: MIT
#include <optional>
#include <set>
#include <vector>

#include "page_table/test/property/property.hpp"
#include "page_table/test/world/caching_cpu.hpp"

// P16 for walks that start in a paging-structure cache, P18 and P19: what a processor that caches
// all that it may can see. With deferred invalidation the owner's flush ends an operation.
namespace quintet::page_table::world {
namespace {

using Outcome = CachingCpu::Outcome;

class Cached : public Property {
 public:
  bool applies(const Traits& traits) const override { return traits.invalidates; }
  void begin(Episode& episode) override {
    cpu_.emplace(episode.memory(), episode.table.root().value, episode.levels(),
                 probe_addresses(episode.script, episode.levels()));
  }
  void on_store(std::uint64_t, std::uint64_t, std::uint64_t) override { cpu_->look(); }
  void on_flush(std::span<const StaleRange<std::uint64_t>> ranges, bool everything) override {
    cpu_->flush(ranges, everything);
  }

 protected:
  [[nodiscard]] std::string at(std::size_t i) const { return to_text(cpu_->probes()[i]); }
  std::optional<CachingCpu> cpu_;
};

// During an operation every walk, however old the tables that it has cached, ends in the page
// that was there before or the page that is there afterwards.
class CachedWalksSeeOldOrNew final : public Cached {
 public:
  void before(Episode& episode) override {
    cpu_->look();
    const std::size_t count = cpu_->probes().size();
    // Deferred: whatever was true since the last flush may still be seen.
    if (!episode.traits().deferred || legal_.empty()) legal_.assign(count, {});
    seen_.assign(count, {});
    for (std::size_t i = 0; i < count; ++i) legal_[i].insert(cpu_->memory_says(i));
    watching_ = true;
  }
  void on_store(std::uint64_t pa, std::uint64_t before, std::uint64_t after) override {
    Cached::on_store(pa, before, after);
    if (watching_) note();
  }
  void on_flush(std::span<const StaleRange<std::uint64_t>> ranges, bool everything) override {
    if (watching_) note();
    Cached::on_flush(ranges, everything);
  }
  void after(Episode& episode) override {
    watching_ = false;
    const bool undone = episode.refused && episode.op.what == Do::kMapBatch;  // documented
    for (std::size_t i = 0; i < seen_.size(); ++i) {
      legal_[i].insert(cpu_->memory_says(i));
      for (const Outcome& outcome : seen_[i]) {
        if (legal_[i].contains(outcome)) continue;
        if (undone || episode.op.what == Do::kUnmapBatch) continue;
        fail("a walk for " + at(i) + " sees " +
             (outcome.present ? to_text(outcome.pa) : std::string("a fault")) +
             ", neither the old nor the new page");
      }
    }
    if (episode.op.what == Do::kFlush) legal_.clear();
  }

 private:
  void note() {
    for (std::size_t i = 0; i < seen_.size(); ++i) seen_[i].merge(cpu_->outcomes(i));
  }
  std::vector<std::set<Outcome>> legal_, seen_;
  bool watching_ = false;
};

class MappedIsSeen final : public Cached {
 public:
  void after(Episode& episode) override {
    cpu_->look();
    // Deferred: a retired table may hide a new mapping until the owner flushes.
    if (episode.traits().deferred) episode.table.flush();
    for (std::size_t i = 0; i < cpu_->probes().size(); ++i) {
      const auto meant = episode.model.resolve(cpu_->probes()[i]);
      if (!meant) continue;
      const Outcome wanted{true, meant->page.pa + (cpu_->probes()[i] - meant->va),
                           meant->page.flags & ~spec::kHardwareBits};
      for (const Outcome& outcome : cpu_->outcomes(i)) {
        if (outcome != wanted) fail("a walk for " + at(i) + " does not see the mapping");
      }
    }
  }
};

class UnmappedIsForgotten final : public Cached {
 public:
  void on_release(std::uint64_t frame, FrameContent) override {
    if (cpu_->may_walk(frame)) fail("a table is released that a walk may read: " + to_text(frame));
  }
  void after(Episode& episode) override {
    cpu_->look();
    if (episode.traits().deferred) episode.table.flush();
    for (std::size_t i = 0; i < cpu_->probes().size(); ++i) {
      const std::uint64_t va = cpu_->probes()[i];
      const auto meant = episode.model.resolve(va);
      for (const auto& [entry, level] : cpu_->tlb(i)) {
        const Outcome held = CachingCpu::outcome_of(va, entry, level);
        const bool current = meant && held == Outcome{true, meant->page.pa + (va - meant->va),
                                                      meant->page.flags & ~spec::kHardwareBits};
        if (!current) fail("a TLB may hold an old page for " + at(i));
        // A cached accessed or dirty bit keeps the processor from setting it again.
        const std::uint64_t noted = entry & spec::kHardwareBits;
        if (current && (noted & ~meant->page.flags) != 0)
          fail("a cleared bit is held for " + at(i));
      }
    }
  }
};

// Nothing that the destructor gives back may still be walked below the root.
class DestructionFlushes final : public Cached {
 public:
  void on_release(std::uint64_t frame, FrameContent) override {
    if (ending_ && cpu_->may_walk(frame)) {
      fail("a table is released that a walk may read: " + to_text(frame));
    }
  }
  void end(Episode& episode) override {
    ending_ = true;
    cpu_->look();
    cpu_->leave();  // no CPU may run on a table that is destroyed, but its caches outlive that
    episode.table.destroy();
  }

 private:
  bool ending_ = false;
};

}  // namespace

std::unique_ptr<Property> p16_cached_walks_see_old_or_new() {
  return std::make_unique<CachedWalksSeeOldOrNew>();
}
std::unique_ptr<Property> p18_mapped_is_seen() { return std::make_unique<MappedIsSeen>(); }
std::unique_ptr<Property> p19_unmapped_is_forgotten() {
  return std::make_unique<UnmappedIsForgotten>();
}
std::unique_ptr<Property> p19_destruction_flushes() {
  return std::make_unique<DestructionFlushes>();
}

}  // namespace quintet::page_table::world
