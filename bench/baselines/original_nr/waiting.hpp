// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>

// How the originals wait: they look at a cell until it is as they want it, for ever. A caller who
// cannot wait for ever gives a flag, which is looked at now and then; when it is set, GaveUp is
// thrown out of the wait, and the object can only be destroyed. A world with a time of its own
// offers await_for(cell, order, predicate, looks) and is asked to wait instead.
namespace quintet::baselines {

struct GaveUp {};

// A guard cell stands for the memory beside it, which is no cell; it takes a byte, so that a world
// that charges for lines knows where it lies.
struct Touch {
  std::uint8_t unused = 0;
};

template <class Env>
class OriginalWaiting {
 public:
  static constexpr std::uint64_t kForEver = std::numeric_limits<std::uint64_t>::max();

  explicit OriginalWaiting(const std::atomic<bool>* give_up) : give_up_(give_up) {}

  // Whether the predicate held within so many looks.
  template <bool kPauses, class Cell, class Predicate>
  bool until(const Cell& cell, std::memory_order order, Predicate predicate,
             std::uint64_t looks = kForEver) const {
    if constexpr (requires { Env::await_for(cell, order, predicate, looks); }) {
      return Env::await_for(cell, order, predicate, looks);
    } else {
      return (looks > 0 && predicate(cell.load(order))) ||
             look_again<kPauses>(cell, order, predicate, looks);
    }
  }

  // For one turn of a longer loop.
  void turn() const {
    Env::pause();
    check();
  }

 private:
  static constexpr std::uint64_t kLooksBetween = 4096;

  // After the first look, which is all there is most often.
  template <bool kPauses, class Cell, class Predicate>
  [[gnu::noinline]] bool look_again(const Cell& cell, std::memory_order order, Predicate predicate,
                                    std::uint64_t looks) const {
    for (std::uint64_t look = 1; look < looks; ++look) {
      if constexpr (kPauses) Env::pause();
      if (look % kLooksBetween == 0) check();
      if (predicate(cell.load(order))) return true;
    }
    return false;
  }
  void check() const {
    if (give_up_ != nullptr && give_up_->load(std::memory_order_relaxed)) throw GaveUp{};
  }

  const std::atomic<bool>* give_up_;
};

}  // namespace quintet::baselines
