// SPDX-License-Identifier: MIT
#include "proof/symbolic/fields.hpp"

#include <algorithm>
#include <bit>

namespace quintet::proof {
namespace {

constexpr std::uint64_t mask_of(unsigned low, unsigned width) {
  return (~std::uint64_t{0} >> (64 - width)) << low;
}

}  // namespace

std::uint64_t Fields::may_be_set() const {
  std::uint64_t mask = ones_;
  for (const Field& field : fields_) mask |= mask_of(field.low, field.width);
  return mask;
}

// From the top bit down: fields and runs of known bits, one after another.
Term Fields::term(unsigned width) const {
  if (fields_.empty()) return literal(bits(width), ones_);
  Term result;
  const auto append = [&](Term part) {
    result = result ? make(Op::kConcat, {result, part}) : part;
  };
  const auto append_known = [&](unsigned low, unsigned end) {
    if (low < end) append(literal(bits(end - low), (ones_ >> low) & mask_of(0, end - low)));
  };
  unsigned end = width;
  for (auto field = fields_.rbegin(); field != fields_.rend(); ++field) {
    append_known(field->low + field->width, end);
    append(extract(field->term, field->from, field->width));
    end = field->low;
  }
  append_known(0, end);
  return result;
}

// Joins the new field with its lower neighbour where they are neighbours in their term as well.
void Fields::add(Field field) {
  if (!fields_.empty()) {
    Field& last = fields_.back();
    if (last.term == field.term && last.low + last.width == field.low &&
        last.from + last.width == field.from) {
      last.width += field.width;
      return;
    }
  }
  fields_.push_back(field);
}

Fields Fields::masked(std::uint64_t mask) const {
  Fields result(ones_ & mask);
  for (const Field& field : fields_) {
    std::uint64_t left = mask_of(field.low, field.width) & mask;
    while (left != 0) {  // every run of ones
      const auto low = static_cast<unsigned>(std::countr_zero(left));
      const auto width = static_cast<unsigned>(std::countr_one(left >> low));
      result.add({field.term, low, width, field.from + (low - field.low)});
      left &= ~mask_of(low, width);
    }
  }
  return result;
}

Fields Fields::shifted_left(unsigned count, unsigned width) const {
  Fields result = masked(mask_of(0, width - count));
  result.ones_ <<= count;
  for (Field& field : result.fields_) field.low += count;
  return result;
}

Fields Fields::shifted_right(unsigned count) const {
  Fields result = masked(~std::uint64_t{0} << count);
  result.ones_ >>= count;
  for (Field& field : result.fields_) field.low -= count;
  return result;
}

Fields Fields::joined(const Fields& other) const {
  const std::uint64_t ones = ones_ | other.ones_;
  std::vector<Field> all = masked(~ones).fields_;
  const Fields rest = other.masked(~ones);
  all.insert(all.end(), rest.fields_.begin(), rest.fields_.end());
  std::sort(all.begin(), all.end(), [](const Field& a, const Field& b) { return a.low < b.low; });
  Fields result(ones);
  for (const Field& field : all) result.add(field);
  return result;
}

const Fields::Field* Fields::field_at(unsigned bit) const {
  for (const Field& field : fields_) {
    if (bit >= field.low && bit < field.low + field.width) return &field;
  }
  return nullptr;
}

std::uint64_t Fields::may_differ(const Fields& other, unsigned width) const {
  std::uint64_t differ = 0;
  for (unsigned bit = 0; bit < width; ++bit) {
    const Field* one = field_at(bit);
    const Field* two = other.field_at(bit);
    const bool same_bit = one != nullptr && two != nullptr && one->term == two->term &&
                          bit - one->low + one->from == bit - two->low + two->from;
    const bool same_known =
        one == nullptr && two == nullptr && ((ones_ ^ other.ones_) >> bit & 1) == 0;
    if (!same_bit && !same_known) differ |= std::uint64_t{1} << bit;
  }
  return differ;
}

}  // namespace quintet::proof
