// SPDX-License-Identifier: MIT
#include "page_table/test/proof/any_tree.hpp"
#include "page_table/test/proof/observed_cpus.hpp"
#include "proof/symbolic/obligation.hpp"

// protect, and reading and clearing what the hardware notes: on any tree, at any address.
namespace quintet::page_table::proof_world {
namespace {

constexpr std::uint64_t kAccessed = 0x20, kDirty = 0x40;

// One page keeps its place and gets `attributes`; nothing else changes.
template <class Tree>
void prove_only_attributes(Tree& tree, const typename Tree::Observed& x, const Boolean& in_page,
                           const Word& attributes) {
  const Meaning& before = x.before.meaning;
  const Meaning& after = x.after.meaning;
  proof::prove_if("the page stays where it is", in_page,
                  before.mapped & after.mapped & (after.physical == before.physical) &
                      (after.size == before.size));
  proof::prove_if("the page has the attributes", in_page, after.attributes == attributes);
  proof::prove_if("every other address is unchanged", !in_page, spec::same(before, after));
  tree.prove_order(x);
  tree.prove_invariants(x);
}

template <Policy kPolicy>
void prove_protect() {
  AnyTree<kPolicy> tree;
  const Word flags = proof::any<Word>("flags");
  const auto answer = tree.table().protect(VirtAddr(tree.target), PageFlags::from_bits(flags));
  const Boolean known_flags = (flags & Word(~kFlagBits)) == Word(0);
  if (!answer) {
    if (answer.error() == Error::kBadFlags) {
      proof::prove("an error says what is wrong", !known_flags);
    } else {
      tree.prove_cause_at_base(answer.error());
    }
    return tree.prove_refused();
  }
  const auto x = tree.any_other();
  const Word size = Word(answer->bytes());
  const Boolean in_page = (x.va & ~(size - Word(1))) == tree.target;
  proof::prove("unknown flags are refused", known_flags);
  proof::prove_if("the page was mapped as reported", in_page,
                  reports(*answer, VirtAddr(x.va), x.before.meaning));
  const Word kept = x.before.meaning.attributes & Word(kAccessed | kDirty);
  prove_only_attributes(tree, x, in_page, flags | kept);
}

template <Policy kPolicy>
void prove_test_and_clear(std::uint64_t bit) {
  AnyTree<kPolicy> tree;
  const VirtAddr va(tree.target);
  const auto answer = bit == kAccessed ? tree.table().test_and_clear_accessed(va)
                                       : tree.table().test_and_clear_dirty(va);
  const Meaning asked = tree.walk(tree.target, 0).meaning;
  if (!answer) {
    tree.prove_cause_inside(answer.error());
    return tree.prove_refused();
  }
  proof::prove("the answer is the bit",
               Boolean(*answer) == ((asked.attributes & Word(bit)) != Word(0)));
  const auto x = tree.any_other();
  const Word size = asked.size;
  const Boolean in_page = ((x.va ^ tree.target) & ~(size - Word(1))) == Word(0);
  prove_only_attributes(tree, x, in_page, x.before.meaning.attributes & Word(~bit));
}

template <Policy kPolicy>
void prove_protect_invalidates() {
  prove_invalidates<kPolicy>([](auto& table, VirtAddr va) {
    return table.protect(va, PageFlags::from_bits(proof::any<Word>("flags")));
  });
}
template <Policy kPolicy>
void prove_test_and_clear_invalidates() {
  prove_invalidates<kPolicy>([](auto& table, VirtAddr va) {
    return proof::choose(2) == 0 ? table.test_and_clear_accessed(va)
                                 : table.test_and_clear_dirty(va);
  });
}

constexpr Policy with(Fault fault) { return kDefaultPolicy.with(fault); }

const bool kClaims[] = {
    proof::obligation("page_table/protect", [] { prove_protect<kDefaultPolicy>(); }),
    proof::obligation("page_table/protect_invalidates",
                      [] { prove_protect_invalidates<kDefaultPolicy>(); }),
    proof::obligation("page_table/test_and_clear_accessed",
                      [] { prove_test_and_clear<kDefaultPolicy>(kAccessed); }),
    proof::obligation("page_table/test_and_clear_dirty",
                      [] { prove_test_and_clear<kDefaultPolicy>(kDirty); }),
    proof::obligation("page_table/test_and_clear_invalidates",
                      [] { prove_test_and_clear_invalidates<kDefaultPolicy>(); }),
};
const bool kFaults[] = {
    proof::must_refute("page_table/protect/protect_drops_dirty",
                       [] { prove_protect<with(Fault::kProtectDropsDirty)>(); }),
    proof::must_refute("page_table/protect/skip_stale_large_page",
                       [] { prove_protect_invalidates<with(Fault::kSkipStaleLargePage)>(); }),
    proof::must_refute(
        "page_table/test_and_clear/skip_stale_large_page",
        [] { prove_test_and_clear_invalidates<with(Fault::kSkipStaleLargePage)>(); }),
};

}  // namespace
}  // namespace quintet::page_table::proof_world
