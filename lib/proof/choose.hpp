// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/assert.hpp"

// The one engine behind everything that this kit enumerates: choices that are made again.
//
// A checked function runs many times. Wherever it could go one way or another it asks the trail,
// which answers as in the last execution up to the newest open decision, and there takes the next
// option: depth-first search without saving any state. Symbolic branches (options filtered by a
// solver), schedules, the store that a load reads, crash images and the order of messages are
// all such choices.
//
//   Trail trail;
//   do { ... trail.choose(3) ... } while (trail.advance());
//
// Requires: an execution is a function of its choices alone. Threading: one thread.
namespace quintet::proof {

class Trail {
 public:
  static constexpr std::size_t kMaxOptions = 64;

  // One of 0 .. options - 1; executions to come will take the others.
  std::size_t choose(std::size_t options) { return choose_among(all(options)); }

  // One of the options in the set `allowed`, given as bits. Requires: it is not empty.
  std::size_t choose_among(std::uint64_t allowed) {
    return decide([&] { return allowed; });
  }

  // As choose_among, with the set computed by `allowed()` when the decision is new, and not again
  // when it is replayed: for sets that cost a solver.
  template <class Allowed>
  std::size_t decide(Allowed allowed) {
    if (position_ == decisions_.size()) {
      const std::uint64_t set = allowed();
      QT_REQUIRE(set != 0, "a decision without an option");
      decisions_.push_back({static_cast<std::uint8_t>(std::countr_zero(set)), set & (set - 1)});
    }
    return decisions_[position_++].chosen;
  }

  // One particular option; others are explored only when require() asks for them. For searches
  // that find out later which alternatives matter (partial-order reduction).
  std::size_t prefer(std::size_t option) { return choose_among(std::uint64_t{1} << option); }
  // Decision number `at` of this execution must also be tried with `option`.
  // Requires: at < length(), and the option has not been tried there before.
  void require(std::size_t at, std::size_t option) {
    decisions_[at].pending |= std::uint64_t{1} << option;
  }

  // Moves on to the next execution: false when all have been made. What was decided after the
  // newest decision with an untried option is forgotten.
  bool advance() {
    position_ = 0;
    while (!decisions_.empty()) {
      Decision& last = decisions_.back();
      if (last.pending != 0) {
        last.chosen = static_cast<std::uint8_t>(std::countr_zero(last.pending));
        last.pending &= last.pending - 1;
        return true;
      }
      decisions_.pop_back();
    }
    return false;
  }

  // Decisions made so far in this execution.
  [[nodiscard]] std::size_t position() const { return position_; }
  // Decisions on the trail: those replayed and to be replayed.
  [[nodiscard]] std::size_t length() const { return decisions_.size(); }
  // True while the answers are those of the execution before.
  [[nodiscard]] bool replaying() const { return position_ < decisions_.size(); }
  // What decision `at` answered in this execution.
  [[nodiscard]] std::size_t chosen(std::size_t at) const { return decisions_[at].chosen; }

 private:
  struct Decision {
    std::uint8_t chosen;
    std::uint64_t pending;  // options to be tried by later executions, as bits
  };
  static std::uint64_t all(std::size_t options) {
    QT_REQUIRE(options >= 1 && options <= kMaxOptions, "a decision has 1 to 64 options");
    return ~std::uint64_t{0} >> (kMaxOptions - options);
  }

  std::vector<Decision> decisions_;
  std::size_t position_ = 0;
};

}  // namespace quintet::proof
