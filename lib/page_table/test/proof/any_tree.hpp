// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "page_table/page_table.hpp"
#include "page_table/test/proof/invariants.hpp"
#include "proof/symbolic/word_array.hpp"

// Any page table that satisfies the invariants, an operation on it, and what must hold then.
//
//   AnyTree<kDefaultPolicy> tree;
//   auto answer = tree.table().map(tree.target, ...);      // the real code, on symbolic words
//   if (!answer) return tree.prove_refused();
//   const auto x = tree.any_other();                        // every other address at once
//   proof::prove("...", spec::same(x.before.meaning, x.after.meaning));
//   tree.prove_invariants(x);
namespace quintet::page_table::proof_world {

// A table whose destructor leaves the tree alone and whose walk cache proofs may set.
template <class Inv, Policy kPolicy>
class OpenTable : public PageTable<Frames, Inv, kPolicy> {
  using Base = PageTable<Frames, Inv, kPolicy>;

 public:
  explicit OpenTable(Base&& table) : Base(std::move(table)) {}
  ~OpenTable() { this->memory_ = nullptr; }
  [[nodiscard]] auto& cache() { return this->cache_; }
};

// What an operation says of the page of `va` is what a walk says.
inline Boolean reports(const BasicMapping<Word>& mapping, VirtAddr va, const Meaning& meaning) {
  const Word bytes(mapping.bytes());
  return meaning.mapped & (meaning.size == bytes) &
         (mapping.base().value == (va.value & ~(bytes - Word(1)))) &
         (mapping.translate(va).value == meaning.physical) &
         (mapping.flags().bits() == meaning.attributes);
}

template <Policy kPolicy, class Inv = NoInvalidation>
class AnyTree {
 public:
  using Table = OpenTable<Inv, kPolicy>;
  static constexpr int kLevels = kPolicy.levels;

  // An address, and its walk before and after the operation.
  struct Observed {
    Word va;
    Walk before, after;
  };

  explicit AnyTree(CpuFeatures features = {}, Breach breach = Breach::kNone, Inv inv = {})
      : target(proof::any<Word>("va")),
        cpu_{.levels = kLevels,
             .maxphyaddr = features.maxphyaddr,
             .nxe = features.nx,
             .gib_pages = features.gib_pages},
        root_(any_frame("root", features.maxphyaddr)),
        frames_(root_, features.maxphyaddr, breach),
        table_(PageTable<Frames, Inv, kPolicy>::create(frames_, features, std::move(inv)).value()),
        cache_before_(table_.cache()) {
    if constexpr (kPolicy.walk_cache) remember_anything();
    meet(target);
  }

  const Word target;  // any address

  [[nodiscard]] Table& table() { return table_; }
  [[nodiscard]] const Frames& frames() const { return frames_; }
  [[nodiscard]] const spec::Processor& cpu() const { return cpu_; }
  [[nodiscard]] const proof::Memory& memory() const { return frames_.memory(); }
  [[nodiscard]] Version now() const { return memory().version(); }
  [[nodiscard]] Walk walk(const Word& va, Version version) const {
    return spec::walk<Boolean>([&](const Word& slot) { return memory().read(slot, version); },
                               root_, va, cpu_);
  }

  // Any address at all, observed after the operation.
  [[nodiscard]] Observed any_other() {
    const Word x = proof::any<Word>("x");
    const Walk& before = meet(x);
    return {x, before, walk(x, now())};
  }

  // ---- why an operation was refused, at the target
  void prove_cause_inside(Error error) const {
    const Meaning before = walk(target, 0).meaning;
    const char* goal = "an error says what is wrong";
    if (error == Error::kNonCanonical) {
      proof::prove(goal, !spec::canonical<Boolean>(target, kLevels));
    } else {
      proof::prove(goal, Boolean(error == Error::kNotMapped) & !before.mapped &
                             spec::canonical<Boolean>(target, kLevels));
    }
  }
  // For operations on a whole page, which is named by its base.
  void prove_cause_at_base(Error error) const {
    const Meaning before = walk(target, 0).meaning;
    const char* goal = "an error says what is wrong";
    if (error == Error::kMisaligned) {
      proof::prove(goal, (target & Word(0xFFF)) != Word(0));
    } else if (error == Error::kNotBase) {
      proof::prove(goal, before.mapped & ((target & (before.size - Word(1))) != Word(0)));
    } else {
      prove_cause_inside(error);
    }
  }

