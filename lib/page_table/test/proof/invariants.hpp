// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "page_table/spec/contracts.hpp"
#include "page_table/spec/meaning.hpp"
#include "page_table/test/proof/frames.hpp"

// The invariants I1 to I6 of tree.hpp as formulas about one walk, or about two.
//
// They speak of all addresses. A proof assumes them at the addresses in its hands and proves them
// at arbitrary ones, so the conclusion holds for all while every query is free of quantifiers.
// Constants of the architecture are literals: a formula must not use the code that it judges.
namespace quintet::page_table::proof_world {

using Walk = spec::Walk<Word, Boolean>;
using Step = spec::Step<Word, Boolean>;
using Meaning = spec::Meaning<Word, Boolean>;
using Version = proof::Memory::Version;

[[nodiscard]] inline const Step& at(const Walk& walk, int level) {
  return walk.at[static_cast<std::size_t>(level)];
}
// Two addresses use the same entry of every table above `level`.
[[nodiscard]] inline Boolean same_table(const Word& a, const Word& b, int level) {
  const unsigned shift = 12 + 9 * static_cast<unsigned>(level);
  return (a >> shift) == (b >> shift);
}

// ---- how many entries of a table are present ----------------------------------------------------
// A sum over 512 entries that no formula writes out: unknown at the start, and changed by each
// write as a sum changes (contracts.hpp).
[[nodiscard]] inline Word population(const proof::Memory& memory, const Word& table,
                                     Version version) {
  using Count = proof::Word<16>;  // with room for more than 512, so that a claim can fail
  Count sum(proof::Paths::current().apply("population", proof::bits(16), table.term()));
  memory.for_each_write(
      version, [&](Version v, const Word& where, const Word& mask, const Word& word) {
        const Boolean within = (where & Word(~0xFFFULL)) == table;
        const bool cleared = mask.known() != ~0ULL;
        const Count changed =
            cleared ? Count(0)
                    : sum + spec::population_change(Count(memory.read(where, v)), Count(word));
        sum = select(within, changed, sum);
      });
  return Word(sum);
}
// What is true of all sums, at the entries that two walks meet.
[[nodiscard]] inline Boolean sums(const proof::Memory& memory, const Walk& a, const Walk& b,
                                  int levels) {
  Boolean all = true;
  for (int l = 1; l <= levels; ++l) {
    const Step& one = at(a, l);
    const Step& two = at(b, l);
    const Word count = population(memory, one.table, 0);
    all = all & implies(one.reached, spec::population_bounds(count, one.present));
    all =
        all & implies(one.reached & two.reached & (one.table == two.table) & (one.slot != two.slot),
                      spec::population_of_two(count, one.present, two.present));
  }
  return all;
}

// ---- I1, I3, I4, and the form of entries, along one walk ----------------------------------------
[[nodiscard]] inline Boolean well_formed(const proof::Memory& memory, const Walk& walk,
                                         Version version, const spec::Processor& cpu) {
  Boolean all = true;
  for (int l = 1; l <= cpu.levels; ++l) {
    const Step& step = at(walk, l);
    const Boolean absent_is_zero = step.present | (step.entry == Word(0));
    const Boolean no_reserved_bit = step.leaf | step.reference | !step.present;
    all = all & implies(step.reached, absent_is_zero & no_reserved_bit);
    if (l == 1) continue;
    const Word& table = at(walk, l - 1).table;
    const Word count = population(memory, table, version);
    const Boolean counted = (count >= Word(1)) & (count <= Word(512));
    // Present, writable, user, and nothing else but the count and what a CPU may have noted.
    const Boolean form = (step.entry >> 52) == (count & Word(0x3FF));
    all = all & implies(step.reference, form & counted & ((step.entry & Word(0xFDF)) == Word(7)) &
                                            spec::is_frame<Boolean>(table, cpu.maxphyaddr));
  }
  return all;
}

// ---- I2: two walks that reach one table are at one level and agree in all bits above it ---------
[[nodiscard]] inline Boolean is_tree(const Walk& a, const Word& va, const Walk& b, const Word& vb,
                                     int levels) {
  Boolean all = true;
  for (int l = 1; l <= levels; ++l) {
    for (int m = 1; m <= levels; ++m) {
      if (l == levels && m == levels) continue;
      const Boolean one = at(a, l).reached & at(b, m).reached & (at(a, l).table == at(b, m).table);
      all = all & (l == m ? implies(one, same_table(va, vb, l)) : !one);
    }
  }
  return all;
}

// ---- I6: what the walk cache says of `va` is what a walk finds ----------------------------------
template <class Cache>
[[nodiscard]] Boolean cache_holds(const Cache& cache, const Word& va, const Walk& walk) {
  Boolean all = true;
  if (cache.has_table()) {
    const Boolean covered = (va >> 21) == (cache.table_base().value >> 21);
    const Boolean there = at(walk, 1).reached & (at(walk, 1).table == cache.table().at) &
                          (at(walk, 2).slot == cache.parent().at);
    all = all & implies(covered, there);
  }
  const VirtAddr address(va);
  const Boolean there = at(walk, 2).reached & (at(walk, 2).table == cache.directory(address).at);
  return all & implies(cache.has_directory(address), there);
}

}  // namespace quintet::page_table::proof_world
