// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "page_table/test/world/script.hpp"
#include "page_table/test/world/tables.hpp"

// The properties P1 to P21 that the paper proved of its page table, one class each, as judges of
// an episode: a script carried out on a page table beside the model. The same judge acquits the
// real table (properties_prop.cpp) and convicts mutants (seeded_faults.cpp).
namespace quintet::page_table::world {

// An episode as a judge sees it. Before an operation `model` is the state before it; afterwards
// it is the state that the operation should have led to.
struct Episode {
  Episode(Subject& subject, const Script& played)
      : table(subject), script(played), model(machine_of(subject.traits())) {}

  Subject& table;
  const Script& script;
  spec::AddressSpace model;
  Op op{};
  Answer answer{};             // of the table
  bool refused = false;        // by the table
  bool out_of_frames = false;  // refused, and rightly, because memory was
  // Accessed and dirty bits that hardware set while the operation ran: (address, bits).
  std::vector<std::pair<std::uint64_t, std::uint64_t>> touched;

  [[nodiscard]] TracedMemory& memory() const { return table.memory(); }
  [[nodiscard]] const Traits& traits() const { return table.traits(); }
  [[nodiscard]] int levels() const { return traits().policy.levels; }
  [[nodiscard]] Tables tables() const {
    return Tables::read(memory(), table.root().value, levels());
  }
};

class Property : public Observer {
 public:
  // Whether the property is promised for such a table at all.
  [[nodiscard]] virtual bool applies(const Traits&) const { return true; }
  // Whether mapped frames must not overlap (the caller's duty in the paper).
  [[nodiscard]] virtual bool wants_disjoint_frames() const { return false; }
  virtual void begin(Episode&) {}
  virtual void before(Episode&) {}
  virtual void after(Episode&) {}
  // The table's answer was not the model's; the episode ends with it.
  virtual void disagreed(Episode&, const std::string& /*how*/) {}
  virtual void end(Episode&) {}

  // The first violation, with the operation that showed it.
  [[nodiscard]] const std::optional<std::string>& violation() const { return violation_; }
  void fail(const std::string& what) {
    if (!violation_) violation_ = what;
  }

 private:
  std::optional<std::string> violation_;
};

using MakeProperty = std::function<std::unique_ptr<Property>()>;

// Carries out `script` on a fresh table of `configuration` under the eyes of a fresh judge, and
// returns the first violation.
[[nodiscard]] std::optional<std::string> judge(const Configuration& configuration,
                                               const Script& script, const MakeProperty& make);

// One maker a property: P01 to P21, and those of the T list that are judged the same way.
[[nodiscard]] std::unique_ptr<Property> p01_refinement();
[[nodiscard]] std::unique_ptr<Property> p02_map_inserts_exactly_one();
[[nodiscard]] std::unique_ptr<Property> p03_refused_map_changes_nothing();
[[nodiscard]] std::unique_ptr<Property> p04_unmap_removes_exactly_one();
[[nodiscard]] std::unique_ptr<Property> p05_refused_unmap_changes_nothing();
[[nodiscard]] std::unique_ptr<Property> p06_resolve_at_every_offset();
[[nodiscard]] std::unique_ptr<Property> p07_references_are_permissive();
[[nodiscard]] std::unique_ptr<Property> p08_absent_is_zero();
[[nodiscard]] std::unique_ptr<Property> p09_no_empty_table();
[[nodiscard]] std::unique_ptr<Property> p10_tables_form_a_tree();
[[nodiscard]] std::unique_ptr<Property> p11_reserved_bits_are_zero();
[[nodiscard]] std::unique_ptr<Property> p12_bit_12_is_pat();
[[nodiscard]] std::unique_ptr<Property> p13_allocated_is_reachable();
[[nodiscard]] std::unique_ptr<Property> p14_framing();
[[nodiscard]] std::unique_ptr<Property> p15_monotone_stores();
[[nodiscard]] std::unique_ptr<Property> p16_one_store_changes_meaning();
[[nodiscard]] std::unique_ptr<Property> p16_cached_walks_see_old_or_new();
[[nodiscard]] std::unique_ptr<Property> p17_accessed_dirty_change_nothing();
[[nodiscard]] std::unique_ptr<Property> p18_mapped_is_seen();
[[nodiscard]] std::unique_ptr<Property> p19_unmapped_is_forgotten();
[[nodiscard]] std::unique_ptr<Property> p19_destruction_flushes();
[[nodiscard]] std::unique_ptr<Property> p20_mapped_frames_are_disjoint();
[[nodiscard]] std::unique_ptr<Property> p21_contents_persist();
[[nodiscard]] std::unique_ptr<Property> t02_counts_are_exact();
[[nodiscard]] std::unique_ptr<Property> t12_iteration_is_the_model();
[[nodiscard]] std::unique_ptr<Property> invariants_hold();

}  // namespace quintet::page_table::world
