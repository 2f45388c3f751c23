// SPDX-License-Identifier: MIT
#include <cstdint>

#include "allocator/geometry.hpp"
#include "allocator/remote_list.hpp"
#include "proof/symbolic/obligation.hpp"
#include "proof/symbolic/word.hpp"

// From a pointer to its unit, its owner and its class, for all addresses (V11); lists of free
// spans, for all lengths; and the word that threads share, for all its contents.
namespace quintet::allocator::proof_world {
namespace {

using proof::any;
using proof::assume;
using proof::Boolean;
using proof::prove;
using proof::Word;

using W = Word<64>;
using W32 = Word<32>;

constexpr unsigned kUnitShift = 15;
static_assert(kUnitShift == Shape{}.unit_shift);
constexpr std::uint64_t kUnit = 1U << kUnitShift;

// A region anywhere in the address space.
struct AnyRegion {
  W base = any<W>("base");
  W units = any<W>("units");
  AnyRegion() {
    assume((base & W(kUnit - 1)) == W(0));
    assume((units >= W(1)) & (units <= W(std::uint64_t{1} << 47)));
    assume(base <= W(0) - (units << kUnitShift));  // it ends in the address space
  }
};

void prove_units() {
  const AnyRegion region;
  const W unit = any<W>("unit");
  const W offset = any<W>("offset");
  assume((unit < region.units) & (offset < W(kUnit)));
  const W address = unit_address<W>(unit, region.base, kUnitShift) + offset;
  prove("every byte of a unit has its number",
        unit_index<W>(address, region.base, kUnitShift) == unit);
  prove("and its offset", unit_offset<W>(address, kUnitShift) == offset);
}

// One comparison keeps out whatever lies before or behind the region.
void prove_foreign(bool compare_or_less) {
  const AnyRegion region;
  const W address = any<W>("address");
  const W index = unit_index<W>(address, region.base, kUnitShift);
  const Boolean accepted = compare_or_less ? index <= region.units : index < region.units;
  const Boolean inside =
      (address >= region.base) & (address - region.base < (region.units << kUnitShift));
  prove("accepted exactly if inside", accepted == inside);
}

void prove_units_of(unsigned more) {
  const W bytes = any<W>("bytes");
  assume((bytes >= W(1)) & (bytes <= W(std::uint64_t{1} << 62)));
  const W units = units_of<W>(bytes + W(more), kUnitShift);
  prove("they hold the bytes", (units << kUnitShift) >= bytes);
  prove("one less does not", ((units - W(1)) << kUnitShift) < bytes);
}

// A word of the map, XOR a tag, is a class exactly if the heap is the tag's.
void prove_owner(unsigned class_bits) {
  const W32 number = any<W32>("number");
  const W32 other = any<W32>("other");
  const W32 size_class = any<W32>("size_class");
  assume((number < W32(1U << 26)) & (other < W32(1U << 26)) & (size_class < W32(kClasses)));
  const W32 word = (number << class_bits) | size_class;
  const W32 tag = (other << class_bits);
  prove("the code's word",
        class_bits != kClassBits ? Boolean(true) : map_word<W32>(number, size_class) == word);
  const W32 answer = word ^ tag;
  prove("below the number of classes exactly if it is the owner's",
        (answer < W32(kClasses)) == (number == other));
  prove_if("and then the class", number == other, answer == size_class);
}

void prove_remote_word() {
  using R = RemoteWord<W32>;
  const W32 offset = any<W32>("offset");
  const W32 count = any<W32>("count");
  const W32 listed = any<W32>("listed");
  assume((offset < W32(kUnit)) & ((offset & W32(7)) == W32(0)));
  assume((count <= W32(kUnit / 8)) & (listed <= W32(1)));
  const W32 word = R::make(R::first_of(offset), count, listed);
  prove("the first block comes back", R::offset_of(R::first(word)) == offset);
  prove("a list is not taken for an empty one", R::first(word) != W32(0));
  prove("the count comes back", R::count(word) == count);
  prove("the flag comes back", R::listed(word) == listed);
}
// With a count of one bit less, a slab of the smallest blocks does not fit.
void prove_short_count() {
  using R = RemoteWord<W32>;
  const W32 count = any<W32>("count");
  assume(count <= W32(kUnit / 8));
  const W32 word = (W32(1) << (R::kFirstShift - 2)) | (count << 1);
  prove("the count comes back", ((word >> 1) & W32((1U << 12) - 1)) == count);
}

using BinOf = W (*)(const W&);
W bin_of_words(const W& units) { return span_bin<W>(units); }
W octaves_only(const W& units) {
  if (units < W(4)) return units - W(1);
  return (bit_width(units) - W(3)) * W(4) + W(3);
}
W two_bits_above(const W& units) {
  if (units < W(4)) return units - W(1);
  const W octave = bit_width(units) - W(1);
  return (octave - W(2)) * W(4) + ((units >> (octave - W(1))) & W(3)) + W(3);
}

void prove_span_bins(BinOf bin_of) {
  const W units = any<W>("units");
  assume((units >= W(1)) & (units < W(std::uint64_t{1} << 40)));
  const W bin = bin_of(units);
  prove("no shorter than its list's shortest", shortest_in_bin<W>(bin) <= units);
  prove("shorter than the next list's", units < shortest_in_bin<W>(bin + W(1)));
}
// So any span of a later list is long enough, and none is missed that is a quarter longer.
void prove_span_search() {
  const W wish = any<W>("wish");
  const W units = any<W>("units");
  assume((wish >= W(1)) & (wish < W(std::uint64_t{1} << 40)));
  assume((units >= W(1)) & (units < W(std::uint64_t{1} << 40)));
  const W wish_bin = span_bin<W>(wish);
  const W bin = span_bin<W>(units);
  prove("what stands in a later list is long enough", implies(bin > wish_bin, units >= wish));
  prove("what is a quarter longer stands in a later list",
        implies(units * W(4) >= wish * W(5) + W(4), bin > wish_bin));
}

const bool kRegistered[] = {
    proof::obligation("allocator/unit_number_and_offset", prove_units),
    proof::obligation("allocator/unit_foreign", [] { prove_foreign(false); }),
    proof::obligation("allocator/unit_units_of", [] { prove_units_of(0); }),
    proof::obligation("allocator/map_owner", [] { prove_owner(kClassBits); }),
    proof::obligation("allocator/remote_word", prove_remote_word),
    proof::obligation("allocator/span_bins", [] { prove_span_bins(bin_of_words); }),
    proof::obligation("allocator/span_search", prove_span_search),
    proof::must_refute("allocator/unit_foreign/one_unit_more", [] { prove_foreign(true); }),
    proof::must_refute("allocator/unit_units_of/one_byte_more", [] { prove_units_of(1); }),
    proof::must_refute("allocator/map_owner/five_bits", [] { prove_owner(5); }),
    proof::must_refute("allocator/remote_word/short_count", prove_short_count),
    proof::must_refute("allocator/span_bins/octaves_only", [] { prove_span_bins(octaves_only); }),
    proof::must_refute("allocator/span_bins/two_bits_above",
                       [] { prove_span_bins(two_bits_above); }),
};

}  // namespace
}  // namespace quintet::allocator::proof_world