  // ---- goals after an operation -----------------------------------------------------------------
  void prove_refused() {
    const Observed x = any_other();
    proof::prove("a refused operation writes nothing", Boolean(writes_to_tables() == 0));
    for (const Word& frame : frames_.fresh()) {
      proof::prove("a refused operation keeps no frame", is_released(frame));
    }
    prove_cache(x);
    prove_releases(x);
  }
  void prove_cache(const Observed& x) {
    if constexpr (kPolicy.walk_cache) {
      proof::prove("the walk cache stays true", cache_holds(table_.cache(), x.va, x.after));
    }
  }
  // The last claims to make: what is assumed of a second address burdens no other.
  void prove_invariants(const Observed& x) {
    proof::prove("entries stay well formed and counts equal populations",
                 well_formed(memory(), x.after, now(), cpu_));
    prove_cache(x);
    prove_releases(x);
    prove_no_leak(x);
    const Word y = proof::any<Word>("y");
    meet(y);
    proof::prove("tables stay a tree", is_tree(x.after, x.va, walk(y, now()), y, kLevels));
  }
  // Every state that memory goes through means the old or the new thing, at any address.
  void prove_order(const Observed& x) {
    for (Version v = 1; v < now(); ++v) {
      const Meaning between = walk(x.va, v).meaning;
      proof::prove("each intermediate state means old or new",
                   spec::same(between, x.before.meaning) | spec::same(between, x.after.meaning));
    }
  }
  // Whenever a walk can reach a table, it has an entry: for operations that only add.
  void prove_complete_when_linked(const Observed& x) {
    for (Version v = 1; v < now(); ++v) {
      const Walk between = walk(x.va, v);
      for (int l = 2; l <= kLevels; ++l) {
        const Word count = population(memory(), at(between, l - 1).table, v);
        proof::prove("a table is complete before it is linked",
                     implies(at(between, l).reference, count >= Word(1)));
      }
    }
  }

 private:
  struct Met {
    Word va;
    Walk walk;
  };

  // Assumes the invariants before the operation at `va`, and between it and those met before.
  const Walk& meet(const Word& va) {
    met_.push_back({va, walk(va, 0)});
    const Walk& mine = met_.back().walk;
    proof::assume(well_formed(memory(), mine, 0, cpu_));
    for (const Met& other : met_) {
      proof::assume(is_tree(mine, va, other.walk, other.va, kLevels));
      proof::assume(sums(memory(), mine, other.walk, kLevels));
    }
    if constexpr (kPolicy.walk_cache) proof::assume(cache_holds(cache_before_, va, mine));
    for (int l = 1; l <= kLevels; ++l) frames_.in_use(at(mine, l).reached, at(mine, l).table);
    return mine;
  }

  // At most two addresses are looked up in the cache, so what it holds elsewhere does not matter;
  // and that it holds nothing is the case of a region in which neither address lies.
  void remember_anything() {
    auto& cache = table_.cache();
    const auto location = [](const char* name) { return Frames::Location{proof::any<Word>(name)}; };
    cache.remember_table(VirtAddr(proof::any<Word>("cached va")), location("cached table"),
                         location("cached parent"));
    for (const std::string number : {"1", "2"}) {
      cache.remember_directory(VirtAddr(proof::any<Word>("cached region " + number)),
                               location(("cached directory " + number).c_str()));
    }
    cache_before_ = cache;
  }

  [[nodiscard]] int writes_to_tables() const {
    int writes = 0;
    memory().for_each_write(now(), [&](Version, const Word&, const Word& mask, const Word&) {
      if (mask.known() == ~0ULL) ++writes;
    });
    return writes;
  }

  // ---- frames -----------------------------------------------------------------------------------
  [[nodiscard]] Boolean is_released(const Word& frame) const {
    Boolean any = false;
    for (const auto& released : frames_.released()) any = any | (released.frame == frame);
    return any;
  }
  // I5, and the promise that a released frame is zero.
  void prove_releases(const Observed& x) {
    const auto& all = frames_.released();
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Word& frame = all[i].frame;
      const Walk then = walk(x.va, all[i].when);
      Boolean owned = false;
      Boolean fresh = false;
      for (const Word& each : frames_.fresh()) fresh = fresh | (frame == each);
      for (int l = 1; l < kLevels; ++l) {
        const Step& step = at(met_[0].walk, l);
        owned = owned | (step.reached & (step.table == frame));
      }
      owned = owned | fresh;
      for (std::size_t j = 0; j < i; ++j) owned = owned & (frame != all[j].frame);
      proof::prove("only tables of the tree are released, and once", owned);
      const Word any_slot = frame | (x.va & Word(0xFF8));
      Boolean zero = implies(fresh, memory().read(any_slot, all[i].when) == Word(0));
      Boolean unreachable = true;
      for (int l = 1; l <= kLevels; ++l) {
        const Step& before = at(x.before, l);
        unreachable = unreachable & !(at(then, l).reached & (at(then, l).table == frame)) &
                      !(at(x.after, l).reached & (at(x.after, l).table == frame));
        zero = zero & implies(before.reached & (before.table == frame),
                              memory().read(before.slot, all[i].when) == Word(0));
      }
      proof::prove("no walk reaches a released table", unreachable);
      proof::prove("a released table is all zero", zero);
    }
  }
  void prove_no_leak(const Observed& x) {
    const Walk t = walk(target, now());
    for (const Word& frame : frames_.fresh()) {
      Boolean used = is_released(frame);
      for (int l = 1; l < kLevels; ++l) {
        used = used | (at(t, l).reached & (at(t, l).table == frame));
      }
      proof::prove("every frame taken is a table now", used);
    }
    for (int l = 1; l < kLevels; ++l) {
      const Step& before = at(x.before, l);
      const Step& after = at(x.after, l);
      proof::prove("a table is kept or released",
                   implies(before.reached, (after.reached & (after.table == before.table)) |
                                               is_released(before.table)));
    }
  }

  spec::Processor cpu_;
  Word root_;
  Frames frames_;
  Table table_;
  WalkCache<Word, Frames::Location> cache_before_;
  std::vector<Met> met_;
};

}  // namespace quintet::page_table::proof_world
