// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

#include "allocator/env.hpp"

// The blocks of a slab that other threads have freed, in one word: the first of a list through the
// blocks, their number, and whether the slab stands in its owner's inbox.
//
// Invariants:
//   I1  the list has exactly as many blocks as the word says, all of them of this slab
//   I2  `listed` is set by a push that finds it clear, and that pusher alone puts the slab into the
//       inbox; it is cleared by the owner's take, which has the slab out of the inbox
//   I3  so a slab with blocks here is in exactly one inbox, or on its way there
// Linearization points: the compare-exchange of push(), the exchange of take().
//
//   push: any thread, of blocks that it owns.   take: the owner of the slab.
namespace quintet::allocator {

// The word's fields, over a symbolic word as well: bit 0 listed, 1..14 number of blocks, 15..30 the
// first block's offset from the slab's start in units of 8 bytes, plus 1; 0 for an empty list.
template <class W32>
struct RemoteWord {
  static constexpr unsigned kCountShift = 1;
  static constexpr unsigned kFirstShift = 15;

  [[nodiscard]] static constexpr W32 make(const W32& first, const W32& count, const W32& listed) {
    return (first << kFirstShift) | (count << kCountShift) | listed;
  }
  [[nodiscard]] static constexpr W32 first(const W32& word) { return word >> kFirstShift; }
  [[nodiscard]] static constexpr W32 count(const W32& word) {
    return (word >> kCountShift) & W32((1U << (kFirstShift - kCountShift)) - 1);
  }
  [[nodiscard]] static constexpr W32 listed(const W32& word) { return word & W32(1); }

  [[nodiscard]] static constexpr W32 first_of(const W32& offset) { return (offset >> 3) + W32(1); }
  [[nodiscard]] static constexpr W32 offset_of(const W32& first) { return (first - W32(1)) << 3; }
};

template <class Env>
class RemoteList {
 public:
  using Word = RemoteWord<std::uint32_t>;

  [[nodiscard]] std::uint32_t count() const {
    return Word::count(word_.load(std::memory_order_relaxed));
  }

  // Adds the blocks of `chain`, all of the slab that starts at `start`. True: the caller must put
  // the slab into its owner's inbox. Lock-free.
  [[nodiscard]] bool push(std::byte* start, const Chain<Env>& chain) {
    const auto offset = static_cast<std::uint32_t>(chain.first->bytes() - start);
    std::uint32_t word = word_.load(std::memory_order_relaxed);
    for (;;) {
      const std::uint32_t head = Word::first(word);
      chain.last->set_next(head == 0 ? nullptr : first_at(start, head));
      const std::uint32_t wish =
          Word::make(Word::first_of(offset), Word::count(word) + chain.count, 1);
      if (Env::has(Fault::kPushByStore)) {
        word_.store(wish, std::memory_order_release);
        break;
      }
      // release: pairs with take(), for the links and for what the thread did with the blocks.
      // acquire: a take() that cleared `listed` has read the slab's inbox_next before.
      if (word_.compare_exchange_weak(word, wish, kPushOrder, std::memory_order_relaxed)) {
        break;
      }
    }
    if (Env::has(Fault::kNeverListed)) return false;
    return Word::listed(word) == 0 || Env::has(Fault::kListedForgotten);
  }

  // All blocks, last pushed first, ended by null; the slab is not listed any more.
  // Requires: the slab is out of the inbox.
  [[nodiscard]] Chain<Env> take(std::byte* start) {
    constexpr std::uint32_t kAfter = Env::has(Fault::kFlagKept) ? 1 : 0;
    std::uint32_t word = 0;
    if constexpr (Env::has(Fault::kTakeInTwoSteps)) {
      word = word_.load(std::memory_order_acquire);
      word_.store(kAfter, std::memory_order_relaxed);
    } else {
      // acquire and release: pairs with push().
      word = word_.exchange(kAfter, kTakeOrder);
    }
    const std::uint32_t first = Word::first(word);
    if (first == 0) return {};
    return {first_at(start, first), nullptr, Word::count(word)};
  }

 private:
  static constexpr std::memory_order kPushOrder =
      Env::has(Fault::kPushRelaxed)     ? std::memory_order_acquire
      : Env::has(Fault::kRelistRelaxed) ? std::memory_order_release
                                        : std::memory_order_acq_rel;
  static constexpr std::memory_order kTakeOrder =
      Env::has(Fault::kTakeRelaxed) ? std::memory_order_release : std::memory_order_acq_rel;

  [[nodiscard]] static Link<Env>* first_at(std::byte* start, std::uint32_t first) {
    return link_at<Env>(start + Word::offset_of(first));
  }

  typename Env::template Atomic<std::uint32_t> word_{0};
};

}  // namespace quintet::allocator
