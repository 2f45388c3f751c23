// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "allocator/span.hpp"

// The free spans of one state, by length: a list for each bin (geometry.hpp) and a bit for each
// list that is not empty.
// Threading: under the arena's lock.
namespace quintet::allocator {

template <class Env>
class FreeSpans {
 public:
  void insert(Span<Env>* span) {
    const auto bin = bin_of(span);
    Span<Env>* const second = lists_[bin].load();
    span->previous.store(nullptr);
    span->next.store(second);
    if (second != nullptr) second->previous.store(span);
    lists_[bin].store(span);
    set(bin, true);
    units_ += span->units.load();
  }

  // Requires: it is here.
  void remove(Span<Env>* span) {
    const auto bin = bin_of(span);
    Span<Env>* const before = span->previous.load();
    Span<Env>* const after = span->next.load();
    (before != nullptr ? before->next : lists_[bin]).store(after);
    if (after != nullptr) after->previous.store(before);
    if (lists_[bin].load() == nullptr) set(bin, false);
    units_ -= span->units.load();
  }

  // A span of at least `units`, which stays here: the best of a few in the list where fitting ones
  // may be, else any of the next list that has some. Null: there is none, or it is hidden behind
  // the few.
  [[nodiscard]] Span<Env>* find(std::uint64_t units) const {
    const auto bin = static_cast<std::size_t>(span_bin<std::uint64_t>(units));
    Span<Env>* best = nullptr;
    Span<Env>* span = lists_[bin].load();
    for (unsigned looks = 0; span != nullptr && looks < kLooks; ++looks) {
      const std::uint32_t length = span->units.load();
      if (length >= units && (best == nullptr || length < best->units.load())) best = span;
      if (length == units) break;
      span = span->next.load();
    }
    return best != nullptr ? best : first_from(bin + 1);
  }

  [[nodiscard]] std::uint64_t units() const { return units_; }
  template <class F>
  void for_each(F f) const {
    for (const auto& list : lists_) {
      for (Span<Env>* span = list.load(); span != nullptr; span = span->next.load()) f(span);
    }
  }

 private:
  static constexpr unsigned kLooks = 8;

  [[nodiscard]] static std::size_t bin_of(const Span<Env>* span) {
    return static_cast<std::size_t>(span_bin<std::uint64_t>(span->units.load()));
  }
  void set(std::size_t bin, bool has_some) {
    const std::uint64_t bit = std::uint64_t{1} << (bin % 64);
    has_some ? bits_[bin / 64] |= bit : bits_[bin / 64] &= ~bit;
  }
  [[nodiscard]] Span<Env>* first_from(std::size_t bin) const {
    for (std::size_t word = bin / 64; word < bits_.size(); ++word) {
      const std::uint64_t from = word == bin / 64 ? ~std::uint64_t{0} << (bin % 64) : ~0ULL;
      if (const std::uint64_t some = bits_[word] & from; some != 0) {
        return lists_[word * 64 + static_cast<std::size_t>(std::countr_zero(some))].load();
      }
    }
    return nullptr;
  }

  std::array<typename Env::template Plain<Span<Env>*>, Env::kShape.span_bins> lists_{};
  std::array<std::uint64_t, (Env::kShape.span_bins + 63) / 64> bits_{};
  std::uint64_t units_ = 0;
};

}  // namespace quintet::allocator
