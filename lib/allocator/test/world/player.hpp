// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "allocator/allocator.hpp"
#include "allocator/spec/ledger.hpp"
#include "allocator/test/world/audit.hpp"
#include "allocator/test/world/shapes.hpp"  // IWYU pragma: export
#include "allocator/walk.hpp"

// Plays random operations on an allocator, as several threads that take turns, beside the ledger of
// spec/: every answer must be one that the ledger allows, contents stay what they were, and the
// audit finds what the ledger has. The first thing that is wrong ends the play.
namespace quintet::allocator::world {

struct Play {
  std::uint64_t seed = 1;
  unsigned steps = 2000;
  unsigned audit_every = 100;
  bool may_fail = false;       // memory may run out: null is an answer
  std::size_t most_bytes = 0;  // of a large request; 0: three times the largest block
};

template <class A>
class Player {
 public:
  using H = typename A::H;
  using G = typename A::G;

  explicit Player(A& allocator) : allocator_(allocator) {}

  // What was wrong, or nothing.
  std::optional<std::string> play(const Play& play) {
    play_ = play;
    random_.seed(play.seed);
    if (play_.most_bytes == 0) play_.most_bytes = 3 * G::kLargest;
    for (auto& heap : heaps_) heap = allocator_.attach();
    if (std::ranges::any_of(heaps_, [](H* heap) { return heap == nullptr; })) return leave();
    for (unsigned i = 0; i < play_.steps && !error_; ++i) {
      step();
      if ((i + 1) % play_.audit_every == 0) audit();
    }
    for (auto& heap : own_) destroy(heap);
    while (!blocks_.empty() && !error_) free_one(blocks_.size() - 1);
    audit();
    return leave();
  }

 private:
  struct Block {
    std::byte* at;
    std::size_t size;
    unsigned char mark;
  };

  std::optional<std::string> leave() {
    for (H* heap : heaps_) {
      if (heap != nullptr) allocator_.detach(heap);
    }
    heaps_ = {};
    return error_;
  }

  std::uint64_t draw(std::uint64_t below) { return random_() % below; }
  H& some_heap() { return *heaps_[draw(heaps_.size())]; }
  void wrong(const std::string& what) {
    if (!error_) error_ = what;
  }

  std::size_t some_size() {
    switch (draw(16)) {
      case 0:
        return draw(3);
      case 1:
        return draw(play_.most_bytes);
      case 2:
      case 3:
        return draw(G::kLargest + 1);
      default:
        return draw(G::kUnit / 8);
    }
  }
  static std::size_t natural_alignment(std::size_t size) { return size <= 8 ? 8 : 16; }

  void step() {
    const auto what = draw(100);
    if (what < 38) {
      allocate();
    } else if (what < 72) {
      if (!blocks_.empty()) free_one(draw(blocks_.size()));
    } else if (what < 78) {
      allocate_zeroed();
    } else if (what < 84) {
      allocate_aligned();
    } else if (what < 92) {
      if (!blocks_.empty()) reallocate(draw(blocks_.size()));
    } else if (what < 94) {
      if (!blocks_.empty()) resize(draw(blocks_.size()));
    } else {
      rarely(what);
    }
  }

  void rarely(std::uint64_t what) {
    if (what == 94) {
      auto& heap = heaps_[draw(heaps_.size())];
      allocator_.detach(heap);  // another thread ends, and one begins
      heap = allocator_.attach();
      if (heap == nullptr) wrong("attach: no heap, though one was left");
    } else if (what == 95) {
      allocator_.collect(some_heap(), draw(2) == 0);
    } else if (what == 96) {
      allocator_.os().now += static_cast<std::uint32_t>(draw(2000));
    } else if (what == 97) {
      misuse();
    } else {
      use_own_heap(draw(own_.size()));
    }
  }

  // Enters what was given, and marks it. False: null.
  bool enter(std::byte* at, std::size_t size, std::size_t alignment, std::uint64_t owner = 0) {
    if (at == nullptr) {
      if (!play_.may_fail) wrong("null, though there is memory");
      return false;
    }
    const std::size_t usable = allocator_.usable_size(at);
    // A block of no bytes has an address of its own all the same.
    const std::size_t taken = std::max<std::size_t>(usable, 1);
    if (const auto why = ledger_.enter(number(at), taken, size, alignment, owner)) {
      wrong(*why);
      return false;
    }
    if (!allocator_.owns(at)) wrong("V11: it does not know its own block");
    const auto mark = static_cast<unsigned char>(1 + draw(255));
    if (owner == 0) blocks_.push_back({at, size, mark});
    std::memset(at, mark, size);
    if (usable > size) std::memset(at + usable - 1, mark, 1);  // what is usable may be used
    return true;
  }
  static std::uint64_t number(const std::byte* at) { return reinterpret_cast<std::uintptr_t>(at); }
  void check_contents(const Block& block, std::size_t size, const char* what) {
    for (std::size_t i = 0; i < size; ++i) {
      if (std::to_integer<unsigned char>(block.at[i]) != block.mark) return wrong(what);
    }
  }

  void allocate() {
    const std::size_t size = some_size();
    std::byte* const at = allocator_.allocate(some_heap(), size);
    if (enter(at, size, natural_alignment(size)) && G::kLargest >= size &&
        allocator_.usable_size(at) != A::good_size(size)) {
      wrong("good_size: not what was given");
    }
  }
  void allocate_zeroed() {
    const std::size_t size = some_size();
    std::byte* const at = allocator_.allocate_zeroed(some_heap(), 1, size);
    if (at == nullptr) return (void)enter(at, size, 1);
    for (std::size_t i = 0; i < size; ++i) {
      if (at[i] != std::byte{0}) return wrong("calloc: not zero");
    }
    (void)enter(at, size, natural_alignment(size));
    if (allocator_.allocate_zeroed(some_heap(), SIZE_MAX / 2 + 2, 2) != nullptr) {
      wrong("calloc: a product that does not fit");
    }
  }
  void allocate_aligned() {
    const std::size_t size = some_size();
    const std::size_t alignment = std::size_t{1} << draw(std::bit_width(G::kUnit) + 3);
    (void)enter(allocator_.allocate_aligned(some_heap(), size, alignment), size, alignment);
  }

