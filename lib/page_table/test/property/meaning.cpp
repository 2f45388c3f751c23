// SPDX-License-Identifier: MIT
#include <algorithm>
#include <map>
#include <random>

#include "page_table/spec/mmu.hpp"
#include "page_table/test/property/property.hpp"

// P1, P2, P4, P6, P20, P21 and T12: what the tables mean.
namespace quintet::page_table::world {
namespace {

spec::Controls controls_of(const Episode& episode) {
  spec::Controls controls;
  controls.levels = episode.levels();
  controls.maxphyaddr = episode.traits().features.maxphyaddr;
  controls.nxe = episode.traits().features.nx;
  controls.gib_pages = episode.traits().features.gib_pages;
  controls.amd_pml4_bit8 = true;  // the stricter of the two vendors
  return controls;
}

std::expected<spec::Translation, spec::Fault> walk(const Episode& episode, std::uint64_t va) {
  const TracedMemory& memory = episode.memory();
  return spec::translate([&](std::uint64_t pa) { return memory.peek(pa); },
                         episode.table.root().value, va, controls_of(episode));
}

// The flags word that the MMU's view of a page amounts to.
std::uint64_t flags_of(const spec::Translation& t) {
  std::uint64_t flags = t.leaf_entry & spec::kHardwareBits;
  if (t.writable) flags |= 0x2;
  if (t.user) flags |= 0x4;
  flags |= (t.pat & 3) << 3 | (t.pat & 4) << 5;
  if (t.global) flags |= 0x100;
  flags |= (t.software & 7) << 9 | (t.software >> 3) << 52;
  flags |= t.pkey << 59;
  if (!t.executable) flags |= spec::kNoExecuteBit;
  return flags;
}

// The MMU's view equals the model's at every page, at its edges, and at every probe.
class Refinement : public Property {
 public:
  void after(Episode& episode) override {
    for (const auto& [va, page] : episode.model.pages()) {
      const std::uint64_t last = va + (page.size - 1);
      for (const std::uint64_t at : {va, va + page.size / 2 + 5, last}) expect(episode, at);
    }
    for (const std::uint64_t at : probe_addresses(episode.script, episode.levels())) {
      expect(episode, at);
    }
    const Tables tables = episode.tables();
    if (!tables.damage.empty()) fail(tables.damage);
    std::vector<PlacedPage> wanted;
    for (const auto& [va, page] : episode.model.pages()) wanted.push_back({va, page});
    if (tables.pages != wanted) fail("the pages in memory are not those of the model");
  }
  void disagreed(Episode&, const std::string& how) override { fail(how); }

 private:
  void expect(Episode& episode, std::uint64_t at) {
    const auto seen = walk(episode, at);
    const auto meant = episode.model.resolve(at);
    if (seen.has_value() != meant.has_value()) {
      return fail("the MMU " + std::string(seen ? "translates " : "faults at ") + to_text(at));
    }
    if (!seen) return;
    const spec::Page page{seen->base_pa, seen->size, flags_of(*seen)};
    if (seen->base_va != meant->va || page != meant->page ||
        seen->pa != meant->page.pa + (at - meant->va)) {
      fail("the MMU finds another page at " + to_text(at) + ": " +
           to_text(PlacedPage{seen->base_va, page}) + " instead of " + to_text(*meant));
    }
  }
};

// Compares the pages in memory before and after each operation of one kind.
class EffectOf : public Property {
 public:
  void before(Episode& episode) override { before_ = episode.tables().pages; }

 protected:
  // Pages of the second list that are not in the first.
  static std::vector<PlacedPage> added(const std::vector<PlacedPage>& first,
                                       const std::vector<PlacedPage>& second) {
    std::vector<PlacedPage> result;
    std::size_t i = 0;
    for (const PlacedPage& page : second) {  // both ascend
      while (i < first.size() && first[i].va < page.va) ++i;
      if (i == first.size() || first[i] != page) result.push_back(page);
    }
    return result;
  }
  std::vector<PlacedPage> before_;
};

class MapInsertsExactlyOne final : public EffectOf {
 public:
  void after(Episode& episode) override {
    if (!is_map(episode.op.what) || episode.refused) return;
    const auto now = episode.tables().pages;
    if (!added(now, before_).empty()) return fail("a map removed or changed a page");
    check_new(episode, added(before_, now));
  }
  void disagreed(Episode& episode, const std::string& how) override {
    if (is_map(episode.op.what)) fail(how);
  }

