// SPDX-License-Identifier: MIT
#include <utility>

#include "page_table/test/proof/any_tree.hpp"
#include "proof/symbolic/obligation.hpp"

// resolve: says of every address what the hardware would, with the walk cache and without.
namespace quintet::page_table::proof_world {
namespace {

template <Policy kPolicy>
void prove_resolve(bool use_cache) {
  AnyTree<kPolicy> tree;
  const VirtAddr va(tree.target);
  const auto answer =
      use_cache ? tree.table().resolve(va) : std::as_const(tree.table()).resolve(va);
  const Meaning meaning = tree.walk(tree.target, 0).meaning;
  if (!answer) {
    tree.prove_cause_inside(answer.error());
    return tree.prove_refused();
  }
  proof::prove("resolve says what a walk finds", reports(*answer, va, meaning));
  proof::prove("resolve writes nothing", tree.now() == 0);
  tree.prove_cache(tree.any_other());
}

constexpr Policy kFiveLevels{.levels = 5};

const bool kClaims[] = {
    proof::obligation("page_table/resolve", [] { prove_resolve<kDefaultPolicy>(true); }),
    proof::obligation("page_table/resolve_const", [] { prove_resolve<kDefaultPolicy>(false); }),
    proof::obligation("page_table/resolve_5_levels", [] { prove_resolve<kFiveLevels>(true); }),
};

}  // namespace
}  // namespace quintet::page_table::proof_world
