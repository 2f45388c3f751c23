// SPDX-License-Identifier: MIT
#include "page_table/limits.hpp"
#include "page_table/spec/meaning.hpp"
#include "page_table/test/proof/words.hpp"
#include "proof/symbolic/obligation.hpp"

// Which arguments are accepted: for every processor, exactly those that it can be given.
namespace quintet::page_table::proof_world {
namespace {

using proof::prove;

CpuFeatures any_processor() {
  return {.maxphyaddr = static_cast<std::uint8_t>(32 + proof::choose(21)),
          .nx = proof::choose(2) == 1,
          .gib_pages = proof::choose(2) == 1};
}
Boolean flags_fit(const Word& flags, const CpuFeatures& cpu) {
  const std::uint64_t known = cpu.nx ? kFlagBits : kFlagBits & ~(1ULL << 63);
  return (flags & Word(~known)) == Word(0);
}
Boolean is_multiple(const Word& word, unsigned shift) {
  return (word & Word((1ULL << shift) - 1)) == Word(0);
}

template <int kLevels>
void prove_page() {
  const CpuFeatures cpu = any_processor();
  const Limits<Word, kLevels> limits(cpu);
  const PageSize size = static_cast<PageSize>(1 + proof::choose(3));
  const unsigned shift = 3 + 9 * static_cast<unsigned>(size);
  const VirtAddr va(proof::any<Word>("va"));
  const PhysAddr pa(proof::any<Word>("pa"));
  const Word flags = proof::any<Word>("flags");
  const Boolean aligned = is_multiple(va.value, shift) & is_multiple(pa.value, shift);
  const Boolean canonical = spec::canonical<Boolean>(va.value, kLevels);
  const Boolean exists = size != PageSize::k1G || cpu.gib_pages;
  const Boolean within = (pa.value >> cpu.maxphyaddr) == Word(0);
  const Boolean fits = flags_fit(flags, cpu);
  const auto checked = limits.check_page(va, pa, size, PageFlags::from_bits(flags));
  if (checked)
    return prove("what is accepted can be mapped", aligned & canonical & exists & within & fits);
  const Error error = checked.error();
  const Boolean cause = error == Error::kMisaligned     ? !aligned
                        : error == Error::kNonCanonical ? !canonical
                        : error == Error::kBadSize      ? !exists
                        : error == Error::kPhysRange    ? !within & aligned
                        : error == Error::kBadFlags     ? !fits
                                                        : Boolean(false);
  prove("what is refused cannot, for the reason given", cause);
}

// The one test of the fast path says the same as all checks together, canonicality aside.
void prove_fast_path() {
  const CpuFeatures cpu = any_processor();
  const Limits<Word, 4> limits(cpu);
  const VirtAddr va(proof::any<Word>("va"));
  const PhysAddr pa(proof::any<Word>("pa"));
  const Word flags = proof::any<Word>("flags");
  const bool accepted = limits.accepts(va, pa, PageFlags::from_bits(flags));
  prove("one test for all",
        Boolean(accepted) == (is_multiple(va.value, 12) & is_multiple(pa.value, 12) &
                              ((pa.value >> cpu.maxphyaddr) == Word(0)) & flags_fit(flags, cpu)));
}

void prove_target() {
  const CpuFeatures cpu = any_processor();
  const Limits<Word, 4> limits(cpu);
  const Word pa = proof::any<Word>("pa");
  const Word bytes = proof::any<Word>("bytes");
  const Word flags = proof::any<Word>("flags");
  proof::assume(bytes != Word(0));
  const auto checked = limits.check_target(PhysAddr(pa), bytes, PageFlags::from_bits(flags));
  const Word end = Word(1ULL << cpu.maxphyaddr);
  const Boolean within = (pa < end) & (bytes <= end) & (pa + bytes <= end);
  const Boolean right = checked                                ? within & flags_fit(flags, cpu)
                        : checked.error() == Error::kPhysRange ? !within
                                                               : !flags_fit(flags, cpu);
  prove("a target is accepted when it ends within memory", right);
}

template <int kLevels>
void prove_range() {
  const Limits<Word, kLevels> limits(CpuFeatures{});
  const VirtAddr va(proof::any<Word>("va"));
  const Word bytes = proof::any<Word>("bytes");
  const Word last = va.value + bytes - Word(1);
  const Boolean aligned = is_multiple(va.value | bytes, 12);
  const Boolean canonical = spec::canonical<Boolean>(va.value, kLevels);
  const Boolean one_half = (bytes != Word(0)) & (last >= va.value) &
                           spec::canonical<Boolean>(last, kLevels) &
                           ((last >> 63) == (va.value >> 63));
  const auto checked = limits.check_range(va, bytes);
  const Boolean right = checked                                   ? aligned & canonical & one_half
                        : checked.error() == Error::kMisaligned   ? !aligned
                        : checked.error() == Error::kNonCanonical ? !canonical
                                                                  : !one_half;
  prove("a range is accepted when it lies within one half", right);
}

const bool kClaims[] = {
    proof::obligation("page_table/limits_of_pages_4_levels", prove_page<4>),
    proof::obligation("page_table/limits_of_pages_5_levels", prove_page<5>),
    proof::obligation("page_table/limits_fast_path", prove_fast_path),
    proof::obligation("page_table/limits_of_targets", prove_target),
    proof::obligation("page_table/limits_of_ranges_4_levels", prove_range<4>),
    proof::obligation("page_table/limits_of_ranges_5_levels", prove_range<5>),
};

}  // namespace
}  // namespace quintet::page_table::proof_world