 private:
  void check_new(const Episode& episode, const std::vector<PlacedPage>& fresh) {
    const Op& op = episode.op;
    if (op.what == Do::kMap) {
      const std::vector<PlacedPage> wanted = {{op.va, {op.pa, op.size, op.flags}}};
      if (fresh != wanted) fail("not exactly the one page was added");
    } else if (op.what == Do::kMapBatch) {
      auto wanted = op.batch;
      std::ranges::sort(wanted, {}, &PlacedPage::va);
      if (fresh != wanted) fail("not exactly the pages of the batch were added");
    } else {
      std::uint64_t at = op.va;
      for (const auto& [va, page] : fresh) {
        if (va != at || page.pa != op.pa + (va - op.va) || page.flags != op.flags) {
          return fail("a page of the range is wrong: " + to_text(va));
        }
        at += page.size;
      }
      if (at != op.va + op.bytes) fail("the range is not covered");
    }
  }
};

class UnmapRemovesExactlyOne final : public EffectOf {
 public:
  void after(Episode& episode) override {
    const Op& op = episode.op;
    if (!is_unmap(op.what) || episode.refused) return;
    const auto now = episode.tables().pages;
    if (!added(before_, now).empty()) return fail("an unmap added or changed a page");
    auto gone = added(now, before_);
    auto told = episode.answer.pages;
    std::ranges::sort(told, {}, &PlacedPage::va);
    if (op.what != Do::kUnmapRange) {
      if (gone != told) fail("not exactly the returned pages were removed");
      if (op.what == Do::kUnmap && (gone.size() != 1 || gone[0].va != op.va)) {
        fail("not exactly the one page was removed");
      }
      return;
    }
    std::erase_if(before_, [&](const PlacedPage& p) { return p.va - op.va >= op.bytes; });
    if (gone != before_) fail("not exactly the pages of the range were removed");
  }
  void disagreed(Episode& episode, const std::string& how) override {
    if (is_unmap(episode.op.what)) fail(how);
  }
};

class ResolveAtEveryOffset final : public Property {
 public:
  void after(Episode& episode) override {
    std::vector<std::uint64_t> addresses = probe_addresses(episode.script, episode.levels());
    for (const auto& [va, page] : episode.model.pages()) {
      addresses.push_back(va + random_() % page.size);
      if (addresses.size() > 128) break;
    }
    const std::uint64_t hole = episode.levels() == 5 ? 0x0100'0000'0000'0000 : 0x8000'0000'0000;
    addresses.push_back(hole + random_() % hole);
    for (const std::uint64_t va : addresses) {
      Op op;
      op.what = Do::kResolve;
      op.va = va;
      const Answer meant = carry_out(episode.model, op);
      std::string how = disagreement(carry_out(episode.table, op), meant);
      if (how.empty()) how = disagreement(resolve_const(episode.table, va), meant);
      if (!how.empty()) fail("resolve " + to_text(va) + ": " + how);
    }
  }
  void disagreed(Episode& episode, const std::string& how) override {
    const Do what = episode.op.what;
    if (what == Do::kResolve || what == Do::kResolveBatch) fail(how);
  }

 private:
  static Answer resolve_const(const Subject& table, std::uint64_t va) {
    Answer answer;
    const auto found = table.resolve_const(VirtAddr(va));
    if (found) {
      answer.pages = {placed(*found)};
    } else {
      answer.error = found.error();
    }
    return answer;
  }
  std::mt19937_64 random_{7};
};

class MappedFramesAreDisjoint final : public Property {
 public:
  bool wants_disjoint_frames() const override { return true; }
  void after(Episode& episode) override {
    std::map<std::uint64_t, std::uint64_t> frames;  // first byte, last byte
    const Tables tables = episode.tables();
    for (const auto& [frame, at] : tables.frames) frames[frame] = frame + 0xFFF;
    for (const auto& [va, page] : tables.pages) {
      const auto next = frames.upper_bound(page.pa);
      const bool overlaps = (next != frames.end() && next->first <= page.pa + (page.size - 1)) ||
                            (next != frames.begin() && std::prev(next)->second >= page.pa);
      if (overlaps) return fail("two pages share a frame at " + to_text(page.pa));
      frames[page.pa] = page.pa + (page.size - 1);
    }
  }
};

// User memory behind the MMU: words at page edges are stored through translations and must be
// read back through them for as long as the page stays mapped.
class ContentsPersist final : public Property {
 public:
  bool wants_disjoint_frames() const override { return true; }
  void after(Episode& episode) override {
    std::erase_if(expected_, [&](const auto& word) { return !episode.model.resolve(word.first); });
    for (const auto& [va, value] : expected_) {
      const auto pa = physical(episode, va);
      if (!pa || memory_[*pa] != value) return fail("a load at " + to_text(va) + " went wrong");
    }
    for (const auto& [va, page] : episode.model.pages()) {
      const std::uint64_t at = va + (random_() % 2 == 0 ? 0 : page.size - 8);
      if (random_() % 4 != 0 || expected_.size() > 200) continue;
      const auto pa = physical(episode, at);
      if (!pa) return fail("a store at " + to_text(at) + " faults");
      memory_[*pa] = expected_[at] = random_();
    }
  }

