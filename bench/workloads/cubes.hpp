// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

// What a minimiser of two-level logic works on, for espresso. A cube is a product of literals of up
// to 16 inputs and the set of outputs it belongs to; a family is a growing array of cubes; a list
// is some cubes of a family as they look inside another cube (their cofactor). Tautology and
// complement split lists until they are simple. Cubes, lists and tables of counts are malloc'ed one
// by one, and families grow by realloc, as in a C program. Threading: one thread.
namespace quintet::workloads {

inline constexpr unsigned kInputs = 16;

/// Two bits for each input: the lower one allows 0, the upper one allows 1. Both: no literal.
using Literals = std::uint32_t;
inline constexpr Literals kAnything = 0xffff'ffff;
inline constexpr Literals kLowerBits = 0x5555'5555;

struct Cube {
  Literals literals = kAnything;
  std::uint32_t outputs = 0;
  std::uint32_t mark = 0;  // for whoever works on the family
};

/// Whether some input allows neither value.
[[nodiscard]] constexpr bool is_empty(Literals literals) {
  return ((literals | literals >> 1U) & kLowerBits) != kLowerBits;
}
[[nodiscard]] constexpr bool intersect(Literals a, Literals b) { return !is_empty(a & b); }
[[nodiscard]] constexpr bool contains(Literals outer, Literals inner) {
  return (inner & ~outer) == 0;
}
/// The inputs that have a literal, as a mask of lower bits.
[[nodiscard]] constexpr Literals bound_inputs(Literals literals) {
  return (~literals | ~literals >> 1U) & kLowerBits;
}
/// Only this value of the input, anything of the others.
[[nodiscard]] constexpr Literals literal(unsigned input, bool value) {
  return ~(Literals{value ? 1U : 2U} << 2 * input);
}

/// Cubes in one block, which moves when it grows.
class Family {
 public:
  Family() = default;
  Family(Family&& other) noexcept { swap(other); }
  Family& operator=(Family&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Family();

  void add(const Cube& cube);
  /// Without the cubes that are marked.
  void remove_marked();
  void sort_by_size(bool largest_first);
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] Cube* begin() { return cubes_; }
  [[nodiscard]] Cube* end() { return cubes_ + size_; }
  [[nodiscard]] const Cube* begin() const { return cubes_; }
  [[nodiscard]] const Cube* end() const { return cubes_ + size_; }

 private:
  void swap(Family& other) noexcept;

  Cube* cubes_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// Cubes as they look inside a cube `space`: those that meet it, without the literals it has.
class List {
 public:
  /// Those cubes of `family` that have `output`, but for `skip`.
  List(const Family& family, unsigned output, Literals space, const Cube* skip);
  List(const List&) = delete;
  List& operator=(const List&) = delete;
  ~List();

  /// Whether the cubes together cover all of the space.
  [[nodiscard]] bool is_tautology() const;
  /// What of the space no cube covers, as cubes with `outputs`.
  [[nodiscard]] Family complement(std::uint32_t outputs) const;

 private:
  struct Counts;

  List(const List& list, unsigned input, bool value);
  [[nodiscard]] Literals seen(std::size_t at) const {
    return cubes_[at]->literals | ~space_->literals;
  }
  [[nodiscard]] bool has_full_cube() const;
  [[nodiscard]] Counts* count() const;

  const Cube** cubes_;  // an array of its own
  Cube* space_;         // a cube of its own
  std::size_t size_ = 0;
};

}  // namespace quintet::workloads
