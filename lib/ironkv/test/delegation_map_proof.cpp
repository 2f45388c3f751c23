// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ironkv/delegation_map.hpp"
#include "proof/symbolic/obligation.hpp"
#include "proof/symbolic/word.hpp"

// P5: the delegation map is a function from all keys, and set() changes it exactly within its
// range. For every content of maps with up to kMostEntries entries, every range and every key. And
// the search that map and table share, for arrays of up to kMostElements.
namespace quintet::ironkv::proof_world {
namespace {

using proof::any;
using proof::assume;
using proof::Boolean;
using proof::choose;
using proof::prove;
using proof::select;
using proof::Word;

using W = Word<64>;
using Owner = Word<8>;
using Range = KeyRangeOf<W>;

constexpr std::uint64_t kMostEntries = 4;
constexpr std::uint64_t kMostElements = 6;

template <Fault kFault>
using Map = DelegationMapOf<W, Owner, kFault>;
template <Fault kFault>
using Entries = std::vector<typename Map<kFault>::Entry>;

// Any map of some number of entries.
template <Fault kFault>
Map<kFault> any_map() {
  Entries<kFault> entries;
  const std::uint64_t count = 1 + choose(kMostEntries);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string index = std::to_string(i);
    entries.push_back({i == 0 ? W(0) : any<W>("low" + index), any<Owner>("owner" + index)});
    if (i == 0) continue;
    assume(entries[i - 1].low < entries[i].low);
    assume(entries[i - 1].owner != entries[i].owner);
  }
  Map<kFault> map(entries[0].owner);
  map.restore(std::move(entries));
  return map;
}

Range any_range() {
  Range range{KeyBound<W>::at(any<W>("low")), KeyBound<W>::infinity()};
  if (choose(2) == 1) range.high = KeyBound<W>::at(any<W>("high"));
  return range;
}

// What an entry list means, without the search.
template <Fault kFault>
Owner owner_of(const Entries<kFault>& entries, const W& key) {
  Owner owner = entries[0].owner;
  for (const auto& entry : entries) owner = select(entry.low <= key, entry.owner, owner);
  return owner;
}
Boolean is_in(const W& key, const Range& range) {
  const Boolean is_above = range.low.key <= key;
  return range.high.is_infinite ? is_above : is_above & (key < range.high.key);
}

template <Fault kFault>
void prove_set() {
  Map<kFault> map = any_map<kFault>();
  const Entries<kFault> before = map.entries();
  const Range range = any_range();
  const auto owner = any<Owner>("owner");
  map.set(range, owner);
  const W key = any<W>("key");
  const Owner expected = select(is_in(key, range), owner, owner_of<kFault>(before, key));
  prove("every key has the owner that it should", owner_of<kFault>(map.entries(), key) == expected);
  prove("the first entry is at key 0", map.entries()[0].low == W(0));
  for (std::size_t i = 1; i < map.entries().size(); ++i) {
    prove("entries ascend", map.entries()[i - 1].low < map.entries()[i].low);
    prove("neighbours differ", map.entries()[i - 1].owner != map.entries()[i].owner);
  }
}

void prove_owner() {
  const Map<Fault::kNone> map = any_map<Fault::kNone>();
  const W key = any<W>("key");
  prove("the owner that the entries say",
        map.owner(key) == owner_of<Fault::kNone>(map.entries(), key));
}

void prove_end_of_run() {
  const Map<Fault::kNone> map = any_map<Fault::kNone>();
  const W key = any<W>("key");
  const KeyBound<W> end = map.end_of_run(key);
  const W other = any<W>("other");
  const auto owner = [&](const W& one) { return owner_of<Fault::kNone>(map.entries(), one); };
  if (!end.is_infinite) {
    prove("the run ends behind its key", key < end.key);
    prove("what begins there is another's", owner(end.key) != owner(key));
  }
  const Boolean is_in_run = end.is_infinite ? key <= other : (key <= other) & (other < end.key);
  if (bool(is_in_run)) prove("up to there it has one owner", owner(other) == owner(key));
}

// owns() says yes exactly if no key of the range is another's. "Exactly" needs a witness: the
// first key of the range, or the first entry above it.
void prove_owns() {
  const Map<Fault::kNone> map = any_map<Fault::kNone>();
  const Range range = any_range();
  const auto owner = any<Owner>("owner");
  const bool says = map.owns(owner, range);
  const auto has = [&](const W& key) {
    return owner_of<Fault::kNone>(map.entries(), key) == owner;
  };
  if (says) {
    const W key = any<W>("key");
    if (bool(is_in(key, range))) prove("each key of it is the owner's", has(key));
    return;
  }
  Boolean is_refuted = is_in(range.low.key, range) & !has(range.low.key);
  for (const auto& entry : map.entries()) {
    is_refuted = is_refuted | (is_in(entry.low, range) & !has(entry.low));
  }
  prove("some key of it is another's", is_refuted);
}

using Search = std::size_t (*)(const std::vector<W>&, const W&);

std::size_t search_as_it_is(const std::vector<W>& keys, const W& key) {
  return count_at_most(keys.size(), key, [&](std::size_t i) { return keys[i]; });
}
std::size_t search_excluding(const std::vector<W>& keys, const W& key) {
  std::size_t first = 0;
  for (std::size_t count = keys.size(); count > 1; count -= count / 2) {
    first += bool(keys[first + count / 2 - 1] <= key) ? count / 2 : 0;
  }
  return keys.empty() ? 0 : first + (bool(keys[first] < key) ? 1 : 0);
}
std::size_t search_without_last(const std::vector<W>& keys, const W& key) {
  std::size_t first = 0;
  for (std::size_t count = keys.size(); count > 1; count -= count / 2) {
    first += bool(keys[first + count / 2 - 1] <= key) ? count / 2 : 0;
  }
  return first;
}

void prove_search(Search search) {
  std::vector<W> keys;
  const std::uint64_t count = choose(kMostElements + 1);
  for (std::uint64_t i = 0; i < count; ++i) {
    keys.push_back(any<W>("key" + std::to_string(i)));
    if (i > 0) assume(keys[i - 1] < keys[i]);
  }
  const W key = any<W>("key");
  const std::size_t found = search(keys, key);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    prove("those counted, and only those, are at most the key",
          i < found ? keys[i] <= key : key < keys[i]);
  }
  prove("the result is a count", W(found) <= W(count));
}

