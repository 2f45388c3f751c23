// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "allocator/allocator.hpp"
#include "allocator/test/world/audit.hpp"
#include "proof/explore/explore.hpp"

// The whole allocator under the interleaving explorer: the code that is measured, on cells that the
// explorer watches, with units of 1 KiB.
//
// The user's side of a block is its first word, written as the allocator's own link is: so whoever
// uses a block that another thread has, or has not been told of, is a data race, and a block that
// two threads have is a value that changed. Threading: the explorer's.
namespace quintet::allocator::world {

using proof::explore::ExploredAtomics;
using proof::explore::Run;

// A few static buffers: addresses must not differ between executions.
class ExploredOs {
 public:
  static constexpr std::size_t kBytes = std::size_t{1} << 20;

  std::byte* reserve(std::uint64_t bytes, std::uint64_t alignment) {
    next_ = align_up<std::uint64_t>(next_, alignment);
    if (next_ + bytes > kBytes) return nullptr;
    std::byte* const begin = buffer.data() + next_;
    next_ += bytes;
    return begin;
  }
  bool commit(std::byte* begin, std::uint64_t bytes) {
    std::memset(begin, 0, bytes);
    return true;
  }
  // Memory keeps its contents: the cells in it are made once.
  bool decommit(std::byte*, std::uint64_t) { return true; }
  bool protect(std::byte*, std::uint64_t, bool) { return true; }
  void release(std::byte*, std::uint64_t) {}
  bool move(std::byte*, std::byte*, std::uint64_t) { return false; }
  static std::uint64_t secret() { return 0; }
  std::uint32_t milliseconds() { return 0; }
  std::uint32_t node() { return 0; }
  void report(Misuse, const void*) { QT_CHECK(false, "misuse reported"); }

 private:
  alignas(4096) static inline std::array<std::byte, kBytes> buffer;
  std::uint64_t next_ = 0;
};

template <Fault kInjected>
struct TinyTraits : StandardTraits {
  static constexpr Shape kShape{.unit_shift = 10,
                                .page_shift = 6,
                                .region_bytes = 64 * kKiB,
                                .smallest_region = 64 * kKiB,
                                .growth_bytes = 2 * kKiB,
                                .retained_bytes = 1 * kKiB,
                                .carve_bytes = 512,
                                .at_hand_bytes = 1 * kKiB,
                                .remote_bytes = 1024,
                                .largest_units_shift = 1,
                                .span_bins = 24,
                                .arenas = 1};
  static constexpr Hardening kHardening = Hardening::kFast;
  static constexpr Fault kFault = kInjected;
};

// Threads with heaps that pass blocks to each other.
template <Fault kFault>
class Stage {
 public:
  using A = Allocator<ExploredOs, ExploredAtomics, TinyTraits<kFault>>;
  using H = typename A::H;
  using L = Link<typename A::E>;
  static constexpr std::size_t kBlock = 512;  // two to a slab

  explicit Stage(Run& run) : run_(run) {}

  A& allocator() { return allocator_; }

  // A block, with the user's mark on it.
  std::byte* allocate(H& heap, std::size_t size = kBlock) {
    std::byte* const block = allocator_.allocate(heap, size);
    run_.check(block != nullptr, "there is memory");
    use(block, number(block));
    return block;
  }
  // The mark is still there.
  void free(H& heap, std::byte* block) {
    run_.check(link_at<typename A::E>(block)->next() == link_at<typename A::E>(block),
               "what was in the block is still there");
    use(block, nullptr);
    allocator_.free(heap, block);
  }

  // A place where one thread leaves a block for another.
  struct Mailbox {
    ExploredAtomics::atomic<std::byte*> block{nullptr};
    void leave(std::byte* what) { block.store(what, std::memory_order_release); }
    std::byte* take() {
      return ExploredAtomics::await(block, std::memory_order_acquire,
                                    [](std::byte* what) { return what != nullptr; });
    }
  };