  Block take_out(std::size_t i) {
    const Block block = blocks_[i];
    blocks_[i] = blocks_.back();
    blocks_.pop_back();
    check_contents(block, block.size, "V2: contents have changed");
    if (const auto why = ledger_.strike(number(block.at))) wrong(*why);
    return block;
  }
  void free_one(std::size_t i) {
    const Block block = take_out(i);
    if (!error_) allocator_.free(some_heap(), block.at);
  }
  void reallocate(std::size_t i) {
    const std::size_t size = some_size();
    const Block block = take_out(i);
    if (error_) return;
    std::byte* const at = allocator_.reallocate(some_heap(), block.at, size);
    if (at == nullptr) {  // the old one is as it was
      if (!play_.may_fail) return wrong("realloc: null, though there is memory");
      check_contents(block, block.size, "realloc: a failure changed the block");
      (void)ledger_.enter(number(block.at),
                          std::max<std::size_t>(allocator_.usable_size(block.at), 1), block.size,
                          1);
      blocks_.push_back(block);
      return;
    }
    check_contents({at, size, block.mark}, std::min(size, block.size), "realloc: contents lost");
    (void)enter(at, size, natural_alignment(size));
  }
  void resize(std::size_t i) {
    const std::size_t size = some_size();
    const Block block = take_out(i);
    if (error_) return;
    const bool done = allocator_.resize_in_place(some_heap(), block.at, size);
    const std::size_t now = done ? size : block.size;
    check_contents({block.at, now, block.mark}, std::min(now, block.size), "resize: contents lost");
    (void)enter(block.at, now, 1);
  }

  // What is no block is reported, and changes nothing.
  void misuse() {
    auto& reports = allocator_.os().reports;
    reports.clear();
    int here = 0;
    int* volatile foreign = &here;  // or the compiler warns of what would be if it were a block
    allocator_.free(some_heap(), foreign);
    if (reports.size() != 1 || reports[0].misuse != Misuse::kForeign)
      wrong("foreign: not reported");
    allocator_.free(some_heap(), nullptr);
    if (blocks_.empty()) return;
    const Block& block = blocks_[draw(blocks_.size())];
    reports.clear();
    allocator_.free(some_heap(), block.at + 1);
    if (reports.size() != 1 || reports[0].misuse != Misuse::kMisaligned ||
        reports[0].pointer != block.at + 1) {
      wrong("misaligned: not reported");
    }
    check_contents(block, block.size, "misaligned: the block has changed");
  }

  // First-class heaps: some blocks freed one by one, also by others, the rest all at once.
  void use_own_heap(std::size_t i) {
    H*& heap = own_[i];
    if (heap == nullptr) {
      heap = allocator_.create_heap();
      if (heap == nullptr && !play_.may_fail) wrong("create_heap: null");
      return;
    }
    if (draw(4) == 0) return destroy(heap);
    for (unsigned k = 0; k < 20 && !error_; ++k) {
      const std::size_t size = some_size();
      std::byte* const at = allocator_.allocate(*heap, size);
      if (!enter(at, size, natural_alignment(size), i + 1) || draw(2) == 0) continue;
      (void)ledger_.strike(number(at));
      allocator_.free(draw(2) == 0 ? *heap : some_heap(), at);
    }
    walk_own_heap(i);
  }
  void walk_own_heap(std::size_t i) {
    std::size_t expected = 0, found = 0;
    for (const auto& [address, range] : ledger_.ranges()) expected += range.owner == i + 1 ? 1 : 0;
    for_each_block(allocator_, *own_[i], [&](std::byte* block, std::uint64_t bytes) {
      const auto range = ledger_.ranges().find(number(block));
      ++found;
      if (range == ledger_.ranges().end() || range->second.owner != i + 1 ||
          std::max<std::uint64_t>(bytes, 1) < range->second.usable) {
        wrong("walk: a block that is not in use");
      }
    });
    if (found != expected) wrong("walk: not all blocks");
  }
  void destroy(H*& heap) {
    if (heap == nullptr) return;
    allocator_.destroy_heap(heap);
    ledger_.strike_all(static_cast<std::uint64_t>(&heap - own_.data()) + 1);
    heap = nullptr;
  }

  void audit() {
    if (error_) return;
    for (H* heap : heaps_) {
      heap->tell_all();
      heap->drain();
    }
    for (H* heap : heaps_) heap->drain();
    allocator_.pool().for_each([](H& heap) {
      if (heap.is_made()) heap.drain();
    });
    const Audit<A> audit(allocator_);
    if (!audit.error().empty()) return wrong(audit.error());
    const auto& ranges = ledger_.ranges();
    const bool same = std::ranges::equal(audit.live(), ranges, [](const auto& a, const auto& b) {
      return a.first == b.first && a.second == b.second.usable;
    });
    if (!same) wrong("audit: what is in use is not what the ledger has");
  }

  A& allocator_;
  Play play_;
  std::mt19937_64 random_;
  spec::Ledger ledger_;
  std::vector<Block> blocks_;
  std::array<H*, 3> heaps_{};
  std::array<H*, 2> own_{};
  std::optional<std::string> error_;
};

}  // namespace quintet::allocator::world