void prove_only() {
  const W key = any<W>("key");
  const W other = any<W>("other");
  const Range range = Range::only(key);
  prove("a range of one key holds that key", Boolean(range.contains(key)));
  if (bool(key != other)) prove("and no other", Boolean(!range.contains(other)));
}

const bool kRegistered[] = {
    proof::obligation("ironkv/range_of_one_key", prove_only),
    proof::obligation(
        "ironkv/search", [] { prove_search(search_as_it_is); }, "6 keys"),
    proof::obligation("ironkv/map_owner", prove_owner, "4 entries"),
    proof::obligation("ironkv/map_owns", prove_owns, "4 entries"),
    proof::obligation("ironkv/map_end_of_run", prove_end_of_run, "4 entries"),
    proof::obligation("ironkv/map_set", prove_set<Fault::kNone>, "4 entries"),
    proof::must_refute("ironkv/search/excluding", [] { prove_search(search_excluding); }),
    proof::must_refute("ironkv/search/without_last", [] { prove_search(search_without_last); }),
    proof::must_refute("ironkv/map_set/end_not_pinned", prove_set<Fault::kEndNotPinned>),
    proof::must_refute("ironkv/map_set/merges_others", prove_set<Fault::kMergesOthers>),
    proof::must_refute("ironkv/map_set/erase_keeps_last", prove_set<Fault::kEraseKeepsLast>),
};

}  // namespace
}  // namespace quintet::ironkv::proof_world