  // After join(): nothing is in use, and everything comes back. `heaps` are those still attached.
  void check_all_came_back(const std::vector<H*>& heaps) {
    for (H* heap : heaps) allocator_.detach(heap);
    allocator_.pool().collect();
    allocator_.pool().collect();  // what the first round freed for heaps that came before
    const Audit<A> audit(allocator_);
    run_.check(audit.error().empty(), audit.error());
    run_.check(audit.live().empty(), "every block came back");
    run_.check(allocator_.shared().arenas[0].counts().used_units == 0, "every unit came back");
  }

 private:
  static L* number(std::byte* block) { return link_at<typename A::E>(block); }
  void use(std::byte* block, L* mark) { link_at<typename A::E>(block)->set_next(mark); }

  Run& run_;
  A allocator_;
};

using Program = std::function<void(Run&)>;

// Two threads take and give back blocks of their own: arena and pool.
template <Fault kFault = Fault::kNone>
Program strangers(std::size_t size, unsigned rounds) {
  return [=](Run& run) {
    Stage<kFault> stage(run);
    std::array<typename Stage<kFault>::H*, 2> heaps{};
    for (std::size_t t = 0; t < 2; ++t) {
      run.spawn("thread" + std::to_string(t), [&, t] {
        heaps[t] = stage.allocator().attach();
        run.check(heaps[t] != nullptr, "there is a heap");
        for (unsigned i = 0; i < rounds; ++i) {
          std::byte* const block = stage.allocate(*heaps[t], size);
          stage.free(*heaps[t], block);
        }
      });
    }
    run.join();
    stage.check_all_came_back({heaps[0], heaps[1]});
  };
}

// The owner allocates `count` blocks for each of `others`, which free them; meanwhile the owner
// allocates `more` and frees them. The last act of a thread that frees is to tell.
template <Fault kFault = Fault::kNone>
Program remote(unsigned others, unsigned count, unsigned more) {
  return [=](Run& run) {
    using S = Stage<kFault>;
    S stage(run);
    auto* const owner = stage.allocator().attach();
    std::vector<typename S::H*> heaps{owner};
    std::vector<std::vector<std::byte*>> given(others);
    for (unsigned t = 0; t < others; ++t) {
      heaps.push_back(stage.allocator().attach());
      for (unsigned i = 0; i < count; ++i) given[t].push_back(stage.allocate(*owner));
    }
    for (unsigned t = 0; t < others; ++t) {
      run.spawn("freer" + std::to_string(t), [&, t] {
        for (std::byte* block : given[t]) stage.free(*heaps[t + 1], block);
        heaps[t + 1]->tell_all();
      });
    }
    run.spawn("owner", [&] {
      std::vector<std::byte*> own;
      for (unsigned i = 0; i < more; ++i) own.push_back(stage.allocate(*owner));
      for (std::byte* block : own) stage.free(*owner, block);
      owner->drain();
    });
    run.join();
    stage.check_all_came_back(heaps);
  };
}

// A thread allocates, passes a block on, and ends; another frees the block while a third begins,
// takes over the heap if it is there, and allocates.
template <Fault kFault = Fault::kNone>
Program exiting(bool with_heir) {
  return [=](Run& run) {
    using S = Stage<kFault>;
    S stage(run);
    typename S::Mailbox box;
    auto* const freer = stage.allocator().attach();
    typename S::H* heir = nullptr;
    run.spawn("ending", [&] {
      auto* const heap = stage.allocator().attach();
      std::byte* const kept = stage.allocate(*heap);
      box.leave(stage.allocate(*heap));
      stage.free(*heap, kept);
      stage.allocator().detach(heap);
    });
    run.spawn("freeing", [&] {
      stage.free(*freer, box.take());
      freer->tell_all();
    });
    if (with_heir) {
      run.spawn("heir", [&] {
        heir = stage.allocator().attach();
        run.check(heir != nullptr, "there is a heap");
        std::byte* const block = stage.allocate(*heir);
        stage.free(*heir, block);
      });
    }
    run.join();
    std::vector<typename S::H*> heaps{freer};
    if (heir != nullptr) heaps.push_back(heir);
    stage.check_all_came_back(heaps);
  };
}

// A thread that has freed another's block ends before it has told.
template <Fault kFault = Fault::kNone>
Program ending_untold() {
  return [](Run& run) {
    using S = Stage<kFault>;
    S stage(run);
    auto* const owner = stage.allocator().attach();
    std::byte* const block = stage.allocate(*owner, 128);
    run.spawn("ending", [&] {
      auto* const heap = stage.allocator().attach();
      stage.free(*heap, block);
      stage.allocator().detach(heap);
    });
    run.spawn("owner", [&] {
      std::byte* const other = stage.allocate(*owner, 128);
      stage.free(*owner, other);
    });
    run.join();
    stage.allocator().pool().for_each([&](typename S::H& heap) {
      heap.for_each_pending([&](const auto&) { run.check(false, "who ends keeps nothing back"); });
    });
    stage.check_all_came_back({owner});
  };
}

// One thread begins, one ends and one collects what waits.
template <Fault kFault = Fault::kNone>
Program changing_hands() {
  return [](Run& run) {
    using S = Stage<kFault>;
    S stage(run);
    std::vector<typename S::H*> heaps(3);
    heaps[0] = stage.allocator().attach();
    stage.free(*heaps[0], stage.allocate(*heaps[0]));
    auto* const left = heaps[0];
    run.spawn("ending", [&] { stage.allocator().detach(left); });
    for (std::size_t t = 1; t < 3; ++t) {
      run.spawn("beginning" + std::to_string(t), [&, t] {
        heaps[t] = stage.allocator().attach();
        std::byte* const block = stage.allocate(*heaps[t]);
        stage.free(*heaps[t], block);
      });
    }
    run.join();
    stage.check_all_came_back({heaps[1], heaps[2]});
  };
}

// A heap waits with blocks in use; one thread frees them, one collects what waits and has mail, and
// one begins, and takes over what it finds.
template <Fault kFault = Fault::kNone>
Program scavenging() {
  return [](Run& run) {
    using S = Stage<kFault>;
    S stage(run);
    auto* const left = stage.allocator().attach();
    auto* const freer = stage.allocator().attach();
    typename S::H* heir = nullptr;
    std::byte* const first = stage.allocate(*left);
    std::byte* const second = stage.allocate(*left);
    stage.allocator().detach(left);
    run.spawn("freeing", [&] {
      stage.free(*freer, first);
      freer->tell_all();
      stage.free(*freer, second);
      freer->tell_all();
    });
    run.spawn("collecting", [&] { stage.allocator().pool().scavenge(); });
    run.spawn("beginning", [&] {
      heir = stage.allocator().attach();
      std::byte* const block = stage.allocate(*heir);
      stage.free(*heir, block);
    });
    run.join();
    stage.check_all_came_back({freer, heir});
  };
}

// Large objects are freed by whoever has them.
template <Fault kFault = Fault::kNone>
Program large() {
  return [](Run& run) {
    using S = Stage<kFault>;
    S stage(run);
    typename S::Mailbox box;
    std::array<typename S::H*, 2> heaps{stage.allocator().attach(), stage.allocator().attach()};
    run.spawn("giver", [&] {
      std::byte* const block = stage.allocate(*heaps[0], 3 * kKiB);
      box.leave(block);
      std::byte* const other = stage.allocate(*heaps[0], 3 * kKiB);
      stage.free(*heaps[0], other);
    });
    run.spawn("taker", [&] {
      stage.free(*heaps[1], box.take());
      std::byte* const other = stage.allocate(*heaps[1], 2 * kKiB);
      stage.free(*heaps[1], other);
    });
    run.join();
    stage.check_all_came_back({heaps[0], heaps[1]});
  };
}

}  // namespace quintet::allocator::world
