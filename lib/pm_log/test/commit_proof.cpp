// SPDX-License-Identifier: MIT
#include <cstddef>

#include "pm_log/commit.hpp"
#include "proof/symbolic/obligation.hpp"
#include "proof/symbolic/word.hpp"

// Which root counts, for every content of both, and that a commit cannot lose the one that does.
namespace quintet::pm_log::proof_world {
namespace {

using proof::assume;
using proof::Boolean;
using proof::prove;
using Word = proof::Word<64>;
using Root = RootSeen<Word>;

// Whether the root may stand at `index`: recovery takes none that lies about its place.
Boolean in_place(const Root& root, std::size_t index) {
  return Boolean(!root.valid) | ((root.seq & Word(1)) == Word(index));
}
Root any_root(const char* name, std::size_t index) {
  const Root root{.valid = proof::choose(2) == 1, .seq = proof::any<Word>(name)};
  proof::note(root.valid ? "it is whole" : "it is damaged", root.seq);
  assume(in_place(root, index));
  return root;
}

template <class Newest>
void prove_newest(Newest newest_of) {
  const Root roots[] = {any_root("even", 0), any_root("odd", 1)};
  const std::size_t chosen = newest_of(roots[0], roots[1]);
  const bool none = !roots[0].valid && !roots[1].valid;
  prove("none is chosen when none is whole", Boolean((chosen == kNoRoot) == none));
  if (chosen >= kNoRoot) return;
  const Root& other = roots[chosen ^ 1];
  prove("what is chosen is whole", Boolean(roots[chosen].valid));
  prove("and newer than the other one", Boolean(!other.valid) | (roots[chosen].seq > other.seq));
}

// A commit after `last`, whose root counts. What a power failure leaves where it writes is what was
// there, the new root, or a damaged one. `place` is the index of the root of a commit's number.
template <class Newest, class Next, class Place>
void prove_commit(Newest newest_of, Next next, Place place) {
  Root roots[] = {any_root("even", 0), any_root("odd", 1)};
  const std::size_t last = newest<Word>(roots[0], roots[1]);
  if (last == kNoRoot) return;
  const Word before = roots[last].seq;
  assume(before < Word(UINT64_MAX - 1));
  const Word after = next(before);
  const std::size_t target = bool(place(after) == Word(0)) ? 0 : 1;
  prove("the root that counts is not written", Boolean(target != last));
  const Root written{.valid = true, .seq = after};
  const std::size_t left = proof::choose(3);  // by the power failure
  if (left == 1) roots[target].valid = false;
  if (left == 2) roots[target] = written;
  prove("a root stands where its number says", in_place(roots[target], target));
  const std::size_t now = newest_of(roots[0], roots[1]);
  if (now == kNoRoot) return prove("the last commit is not lost", Boolean(false));
  const Word found = roots[now].seq;
  proof::note("found =", found);
  prove("the last commit or the new one counts", found == (left == 2 ? after : before));
}

const auto kNewest = [](const Root& even, const Root& odd) { return newest<Word>(even, odd); };
const auto kNext = [](const Word& seq) { return seq + Word(1); };
const auto kPlace = [](const Word& seq) { return seq & Word(1); };  // root_at() of layout.hpp

const bool kClaims[] = {
    proof::obligation("pm_log/newest_root", [] { prove_newest(kNewest); }),
    proof::obligation("pm_log/fast_commit", [] { prove_commit(kNewest, kNext, kPlace); }),
};

const bool kFaults[] = {
    proof::must_refute("pm_log/newest_root/older_one_wins",
                       [] {
                         prove_newest([](const Root& even, const Root& odd) -> std::size_t {
                           if (!even.valid) return odd.valid ? 1 : kNoRoot;
                           if (!odd.valid) return 0;
                           return even.seq > odd.seq ? 1 : 0;
                         });
                       }),
    proof::must_refute("pm_log/newest_root/damage_unseen",
                       [] {
                         prove_newest([](const Root& even, const Root& odd) -> std::size_t {
                           if (!even.valid && !odd.valid) return kNoRoot;
                           return even.seq > odd.seq ? 0 : 1;
                         });
                       }),
    proof::must_refute("pm_log/newest_root/both_must_be_whole",
                       [] {
                         prove_newest([](const Root& even, const Root& odd) -> std::size_t {
                           if (!even.valid || !odd.valid) return kNoRoot;
                           return even.seq > odd.seq ? 0 : 1;
                         });
                       }),
    proof::must_refute("pm_log/newest_root/difference_for_order",
                       [] {
                         prove_newest([](const Root& even, const Root& odd) -> std::size_t {
                           if (!even.valid) return odd.valid ? 1 : kNoRoot;
                           if (!odd.valid) return 0;
                           return even.seq - odd.seq < Word(1ULL << 63) ? 0 : 1;
                         });
                       }),
    proof::must_refute("pm_log/fast_commit/counting_root_overwritten",
                       [] {
                         prove_commit(kNewest, kNext,
                                      [](const Word& seq) { return (seq + Word(1)) & Word(1); });
                       }),
    proof::must_refute(
        "pm_log/fast_commit/number_skipped",
        [] { prove_commit(kNewest, [](const Word& seq) { return seq + Word(2); }, kPlace); }),
    proof::must_refute("pm_log/fast_commit/number_kept",
                       [] {
                         prove_commit(
                             kNewest, [](const Word& seq) { return seq; },
                             [](const Word& seq) { return (seq + Word(1)) & Word(1); });
                       }),
    proof::must_refute("pm_log/fast_commit/always_the_same_root",
                       [] { prove_commit(kNewest, kNext, [](const Word&) { return Word(0); }); }),
};

}  // namespace
}  // namespace quintet::pm_log::proof_world
