// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>

#include "allocator/geometry.hpp"
#include "allocator/os_memory.hpp"
#include "allocator/traits.hpp"
#include "base/atomics.hpp"

// The world and the traits under one name, as all parts of the core take them.
namespace quintet::allocator {

template <OsMemory OsType, Atomics AtomicsType, class Traits>
struct Env {
  using Os = OsType;
  using A = AtomicsType;
  template <class V>
  using Atomic = typename A::template atomic<V>;
  template <class V>
  using Plain = typename A::template plain<V>;

  static constexpr Shape kShape = Traits::kShape;
  static constexpr Hardening kHardening = Traits::kHardening;
  static constexpr Fault kFault = Traits::kFault;
  using G = Geometry<kShape>;
  using Tracker = typename Traits::Tracker;
  static constexpr bool kIsTracked = !std::is_same_v<Tracker, NoTracker>;

  // A cell as large as its value is its value, and zeroed memory is made of such cells. Others,
  // those of the explorer, have to be made.
  static constexpr bool kZeroIsMade = sizeof(Atomic<std::uint64_t>) == sizeof(std::uint64_t);

  // Whether there are sampled blocks (guard_pages.hpp): a unit has pages for a block and its
  // guards.
  static constexpr bool kSamples =
      Traits::kHardening >= Hardening::kParanoid && kShape.unit_shift >= kShape.page_shift + 2;

  [[nodiscard]] static constexpr bool has(Fault fault) { return kFault == fault; }
  [[nodiscard]] static constexpr bool at_least(Hardening level) { return kHardening >= level; }
};

// The first word of a free block: the next one of its list. From Hardening::kGuarded on it is
// disguised, so that what a program writes there is not taken for an address.
template <class Env>
class Link {
 public:
  [[nodiscard]] Link* next() const {
    const Opened<typename Env::Tracker> opened(this, sizeof *this);
    return plain(cell_.load());
  }
  void set_next(Link* next) {
    const Opened<typename Env::Tracker> opened(this, sizeof *this);
    cell_.store(disguised(next));
  }
  [[nodiscard]] std::byte* bytes() { return reinterpret_cast<std::byte*>(this); }
  [[nodiscard]] const std::byte* bytes() const { return reinterpret_cast<const std::byte*>(this); }

 private:
  [[nodiscard]] Link* disguised(Link* next) const {
    if constexpr (Env::at_least(Hardening::kGuarded)) {
      const auto mask = Env::Os::secret() ^ reinterpret_cast<std::uintptr_t>(this);
      return reinterpret_cast<Link*>(reinterpret_cast<std::uintptr_t>(next) ^ mask);
    } else {
      return next;
    }
  }
  [[nodiscard]] Link* plain(Link* stored) const { return disguised(stored); }  // XOR twice

  typename Env::template Plain<Link*> cell_;
};

template <class Env>
[[nodiscard]] Link<Env>* link_at(std::byte* block) {
  return reinterpret_cast<Link<Env>*>(block);
}

// The same of memory that nobody has had: makes the word where it does not make itself.
template <class Env>
[[nodiscard]] Link<Env>* fresh_link_at(std::byte* block) {
  if constexpr (Env::kZeroIsMade) {
    return link_at<Env>(block);
  } else {
    return new (block) Link<Env>;
  }
}

// Blocks that are linked one to the next; null ends the list unless the maker says otherwise.
template <class Env>
struct Chain {
  Link<Env>* first = nullptr;
  Link<Env>* last = nullptr;
  std::uint32_t count = 0;
};

}  // namespace quintet::allocator
