// SPDX-License-Identifier: MIT
#include "page_table/test/proof/any_tree.hpp"
#include "proof/symbolic/obligation.hpp"

// map: on any tree, at any address, for pages of each size.
namespace quintet::page_table::proof_world {
namespace {

// What is asked of a map, and what an error says about it.
struct Request {
  Word va, pa, flags;
  PageSize size;
  int levels;

  [[nodiscard]] unsigned shift() const { return 3 + 9 * static_cast<unsigned>(size); }
  [[nodiscard]] Word bytes() const { return Word(1ULL << shift()); }
  [[nodiscard]] Boolean aligned() const {
    return ((va | pa) & Word((1ULL << shift()) - 1)) == Word(0);
  }
  [[nodiscard]] Boolean within_memory(int maxphyaddr) const {
    return ((pa | Word((1ULL << shift()) - 1)) >> maxphyaddr) == Word(0);
  }
  [[nodiscard]] Boolean known_flags() const { return (flags & Word(~kFlagBits)) == Word(0); }
};

// `there` is the walk to the address before. A large page also refuses to replace a table.
template <class Tree>
void prove_cause(const Tree& tree, const Request& request, const Walk& there, Error error) {
  const char* goal = "an error says what is wrong";
  switch (error) {
    case Error::kMisaligned:
      return proof::prove(goal, !request.aligned());
    case Error::kNonCanonical:
      return proof::prove(goal, !spec::canonical<Boolean>(request.va, request.levels));
    case Error::kPhysRange:
      return proof::prove(goal, !request.within_memory(tree.cpu().maxphyaddr));
    case Error::kBadFlags:
      return proof::prove(goal, !request.known_flags());
    case Error::kOverlap:
      return proof::prove(
          goal, there.meaning.mapped | at(there, static_cast<int>(request.size)).reference);
    case Error::kOutOfFrames:
      return proof::prove(goal, tree.frames().refused());
    default:
      return proof::prove(goal, false);
  }
}

template <Policy kPolicy>
void prove_map(PageSize size, Breach breach = Breach::kNone) {
  AnyTree<kPolicy> tree({}, breach);
  const Word pa = proof::any<Word>("pa");
  const Word flags = proof::any<Word>("flags");
  const Request request{tree.target, pa, flags, size, kPolicy.levels};
  const auto answer =
      tree.table().map(VirtAddr(tree.target), PhysAddr(pa), size, PageFlags::from_bits(flags));
  if (!answer) {
    prove_cause(tree, request, tree.walk(tree.target, 0), answer.error());
    return tree.prove_refused();
  }
  const auto x = tree.any_other();
  const unsigned shift = request.shift();
  const Boolean in_page = (x.va >> shift) == (tree.target >> shift);
  const Meaning& before = x.before.meaning;
  const Meaning& after = x.after.meaning;
  const Word offset = x.va & (request.bytes() - Word(1));
  proof::prove("what is wrong is refused",
               request.aligned() & spec::canonical<Boolean>(request.va, request.levels) &
                   request.within_memory(tree.cpu().maxphyaddr) & request.known_flags());
  proof::prove_if("the page translates as asked", in_page,
                  after.mapped & (after.physical == (pa | offset)) &
                      (after.size == request.bytes()) & (after.attributes == flags));
  proof::prove_if("nothing was mapped there", in_page, !before.mapped);
  proof::prove_if("every other address is unchanged", !in_page, spec::same(before, after));
  tree.prove_order(x);
  tree.prove_complete_when_linked(x);
  tree.prove_invariants(x);
}

constexpr Policy with(Fault fault) { return kDefaultPolicy.with(fault); }
constexpr Policy kFiveLevels{.levels = 5};
constexpr Policy kWithoutCache{.walk_cache = false};

const bool kClaims[] = {
    proof::obligation("page_table/map_4k", [] { prove_map<kDefaultPolicy>(PageSize::k4K); }),
    proof::obligation("page_table/map_4k_without_cache",
                      [] { prove_map<kWithoutCache>(PageSize::k4K); }),
    proof::obligation("page_table/map_2m", [] { prove_map<kDefaultPolicy>(PageSize::k2M); }),
    proof::obligation("page_table/map_1g", [] { prove_map<kDefaultPolicy>(PageSize::k1G); }),
    proof::obligation("page_table/map_1g_5_levels", [] { prove_map<kFiveLevels>(PageSize::k1G); }),
};

template <Fault kFault>
bool map_fault(const std::string& name, PageSize size = PageSize::k4K) {
  return proof::must_refute("page_table/map/" + name, [=] { prove_map<with(kFault)>(size); });
}
bool allocator_fault(const std::string& name, Breach breach) {
  return proof::must_refute("page_table/map/" + name,
                            [=] { prove_map<kDefaultPolicy>(PageSize::k4K, breach); });
}
const bool kFaults[] = {
    map_fault<Fault::kCountBeforeAllocation>("count_before_allocation"),
    map_fault<Fault::kLinkBeforeFill>("link_before_fill"),
    map_fault<Fault::kLeakOnFailure>("leak_on_failure"),
    map_fault<Fault::kCanonicalUnchecked>("canonical_unchecked"),
    map_fault<Fault::kOverwritePresent>("overwrite_present"),
    map_fault<Fault::kDropNoExecute>("drop_no_execute"),
    map_fault<Fault::kReservedBitInLargeLeaf>("reserved_bit_in_large_leaf", PageSize::k2M),
    map_fault<Fault::kWrongPatShift>("wrong_pat_shift", PageSize::k1G),
    allocator_fault("allocator_returns_a_live_table", Breach::kFrameInUse),
    allocator_fault("allocator_returns_a_dirty_frame", Breach::kFrameNotZeroed),
};

}  // namespace
}  // namespace quintet::page_table::proof_world
