// SPDX-License-Identifier: MIT
#include "page_table/test/proof/any_tree.hpp"
#include "proof/symbolic/obligation.hpp"

// unmap: on any tree, at any address, whatever page is there; emptied tables are reclaimed.
namespace quintet::page_table::proof_world {
namespace {

template <Policy kPolicy>
void prove_unmap() {
  AnyTree<kPolicy> tree;
  const auto answer = tree.table().unmap(BasicVirtAddr<Word>(tree.target));
  if (!answer) return tree.prove_refused();
  const auto x = tree.any_other();
  const Meaning& before = x.before.meaning;
  const Meaning& after = x.after.meaning;
  const Word size = Word(answer->bytes());
  const Word base = answer->base().value;
  const Boolean in_page = (x.va & ~(size - Word(1))) == tree.target;
  proof::prove("the address is the base of the page", base == tree.target);
  proof::prove_if("the page was mapped as reported", in_page,
                  before.mapped & (before.size == size) &
                      (answer->translate(BasicVirtAddr<Word>(x.va)).value == before.physical) &
                      (answer->flags().bits() == before.attributes));
  proof::prove_if("the page is mapped no more", in_page, !after.mapped);
  proof::prove_if("every other address is unchanged", !in_page, spec::same(before, after));
  tree.prove_invariants(x);
  tree.prove_order(x);
}

const bool kUnmap = proof::obligation("page_table/unmap", [] { prove_unmap<kDefaultPolicy>(); });

}  // namespace
}  // namespace quintet::page_table::proof_world