 private:
  static std::optional<std::uint64_t> physical(const Episode& episode, std::uint64_t va) {
    const TracedMemory& memory = episode.memory();
    const auto page =
        spec::access([&](std::uint64_t pa) { return memory.peek(pa); }, episode.table.root().value,
                     va, {spec::Access::Kind::kRead, false}, controls_of(episode));
    return page ? std::optional(page->pa) : std::nullopt;
  }
  std::map<std::uint64_t, std::uint64_t> expected_;  // by virtual address
  std::map<std::uint64_t, std::uint64_t> memory_;    // by physical address
  std::mt19937_64 random_{21};
};

class IterationIsTheModel final : public Property {
 public:
  void after(Episode& episode) override {
    const std::uint64_t half = episode.levels() == 5 ? 0x0100'0000'0000'0000 : 0x8000'0000'0000;
    std::vector<PageRun> wanted;
    for (const std::uint64_t start : {std::uint64_t{0}, 0 - half}) {
      const auto runs = episode.model.runs(start, half);
      wanted.insert(wanted.end(), runs->begin(), runs->end());
    }
    std::vector<PageRun> seen;
    const auto collect = [&](const Run& run) {
      seen.push_back(
          {run.va.value, run.pa.value, run.bytes, page_bytes(run.size), run.flags.bits()});
    };
    episode.table.for_each(collect);
    if (seen != wanted) fail("iteration does not give the model's runs");
    check_part(episode);
    check_text(episode, seen.size());
    check_stats(episode);
  }

 private:
  void check_part(Episode& episode) {
    const std::uint64_t va = episode.op.va;
    for (const std::uint64_t bytes : {episode.op.bytes, std::uint64_t{0x40'3000}}) {
      std::vector<PageRun> seen;
      const auto wanted = episode.model.runs(va, bytes);
      const auto told = episode.table.for_each(VirtAddr(va), bytes, [&](const Run& run) {
        seen.push_back(
            {run.va.value, run.pa.value, run.bytes, page_bytes(run.size), run.flags.bits()});
      });
      if (told.has_value() != wanted.has_value()) return fail("iteration over a part: verdict");
      if (!told && (reason_of(told.error()) & wanted.error()) == 0) fail("wrong reason");
      if (told && seen != *wanted) fail("iteration over a part differs");
    }
  }
  void check_text(Episode& episode, std::size_t runs) {
    const std::string text = episode.table.dump_text();
    if (static_cast<std::size_t>(std::ranges::count(text, '\n')) != runs) {
      fail("dump has not one line a run");
    }
  }
  void check_stats(Episode& episode) {
    const Stats stats = episode.table.stats();
    std::array<std::uint64_t, 4> pages{};
    std::uint64_t bytes = 0;
    for (const auto& [va, page] : episode.model.pages()) {
      ++pages[page.size == spec::kLarge ? 3 : page.size == spec::kMedium ? 2 : 1];
      bytes += page.size;
    }
    if (stats.pages != pages || stats.mapped_bytes() != bytes) fail("stats miscount pages");
    if (stats.table_count() != episode.tables().frames.size()) fail("stats miscount tables");
  }
};

}  // namespace

std::unique_ptr<Property> p01_refinement() { return std::make_unique<Refinement>(); }
std::unique_ptr<Property> p02_map_inserts_exactly_one() {
  return std::make_unique<MapInsertsExactlyOne>();
}
std::unique_ptr<Property> p04_unmap_removes_exactly_one() {
  return std::make_unique<UnmapRemovesExactlyOne>();
}
std::unique_ptr<Property> p06_resolve_at_every_offset() {
  return std::make_unique<ResolveAtEveryOffset>();
}
std::unique_ptr<Property> p20_mapped_frames_are_disjoint() {
  return std::make_unique<MappedFramesAreDisjoint>();
}
std::unique_ptr<Property> p21_contents_persist() { return std::make_unique<ContentsPersist>(); }
std::unique_ptr<Property> t12_iteration_is_the_model() {
  return std::make_unique<IterationIsTheModel>();
}

}  // namespace quintet::page_table::world
