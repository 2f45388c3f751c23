// SPDX-License-Identifier: MIT
#include <iostream>
#include <set>
#include <stdexcept>

#include "page_table/test/property/property.hpp"
#include "page_table/test/world/mutants.hpp"
#include "testing/catch.hpp"

// Every check must bite: each seeded fault of policy.hpp is convicted by the property that names
// it, on scripts on which the real table is acquitted.
namespace quintet::page_table::world {
namespace {

struct Judge {
  const char* name;
  MakeProperty make;
};
const std::vector<Judge>& judges() {
  static const std::vector<Judge> all = {
      {"P01", p01_refinement},
      {"P02", p02_map_inserts_exactly_one},
      {"P03", p03_refused_map_changes_nothing},
      {"P04", p04_unmap_removes_exactly_one},
      {"P05", p05_refused_unmap_changes_nothing},
      {"P06", p06_resolve_at_every_offset},
      {"P07", p07_references_are_permissive},
      {"P08", p08_absent_is_zero},
      {"P09", p09_no_empty_table},
      {"P10", p10_tables_form_a_tree},
      {"P11", p11_reserved_bits_are_zero},
      {"P12", p12_bit_12_is_pat},
      {"P13", p13_allocated_is_reachable},
      {"P14", p14_framing},
      {"P15", p15_monotone_stores},
      {"P16", p16_one_store_changes_meaning},
      {"P16c", p16_cached_walks_see_old_or_new},
      {"P17", p17_accessed_dirty_change_nothing},
      {"P18", p18_mapped_is_seen},
      {"P19", p19_unmapped_is_forgotten},
      {"P19d", p19_destruction_flushes},
      {"P20", p20_mapped_frames_are_disjoint},
      {"P21", p21_contents_persist},
      {"T02", t02_counts_are_exact},
      {"T12", t12_iteration_is_the_model},
      {"I1-I6", invariants_hold},
  };
  return all;
}
const Judge& judge_named(const std::string& name) {
  for (const Judge& candidate : judges()) {
    if (name == candidate.name) return candidate;
  }
  throw std::invalid_argument("no judge named " + name);
}

// Which check must kill which fault.
struct Charge {
  Fault fault;
  std::vector<const char*> killers;
};
const std::vector<Charge>& charges() {
  static const std::vector<Charge> all = {
      {Fault::kCountBeforeAllocation, {"P03", "T02"}},
      {Fault::kFreeBeforeInvalidation, {"P19"}},
      {Fault::kReservedBitInLargeLeaf, {"P11", "P01"}},
      {Fault::kPromoteOverPartlyMapped, {"P02", "P01"}},
      {Fault::kSplitDropsNoExecute, {"P01"}},
      {Fault::kLinkBeforeFill, {"P16"}},
      {Fault::kLeakOnFailure, {"P03", "P13"}},
      {Fault::kKeepEmptyTable, {"P09"}},
      {Fault::kUnmapInsideLargePage, {"P04"}},
      {Fault::kProtectDropsDirty, {"P17"}},
      {Fault::kSkipStaleLargePage, {"P19"}},
      {Fault::kMergeIgnoresFlags, {"P01"}},
      {Fault::kCacheOutlivesTable, {"I1-I6", "P14"}},
      {Fault::kRangeIgnoresLastPage, {"P04"}},
      {Fault::kCanonicalUnchecked, {"P02"}},
      {Fault::kBatchWithoutUndo, {"P03"}},
      {Fault::kReclaimWithoutCount, {"P04", "P01"}},
      {Fault::kOverwritePresent, {"P02"}},
      {Fault::kDropNoExecute, {"P01"}},
      {Fault::kWrongPatShift, {"P12"}},
  };
  return all;
}

// Scripts enough to convict every mutant, and half of them of changes of page size only, which
// general scripts reach seldom.
constexpr std::uint64_t kScripts = 3000;
Script script_for(std::uint64_t seed) {
  Script script = random_script(seed, 40);
  if (seed % 2 == 0) return script;
  static constexpr int kReshaping[] = {0, 0, 10, 13, 15, 15, 16, 16};  // map protect split merge
  for (Draw& draw : script.draws) {
    draw.what = kReshaping[draw.what % 8];
    draw.size = draw.size % 2 == 0 ? 1 : draw.size;
    draw.aim = 2 + draw.salt % 2;
    draw.target = 0;
  }
  script.frames = 160;
  return script;
}

std::optional<std::uint64_t> convicted_at(const Configuration& table, const MakeProperty& make,
                                          std::uint64_t scripts) {
  for (std::uint64_t seed = 1; seed <= scripts; ++seed) {
    if (judge(table, script_for(seed), make)) return seed;
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("every seeded fault is refuted by the check that names it") {
  std::set<Fault> charged;
  for (const auto& [fault, killers] : charges()) {
    charged.insert(fault);
    std::cout << "  " << to_string(fault) << ": killed by";
    for (const char* name : killers) {
      const auto seed = convicted_at(mutant(fault), judge_named(name).make, kScripts);
      if (seed) std::cout << " " << name << " (script " << *seed << ")";
      INFO("survivor: " << to_string(fault) << " under " << name);
      CHECK(seed.has_value());
      if (!seed) continue;
      // The same script acquits the table without the fault.
      const Configuration& sound = configuration(
          mutant(fault).traits.invalidates ? "flush each operation" : "four operations");
      const auto innocent = judge(sound, script_for(*seed), judge_named(name).make);
      INFO((innocent ? *innocent : ""));
      CHECK_FALSE(innocent.has_value());
    }
    std::cout << std::endl;
  }
  for (int i = 1; i <= static_cast<int>(Fault::kWrongPatShift); ++i) {
    INFO("fault without a charge: " << to_string(static_cast<Fault>(i)));
    CHECK(charged.contains(static_cast<Fault>(i)));
  }
}

// The whole matrix, for those who want to see which checks overlap: run it by its name.
TEST_CASE("matrix of all seeded faults and all checks", "[.]") {
  for (const auto& [fault, killers] : charges()) {
    std::cout << to_string(fault) << ":";
    for (const Judge& candidate : judges()) {
      if (convicted_at(mutant(fault), candidate.make, 100)) std::cout << " " << candidate.name;
    }
    std::cout << std::endl;
  }
}

}  // namespace quintet::page_table::world
