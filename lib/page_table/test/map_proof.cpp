// SPDX-License-Identifier: MIT
#include "page_table/test/proof/any_tree.hpp"
#include "proof/symbolic/obligation.hpp"

// map: on any tree, at any address, for pages of each size.
namespace quintet::page_table::proof_world {
namespace {

template <Policy kPolicy>
void prove_map(PageSize size) {
  AnyTree<kPolicy> tree;
  const Word pa = proof::any<Word>("pa");
  const Word flags = proof::any<Word>("flags");
  const auto answer = tree.table().map(BasicVirtAddr<Word>(tree.target), BasicPhysAddr<Word>(pa),
                                       size, BasicPageFlags<Word>::from_bits(flags));
  if (!answer) return tree.prove_refused();
  const auto x = tree.any_other();
  const unsigned shift = level_shift(leaf_level(size));
  const Boolean in_page = (x.va >> shift) == (tree.target >> shift);
  const Meaning& before = x.before.meaning;
  const Meaning& after = x.after.meaning;
  const Word offset = x.va & Word((1ULL << shift) - 1);
  proof::prove_if("the page translates as asked", in_page,
                  after.mapped & (after.physical == (pa | offset)) &
                      (after.size == Word(1ULL << shift)) & (after.attributes == flags));
  proof::prove_if("nothing was mapped there", in_page, !before.mapped);
  proof::prove_if("every other address is unchanged", !in_page, spec::same(before, after));
  tree.prove_invariants(x);
  tree.prove_order(x);
}

const bool kMap4k =
    proof::obligation("page_table/map_4k", [] { prove_map<kDefaultPolicy>(PageSize::k4K); });

}  // namespace
}  // namespace quintet::page_table::proof_world
