// SPDX-License-Identifier: MIT
#include <cstdint>

#include "allocator/geometry.hpp"
#include "allocator/size_class.hpp"
#include "proof/symbolic/obligation.hpp"
#include "proof/symbolic/word.hpp"

// Size classes for all sizes, and block arithmetic for all offsets: V7 of the verified allocator's
// properties, and what the hot path of free() decides with one multiplication.
namespace quintet::allocator::proof_world {
namespace {

using proof::any;
using proof::assume;
using proof::Boolean;
using proof::choose;
using proof::prove;
using proof::Word;

using W = Word<64>;
using W32 = Word<32>;

constexpr std::uint64_t kMost = std::uint64_t{1} << 60;
constexpr unsigned kClassesOfTheRealShape = 61;

// With the class of a request as the code under proof has it, or as a fault does.
using ClassOf = W (*)(const W&);

W class_of_words(const W& size) { return class_of<W>(size); }
// What everybody writes first: without the 1 that makes a power of two belong to its own class.
W without_minus_one(const W& size) {
  if (size <= W(64)) return class_of<W>(size);
  const W octave = bit_width(size) - W(1);
  return (octave - W(6)) * W(4) + ((size >> (octave - W(2))) & W(3)) + W(6);
}
W rounded_to_eight(const W& size) {
  if (size <= W(64)) return ((size + W(7)) >> 4) + W(1);
  return class_of<W>(size);
}
W quarters_swapped(const W& size) {
  if (size <= W(64)) return class_of<W>(size);
  return ((class_of<W>(size) - W(6)) ^ W(1)) + W(6);
}
W one_too_high(const W& size) {
  const W size_class = class_of<W>(size);
  return size <= W(64) ? size_class : size_class + W(1);
}

W any_size() {
  const W size = any<W>("size");
  assume(size <= W(kMost));
  return size;
}

void prove_covers(ClassOf classify) {
  const W size = any_size();
  const W size_class = classify(size);
  prove("a block is as long as asked for", block_bytes<W>(size_class) >= size);
  prove("there is no class 0", size_class >= W(1));
}

void prove_minimal(ClassOf classify) {
  const W size = any_size();
  const W size_class = classify(size);
  if (size_class > W(1)) {
    prove("the next smaller block is too short", block_bytes<W>(size_class - W(1)) < size);
  }
}

void prove_monotone(ClassOf classify) {
  const W size = any_size();
  const W more = any<W>("more");
  assume((size <= more) & (more <= W(kMost)));
  prove("more bytes, no smaller class", classify(size) <= classify(more));
}

// The often quoted eighth is an average; this is the bound.
void prove_waste(unsigned parts) {
  const W size = any_size();
  assume(size > W(64));
  const W bytes = block_bytes<W>(class_of<W>(size));
  prove("less than a fifth of the block", (bytes - size) * W(parts) < bytes);
}

void prove_fits_the_map() {
  const W size = any<W>("size");
  assume(size <= W(kMiB));
  const W size_class = class_of<W>(size);
  prove("classes of the real shape", (size_class >= W(1)) & (size_class <= W(61)));
  prove("one more is left for large objects", W(61) + W(1) < W(kClasses));
}

// Every block size but 8 keeps the alignment of malloc(), and four times the power of two that
// divides it is more than an eighth of it: 5, 6, 7 or 8 times a power of two.
void prove_alignment() {
  const W size_class(2 + choose(kClassesOfTheRealShape - 1));
  const W bytes = block_bytes<W>(size_class);
  const W lowest = bytes & (W(0) - bytes);
  prove("a multiple of 16", (bytes & W(15)) == W(0));
  prove("no more than seven times its power of two", bytes <= lowest * W(7));
}

// Why aligned blocks need no classes of their own: of a multiple of a power of two is the class
// whose blocks are multiples of it, too. Without rounding up it is not.
void prove_aligned(bool is_rounded) {
  const W alignment = W(1) << W(choose(31));
  const W size = any_size();
  assume(size >= W(1));
  const W bytes = is_rounded ? (size + (alignment - W(1))) & (W(0) - alignment) : size;
  const W block = block_bytes<W>(class_of<W>(bytes));
  prove("a multiple of the alignment", (block & (alignment - W(1))) == W(0));
}

// The remainder that the hot path does not compute.
using IsBlockOffset = Boolean (*)(const W32& offset, const W32& last, const W32& magic);

Boolean is_block_offset_words(const W32& offset, const W32& last, const W32& magic) {
  return is_block_offset<W32>(offset, last, magic);
}
// As the source compares: what is a byte less than a block behind the last one passes.
Boolean below_the_magic_number(const W32& offset, const W32& last, const W32& magic) {
  return (last - offset) * magic < magic;
}
// Forwards from the first block: what is behind the last one passes, too.
Boolean forwards(const W32& offset, const W32&, const W32& magic) { return offset * magic < magic; }

void prove_offsets(IsBlockOffset is_block, std::uint32_t magic_more) {
  const std::uint64_t size_class = 1 + choose(kClassesOfTheRealShape);
  const BlockFacts& facts = kBlockFacts<Shape{}>[size_class];
  const W32 offset = any<W32>("offset");
  assume(offset < W32(static_cast<std::uint32_t>(Geometry<Shape{}>::kUnit)));
  const Boolean is_one = (offset % W32(facts.bytes) == W32(0)) & (offset <= W32(facts.last));
  prove("accepted exactly if a block starts there",
        is_block(offset, W32(facts.last), W32(facts.magic + magic_more)) == is_one);
}
void prove_no_class_accepts_nothing() {
  const W32 offset = any<W32>("offset");
  assume(offset < W32(static_cast<std::uint32_t>(Geometry<Shape{}>::kUnit)));
  prove("there is no block", !is_block_offset<W32>(offset, W32(kNoLast), W32(kNoMagic)));
}

// Blocks of a slab lie in it, and apart.
void prove_blocks(std::uint64_t blocks_more) {
  const std::uint64_t size_class = 1 + choose(kClassesOfTheRealShape);
  const auto bytes = block_bytes<std::uint64_t>(size_class);
  constexpr std::uint64_t kUnit = 1U << 15;
  static_assert(kUnit == Geometry<Shape{}>::kUnit);
  const std::uint64_t capacity = (bytes >= kUnit ? 1 : kUnit / bytes) + blocks_more;
  const W one = any<W>("one");
  const W two = any<W>("two");
  assume((one < two) & (two < W(capacity)));
  prove("the first ends before the second begins", one * W(bytes) + W(bytes) <= two * W(bytes));
  const W last = any<W>("last");
  assume(last < W(capacity));
  const W span((bytes + kUnit - 1) / kUnit * kUnit);
  prove("the last one ends in the slab", last * W(bytes) + W(bytes) <= span);
}

const bool kRegistered[] = {
    proof::obligation("allocator/class_covers", [] { prove_covers(class_of_words); }),
    proof::obligation("allocator/class_minimal", [] { prove_minimal(class_of_words); }),
    proof::obligation("allocator/class_monotone", [] { prove_monotone(class_of_words); }),
    proof::obligation("allocator/class_waste", [] { prove_waste(5); }),
    proof::obligation("allocator/class_fits_the_map", prove_fits_the_map),
    proof::obligation("allocator/class_alignment", prove_alignment),
    proof::obligation("allocator/class_aligned", [] { prove_aligned(true); }),
    proof::obligation("allocator/block_offsets", [] { prove_offsets(is_block_offset_words, 0); }),
    proof::obligation("allocator/block_no_class", prove_no_class_accepts_nothing),
    proof::obligation("allocator/block_apart_and_inside", [] { prove_blocks(0); }),
    proof::must_refute("allocator/class_covers/rounded_to_eight",
                       [] { prove_covers(rounded_to_eight); }),
    proof::must_refute("allocator/class_minimal/without_minus_one",
                       [] { prove_minimal(without_minus_one); }),
    proof::must_refute("allocator/class_minimal/one_too_high", [] { prove_minimal(one_too_high); }),
    proof::must_refute("allocator/class_monotone/quarters_swapped",
                       [] { prove_monotone(quarters_swapped); }),
    proof::must_refute("allocator/class_waste/an_eighth", [] { prove_waste(8); }),
    proof::must_refute("allocator/class_waste/a_sixth", [] { prove_waste(6); }),
    proof::must_refute("allocator/class_aligned/as_asked_for", [] { prove_aligned(false); }),
    proof::must_refute("allocator/block_offsets/magic_rounded_down",
                       [] { prove_offsets(is_block_offset_words, 0U - 1); }),
    proof::must_refute("allocator/block_offsets/below_the_magic_number",
                       [] { prove_offsets(below_the_magic_number, 0); }),
    proof::must_refute("allocator/block_offsets/forwards", [] { prove_offsets(forwards, 0); }),
    proof::must_refute("allocator/block_apart_and_inside/one_more", [] { prove_blocks(1); }),
};

}  // namespace
}  // namespace quintet::allocator::proof_world
