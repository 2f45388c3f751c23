// SPDX-License-Identifier: MIT
#include "cubes.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <utility>

#include "support.hpp"

// Families and lists, and the two recursions over lists. Both split at the input that most cubes
// have a literal of, in both polarities if there is such a one.
namespace quintet::workloads {
namespace {

// Cubes by which a family grows, and places of a list that stay empty. They and the tables' size
// make sizes and counts of the blocks those of the original (README.md).
constexpr std::size_t kGrowth = 14;
constexpr std::size_t kSpare = 9;

template <class T>
T* allocate() {
  return checked(static_cast<T*>(std::malloc(sizeof(T))));
}
const Cube** allocate_list(std::size_t count) {
  return checked(static_cast<const Cube**>(std::malloc((count + kSpare) * sizeof(void*))));
}

int literal_count(const Cube& cube) { return std::popcount(bound_inputs(cube.literals)); }

}  // namespace

Family::~Family() { std::free(cubes_); }

void Family::swap(Family& other) noexcept {
  std::swap(cubes_, other.cubes_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
}

void Family::add(const Cube& cube) {
  if (size_ == capacity_) {
    capacity_ += kGrowth;
    cubes_ = checked(static_cast<Cube*>(std::realloc(cubes_, capacity_ * sizeof(Cube))));
  }
  cubes_[size_++] = cube;
}

void Family::remove_marked() {
  Cube* const last = std::remove_if(begin(), end(), [](const Cube& c) { return c.mark != 0; });
  size_ = static_cast<std::size_t>(last - cubes_);
}

void Family::sort_by_size(bool largest_first) {
  std::sort(begin(), end(), [&](const Cube& a, const Cube& b) {
    const int of_a = largest_first ? literal_count(a) : -literal_count(a);
    const int of_b = largest_first ? literal_count(b) : -literal_count(b);
    if (of_a != of_b) return of_a < of_b;
    return std::pair(a.literals, a.outputs) < std::pair(b.literals, b.outputs);
  });
}

// How many cubes of a list have each literal.
struct List::Counts {
  std::uint64_t zeros[kInputs];
  std::uint64_t ones[kInputs];

  [[nodiscard]] bool is_unate(unsigned input) const {
    return zeros[input] == 0 || ones[input] == 0;
  }
  /// The input to split at, and whether it occurs in both polarities.
  [[nodiscard]] std::pair<unsigned, bool> best() const {
    const auto weight = [&](unsigned i) {
      const std::uint64_t both = zeros[i] + ones[i];
      return is_unate(i) ? both : 0x10000U * std::min(zeros[i], ones[i]) + both;
    };
    unsigned found = 0;
    for (unsigned i = 1; i < kInputs; ++i) {
      if (weight(i) > weight(found)) found = i;
    }
    return {found, !is_unate(found)};
  }
};

List::List(const Family& family, unsigned output, Literals space, const Cube* skip)
    : cubes_(allocate_list(family.size())), space_(allocate<Cube>()) {
  *space_ = Cube{.literals = space, .outputs = 0, .mark = 0};
  for (const Cube& cube : family) {
    const bool takes = (cube.outputs >> output & 1U) != 0 && &cube != skip;
    if (takes && intersect(cube.literals, space)) cubes_[size_++] = &cube;
  }
}

List::List(const List& list, unsigned input, bool value)
    : cubes_(allocate_list(list.size_)), space_(allocate<Cube>()) {
  *space_ = *list.space_;
  space_->literals &= literal(input, value);
  for (std::size_t i = 0; i < list.size_; ++i) {
    if (intersect(list.cubes_[i]->literals, space_->literals)) cubes_[size_++] = list.cubes_[i];
  }
}

List::~List() {
  std::free(static_cast<void*>(cubes_));
  std::free(space_);
}

bool List::has_full_cube() const {
  for (std::size_t i = 0; i < size_; ++i) {
    if (seen(i) == kAnything) return true;
  }
  return false;
}

List::Counts* List::count() const {
  auto* const counts = allocate<Counts>();
  *counts = Counts{};
  for (std::size_t i = 0; i < size_; ++i) {
    const Literals literals = seen(i);
    for (Literals left = bound_inputs(literals); left != 0; left &= left - 1) {
      const auto bit = static_cast<unsigned>(std::countr_zero(left));
      ++((literals >> bit & 1U) != 0 ? counts->zeros : counts->ones)[bit / 2];
    }
  }
  return counts;
}

bool List::is_tautology() const {
  if (has_full_cube()) return true;
  if (size_ < 2) return false;
  Counts* const counts = count();
  const auto [input, binate] = counts->best();
  const bool value = counts->zeros[input] == 0;  // of the only literal, if it is not binate
  std::free(counts);
  double part = 0;  // of the space, if no two cubes met
  for (std::size_t i = 0; i < size_; ++i) {
    part += 1.0 / static_cast<double>(1U << std::popcount(bound_inputs(seen(i))));
  }
  if (part < 1) return false;
  // A cube with the only literal of an input does not help where the input has the other value.
  if (!binate) return List(*this, input, !value).is_tautology();
  return List(*this, input, false).is_tautology() && List(*this, input, true).is_tautology();
}

namespace {

// What `cube` leaves of `space`, as cubes that do not meet.
void subtract(Literals cube, Literals space, std::uint32_t outputs, Family& into) {
  for (unsigned i = 0; i < kInputs; ++i) {
    const Literals mine = cube >> 2 * i & 3U;
    if ((mine | (~space >> 2 * i & 3U)) == 3) continue;
    into.add({.literals = space & literal(i, mine == 1), .outputs = outputs, .mark = 0});
    space &= literal(i, mine != 1);
  }
}

// Both halves of a split; cubes that differ in nothing but the split's input become one.
Family join(Family low, const Family& high, unsigned input) {
  const Literals free = Literals{3} << 2 * input;
  const std::size_t count = low.size();
  for (const Cube& cube : high) {
    Cube* const end = low.begin() + count;
    Cube* const same = std::find_if(low.begin(), end, [&](const Cube& other) {
      return (other.literals | free) == (cube.literals | free);
    });
    if (same == end) {
      low.add(cube);
    } else {
      same->literals |= free;
    }
  }
  return low;
}

}  // namespace

Family List::complement(std::uint32_t outputs) const {
  Family result;
  if (has_full_cube()) return result;
  if (size_ == 0) {
    result.add({.literals = space_->literals, .outputs = outputs, .mark = 0});
    return result;
  }
  if (size_ == 1) {
    subtract(cubes_[0]->literals, space_->literals, outputs, result);
    return result;
  }
  Counts* const counts = count();
  const unsigned input = counts->best().first;
  std::free(counts);
  Family low = List(*this, input, false).complement(outputs);
  const Family high = List(*this, input, true).complement(outputs);
  return join(std::move(low), high, input);
}

}  // namespace quintet::workloads
