// SPDX-License-Identifier: MIT
#include "page_table/spec/meaning.hpp"
#include "page_table/spec/mmu.hpp"
#include "page_table/test/proof/words.hpp"
#include "proof/symbolic/obligation.hpp"

// The two descriptions of the hardware's walk say the same, and accessed and dirty bits say
// nothing.
namespace quintet::page_table::proof_world {
namespace {

using proof::prove;

Word memory(const Word& address) {
  return Word(proof::Paths::current().apply("memory", proof::bits(64), address.term()));
}
Word bit_of(const Word& word, int at) { return (word >> at) & Word(1); }
Word as_bit(bool value) { return Word(value ? 1 : 0); }

template <int kLevels>
void prove_walks_agree(int maxphyaddr, bool nxe, bool gib_pages) {
  const spec::Controls controls{
      .levels = kLevels, .maxphyaddr = maxphyaddr, .nxe = nxe, .gib_pages = gib_pages};
  const spec::Processor cpu{
      .levels = kLevels, .maxphyaddr = maxphyaddr, .nxe = nxe, .gib_pages = gib_pages};
  const Word va = proof::any<Word>("va");
  const Word root = proof::any<Word>("root") & Word(0x000F'FFFF'FFFF'F000);
  const auto stepwise = spec::translate(memory, root, va, controls);
  const auto meaning = spec::walk<Boolean>(memory, root, va, cpu).meaning;
  if (!stepwise) return prove("a fault: nothing is mapped", !meaning.mapped);
  const Word& a = meaning.attributes;
  prove("a page: it is mapped", meaning.mapped);
  prove("the same place", (stepwise->pa == meaning.physical) & (stepwise->size == meaning.size));
  prove("the same rights", (as_bit(stepwise->writable) == bit_of(a, 1)) &
                               (as_bit(stepwise->user) == bit_of(a, 2)) &
                               (as_bit(!stepwise->executable) == bit_of(a, 63)));
  prove("the same kind",
        (as_bit(stepwise->global) == bit_of(a, 8)) &
            (stepwise->pat == ((bit_of(a, 7) << 2) | ((a >> 3) & Word(3)))) &
            (stepwise->pkey == ((a >> 59) & Word(15))) &
            (stepwise->software == ((((a >> 52) & Word(0x7F)) << 3) | ((a >> 9) & Word(7)))));
}

// The same tables, but for bits 5 and 6 of any entries: every address means the same.
template <int kLevels>
void prove_accessed_dirty() {
  const spec::Processor cpu{.levels = kLevels};
  const Word va = proof::any<Word>("va");
  const Word root = proof::any<Word>("root") & Word(0x000F'FFFF'FFFF'F000);
  const auto noted = [](const Word& address) {
    const Word other(proof::Paths::current().apply("noted", proof::bits(64), address.term()));
    return memory(address) ^ (other & Word(0x60));
  };
  const auto one = spec::walk<Boolean>(memory, root, va, cpu).meaning;
  const auto two = spec::walk<Boolean>(noted, root, va, cpu).meaning;
  const Word rest(~0x60ULL);
  prove("mapped alike", one.mapped == two.mapped);
  proof::prove_if("to the same place with the same rights", one.mapped,
                  (one.physical == two.physical) & (one.size == two.size) &
                      ((one.attributes & rest) == (two.attributes & rest)));
}

const bool kClaims[] = {
    proof::obligation("page_table/walks_agree_4_levels",
                      [] { prove_walks_agree<4>(52, true, true); }),
    proof::obligation("page_table/walks_agree_5_levels",
                      [] { prove_walks_agree<5>(52, true, true); }),
    proof::obligation("page_table/walks_agree_small_cpu",  // 36 bits, no XD, no 1 GiB pages
                      [] { prove_walks_agree<4>(36, false, false); }),
    proof::obligation("page_table/accessed_dirty_4_levels", prove_accessed_dirty<4>),
    proof::obligation("page_table/accessed_dirty_5_levels", prove_accessed_dirty<5>),
};

}  // namespace
}  // namespace quintet::page_table::proof_world
