// SPDX-License-Identifier: MIT
#pragma once

// What the proofs of the page table take on trust, all of it: how a frame allocator behaves, and
// what a sum is. Everything else that they assume is an invariant that they also prove.
//
// Each rule is a function from words to a truth value that a proof assumes at the values in hand.
// `W` is a 64-bit word, `B` its truth value. Threading: none; pure functions.

#include <cstdint>

namespace quintet::page_table::spec {

/// A frame that `allocate` has returned is a 4 KiB block below 2^maxphyaddr and not at 0. (That it
/// holds zeros is said by clearing it in the memory; that no table of the tree and no frame given
/// out earlier is the same one, by `differs`.)
template <class B, class W>
B is_frame(W frame, int maxphyaddr) {
  const std::uint64_t outside = ~((1ULL << maxphyaddr) - 1) | 0xFFF;
  return ((frame & W(outside)) == W(0)) & (frame != W(0));
}

/// An allocator never gives out what is in use: `frame` is new, `table` is in use if `reached`.
template <class B, class W>
B differs(W frame, B reached, W table) {
  return (!reached) | (frame != table);
}

/// The population of a table is the sum of the present bits of its 512 entries. What follows from
/// that at one entry of it,
template <class B, class W>
B population_bounds(W population, B entry_present) {
  const B some = (!entry_present) | (population >= W(1));
  const B room = entry_present | (population <= W(511));
  return (population <= W(512)) & some & room;
}
/// at two different entries of it,
template <class B, class W>
B population_of_two(W population, B one_present, B other_present) {
  return (!(one_present & other_present)) | (population >= W(2));
}
/// and when one of its entries changes from `before` to `after`.
template <class W>
W population_change(W before, W after) {
  return (after & W(1)) - (before & W(1));
}

}  // namespace quintet::page_table::spec
