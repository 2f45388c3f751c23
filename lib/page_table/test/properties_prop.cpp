// SPDX-License-Identifier: MIT
#include <iostream>

#include "base/sanitizers.hpp"
#include "page_table/test/property/property.hpp"
#include "testing/rapidcheck.hpp"

// The properties that the paper proved of its page table, numbered as there, and tests of
// our own that are judged the same way (T..). Each runs random scripts on every configuration.

namespace quintet::page_table::world {

std::ostream& operator<<(std::ostream& out, const Draw& d) {
  return out << "{" << d.what << ", " << d.anchor << ", " << d.shift << ", " << d.size << ", "
             << d.target << ", " << d.flags << ", " << d.length << ", " << d.aim << ", " << d.salt
             << "}";
}
std::ostream& operator<<(std::ostream& out, const Script& script) {
  out << "focus " << script.focus << " frames " << script.frames << " draws";
  for (const Draw& draw : script.draws) out << "\n    " << draw;
  return out;
}

}  // namespace quintet::page_table::world

namespace rc {

template <>
struct Arbitrary<quintet::page_table::world::Draw> {
  static Gen<quintet::page_table::world::Draw> arbitrary() {
    using quintet::page_table::world::Draw, quintet::page_table::world::kDrawLimits;
    const auto field = [](int i) { return gen::inRange(0, kDrawLimits[i]); };
    return gen::construct<Draw>(field(0), field(1), field(2), field(3), field(4), field(5),
                                field(6), field(7), field(8));
  }
};

template <>
struct Arbitrary<quintet::page_table::world::Script> {
  static Gen<quintet::page_table::world::Script> arbitrary() {
    using quintet::page_table::world::Draw, quintet::page_table::world::Script;
    return gen::construct<Script>(gen::inRange(0, 8), gen::element(160, 160, 160, 16, 8),
                                  gen::arbitrary<std::vector<Draw>>());
  }
};

}  // namespace rc

namespace quintet::page_table::world {
namespace {

constexpr int kScripts = kSanitized ? 30 : 120;  // a sanitizer costs about that factor

void holds(const MakeProperty& make) {
  for (const Configuration& configuration : configurations()) {
    if (!make()->applies(configuration.traits)) continue;
    DYNAMIC_SECTION(configuration.traits.name) {
      rc::detail::TestMetadata metadata;
      metadata.id = configuration.traits.name;
      auto params = rc::detail::configuration().testParams;
      params.maxSuccess = kScripts;
      params.maxSize = 100;
      const auto property = [&](const Script& script) {
        const auto violation = judge(configuration, script, make);
        if (violation) RC_FAIL(*violation);
      };
      const auto result = rc::detail::checkTestable(property, metadata, params);
      if (result.template is<rc::detail::SuccessResult>()) {
        SUCCEED();
      } else {
        std::ostringstream text;
        rc::detail::printResultMessage(result, text);
        INFO(text.str() << "\nseed " << params.seed);
        FAIL_CHECK();
      }
    }
  }
}

}  // namespace

TEST_CASE("P01 the MMU walk of memory equals the abstract map after every operation") {
  holds(p01_refinement);
}
TEST_CASE("P02 map succeeds exactly when nothing overlaps and inserts exactly one mapping") {
  holds(p02_map_inserts_exactly_one);
}
TEST_CASE("P03 a refused map leaves memory bit-identical and allocates nothing") {
  holds(p03_refused_map_changes_nothing);
}
TEST_CASE("P04 unmap succeeds exactly at the base of a mapping and removes exactly that") {
  holds(p04_unmap_removes_exactly_one);
}
TEST_CASE("P05 a refused unmap or protect or merge leaves memory bit-identical") {
  holds(p05_refused_unmap_changes_nothing);
}
TEST_CASE("P06 resolve returns the containing mapping at every offset") {
  holds(p06_resolve_at_every_offset);
}
TEST_CASE("P07 table references are permissive") { holds(p07_references_are_permissive); }
TEST_CASE("P08 absent entries are zero and so are free frames") { holds(p08_absent_is_zero); }
TEST_CASE("P09 no empty table is reachable except the root") { holds(p09_no_empty_table); }
TEST_CASE("P10 tables form a tree of aligned frames") { holds(p10_tables_form_a_tree); }
TEST_CASE("P11 reserved bits are zero in every entry") { holds(p11_reserved_bits_are_zero); }
TEST_CASE("P12 bit 12 of a large leaf is PAT and never address") { holds(p12_bit_12_is_pat); }
TEST_CASE("P13 allocated frames are exactly the reachable tables") {
  holds(p13_allocated_is_reachable);
}
TEST_CASE("P14 only reachable or freshly taken tables are written") { holds(p14_framing); }
TEST_CASE("P15 stores are monotone and go to each entry at most once") {
  holds(p15_monotone_stores);
}
TEST_CASE("P16 exactly one store changes the meaning") { holds(p16_one_store_changes_meaning); }
TEST_CASE("P16 a walk through cached upper levels sees the old or the new page") {
  holds(p16_cached_walks_see_old_or_new);
}
TEST_CASE("P17 T05 accessed and dirty flips never change the meaning and are never lost") {
  holds(p17_accessed_dirty_change_nothing);
}
TEST_CASE("P18 after map every walk on any CPU sees the mapping") { holds(p18_mapped_is_seen); }
TEST_CASE("P19 after unmap no TLB and no cached walk holds the mapping") {
  holds(p19_unmapped_is_forgotten);
}
TEST_CASE("P19 destruction flushes before it gives tables back") { holds(p19_destruction_flushes); }
TEST_CASE("P20 mapped frames are pairwise disjoint when callers keep them so") {
  holds(p20_mapped_frames_are_disjoint);
}
TEST_CASE("P21 memory contents persist across operations elsewhere") {
  holds(p21_contents_persist);
}
TEST_CASE("T02 counts equal the real population after every operation") {
  holds(t02_counts_are_exact);
}
TEST_CASE("T12 iteration dump and statistics equal the model") {
  holds(t12_iteration_is_the_model);
}
TEST_CASE("the invariants I1 to I6 hold after every operation") { holds(invariants_hold); }

}  // namespace quintet::page_table::world
