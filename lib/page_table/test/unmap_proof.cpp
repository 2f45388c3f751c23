// SPDX-License-Identifier: MIT
#include "page_table/test/proof/any_tree.hpp"
#include "page_table/test/proof/observed_cpus.hpp"
#include "proof/symbolic/obligation.hpp"

// unmap: on any tree, at any address, whatever page is there; emptied tables are reclaimed.
namespace quintet::page_table::proof_world {
namespace {

template <Policy kPolicy>
void prove_unmap() {
  AnyTree<kPolicy> tree;
  const auto answer = tree.table().unmap(VirtAddr(tree.target));
  if (!answer) {
    tree.prove_cause_at_base(answer.error());
    return tree.prove_refused();
  }
  const auto x = tree.any_other();
  const Meaning& before = x.before.meaning;
  const Meaning& after = x.after.meaning;
  const Word size = Word(answer->bytes());
  const Boolean in_page = (x.va & ~(size - Word(1))) == tree.target;
  proof::prove("the address is the base of the page", answer->base().value == tree.target);
  proof::prove_if("the page was mapped as reported", in_page,
                  reports(*answer, VirtAddr(x.va), before));
  proof::prove_if("the page is mapped no more", in_page, !after.mapped);
  proof::prove_if("every other address is unchanged", !in_page, spec::same(before, after));
  tree.prove_order(x);
  tree.prove_invariants(x);
}

template <Policy kPolicy>
void prove_unmap_invalidates() {
  prove_invalidates<kPolicy>([](auto& table, VirtAddr va) { return table.unmap(va); });
}

constexpr Policy with(Fault fault) { return kDefaultPolicy.with(fault); }

constexpr Policy kWithoutCache{.walk_cache = false};

const bool kClaims[] = {
    proof::obligation("page_table/unmap", [] { prove_unmap<kDefaultPolicy>(); }),
    proof::obligation("page_table/unmap_without_cache", [] { prove_unmap<kWithoutCache>(); }),
    proof::obligation("page_table/unmap_invalidates",
                      [] { prove_unmap_invalidates<kDefaultPolicy>(); }),
};
const bool kFaults[] = {
    proof::must_refute("page_table/unmap/keep_empty_table",
                       [] { prove_unmap<with(Fault::kKeepEmptyTable)>(); }),
    proof::must_refute("page_table/unmap/reclaim_without_count",
                       [] { prove_unmap<with(Fault::kReclaimWithoutCount)>(); }),
    proof::must_refute("page_table/unmap/unmap_inside_large_page",
                       [] { prove_unmap<with(Fault::kUnmapInsideLargePage)>(); }),
    proof::must_refute("page_table/unmap/cache_outlives_table",
                       [] { prove_unmap<with(Fault::kCacheOutlivesTable)>(); }),
    proof::must_refute("page_table/unmap/free_before_invalidation",
                       [] { prove_unmap_invalidates<with(Fault::kFreeBeforeInvalidation)>(); }),
    proof::must_refute("page_table/unmap/skip_stale_large_page",
                       [] { prove_unmap_invalidates<with(Fault::kSkipStaleLargePage)>(); }),
};

}  // namespace
}  // namespace quintet::page_table::proof_world
