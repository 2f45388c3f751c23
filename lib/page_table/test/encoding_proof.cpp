// SPDX-License-Identifier: MIT
#include "page_table/spec/meaning.hpp"
#include "page_table/test/proof/words.hpp"
#include "proof/symbolic/obligation.hpp"

// Entries, attributes and index arithmetic: what the core writes is what the manuals say. The
// constants of the architecture are literals here.
namespace quintet::page_table::proof_world {
namespace {

using proof::prove;

constexpr std::uint64_t kFrameBits = 0x000F'FFFF'FFFF'F000;

// Bits 51 to the offset of a page at `level`.
std::uint64_t page_bits(int level) { return kFrameBits & ~((1ULL << (3 + 9 * level)) - 1); }

void prove_leaf() {
  const int level = 1 + static_cast<int>(proof::choose(3));
  const Word pa = proof::any<Word>("pa") & Word(page_bits(level));
  const Word flags = proof::any<Word>("flags") & Word(kFlagBits);
  const Entry leaf = Entry::leaf(level, PhysAddr(pa), PageFlags::from_bits(flags));
  const Word large = (flags & Word(~0x80ULL)) | ((flags & Word(0x80)) << 5) | Word(0x81);
  prove("bit for bit as in the manual", leaf.bits == (pa | (level == 1 ? flags | Word(1) : large)));
  prove("it is a present leaf", Boolean(leaf.present() && leaf.is_leaf(level)));
  prove("it leads to no table", Boolean(level == 1 || !leaf.is_reference(level)));
  prove("its page comes back", leaf.page(level).value == pa);
  prove("its attributes come back", leaf.flags(level).bits() == flags);
  prove("hardware reads the same attributes",
        spec::meaning_detail::attributes(leaf.bits, level) == flags);
  prove("no reserved bit is set",
        !spec::meaning_detail::reserved<Word, Boolean>(leaf.bits, level, spec::Processor{}));
}

// Every word that is a leaf for the hardware is decoded without loss.
void prove_decoding() {
  const int level = 1 + static_cast<int>(proof::choose(3));
  const Word word = proof::any<Word>("word");
  proof::assume((word & Word(level == 1 ? 0x01 : 0x81)) == Word(level == 1 ? 0x01 : 0x81));
  proof::assume(!spec::meaning_detail::reserved<Word, Boolean>(word, level, spec::Processor{}));
  const Entry entry(word);
  prove("encoding what was decoded gives the word",
        Entry::leaf(level, entry.page(level), entry.flags(level)).bits == word);
}

void prove_reference() {
  const int level = 2 + static_cast<int>(proof::choose(4));
  const Word table = proof::any<Word>("table") & Word(kFrameBits);
  const Word population = proof::any<Word>("population");
  proof::assume(population <= Word(512));
  const Entry entry = Entry::reference(PhysAddr(table), population);
  prove("it leads to a table",
        Boolean(entry.present() && !entry.is_leaf(level) && entry.is_reference(level)));
  prove("its table comes back", entry.table().value == table);
  prove("its population comes back", entry.population() == population);
  prove("hardware sees the table", (entry.bits & Word(kFrameBits)) == table);
  prove("it allows everything: present, writable, user, executable",
        (entry.bits & Word(0x8000'0000'0000'0007)) == Word(7));
  prove("no reserved bit is set",
        !spec::meaning_detail::reserved<Word, Boolean>(entry.bits, level, spec::Processor{}));
  const Entry absent;
  prove("the absent entry is neither", Boolean(!absent.present() && !absent.is_reference(level)));
}

void prove_indices() {
  const int level = 1 + static_cast<int>(proof::choose(5));
  const VirtAddr va(proof::any<Word>("va"));
  const Word table = proof::any<Word>("table") & Word(kFrameBits);
  const Word index = (va.value >> (3 + 9 * level)) & Word(0x1FF);
  prove("nine bits above the offset", table_index(va, level) == index);
  prove("eight bytes an entry",
        entry_address(PhysAddr(table), va, level).value == table + (index << 3));
  prove("below the end of the table",
        entry_address(PhysAddr(table), va, level).value - table < Word(4096));
  prove("a multiple of eight",
        (entry_address(PhysAddr(table), va, level).value & Word(7)) == Word(0));
}

template <int kLevels>
void prove_canonical() {
  const VirtAddr va(proof::any<Word>("va"));
  const bool canonical = is_canonical<kLevels>(va);
  prove("canonical as the manual says",
        Boolean(canonical) == spec::canonical<Boolean>(va.value, kLevels));
  if (!canonical) return;
  Word sum = va.value & Word(0xFFF);
  for (int level = 1; level <= kLevels; ++level) {
    sum = sum | (table_index(va, level) << (3 + 9 * level));
  }
  const int sign = 11 + 9 * kLevels;
  const Word upper = Word(~0ULL << sign);
  const Word extended = proof::select((sum >> sign) == Word(0), sum, sum | upper);
  prove("indices and offset are the whole address", extended == va.value);
}

// A setter changes its own bits to the value asked for, and no other.
void prove_setter(const char* goal, std::uint64_t bits, std::uint64_t value, PageFlags before,
                  PageFlags after) {
  prove(goal, (after.bits() & Word(bits)) == Word(value));
  prove("no other attribute changes",
        (after.bits() & Word(~bits)) == (before.bits() & Word(~bits)));
}
void prove_attributes() {
  const PageFlags flags = PageFlags::from_bits(proof::any<Word>("flags") & Word(kFlagBits));
  const bool on = proof::choose(2) == 1;
  const auto bit = [&](int at) { return on ? 1ULL << at : 0; };
  prove_setter("writable is bit 1", 2, bit(1), flags, flags.writable(on));
  prove_setter("user is bit 2", 4, bit(2), flags, flags.user(on));
  prove_setter("accessed is bit 5", 0x20, bit(5), flags, flags.accessed(on));
  prove_setter("dirty is bit 6", 0x40, bit(6), flags, flags.dirty(on));
  prove_setter("global is bit 8", 0x100, bit(8), flags, flags.global(on));
  prove_setter("executable clears bit 63", 1ULL << 63, on ? 0 : 1ULL << 63, flags,
               flags.executable(on));
  prove("getters read them back",
        Boolean(flags.writable(on).is_writable() == on && flags.user(on).is_user() == on &&
                flags.accessed(on).is_accessed() == on && flags.dirty(on).is_dirty() == on &&
                flags.global(on).is_global() == on && flags.executable(on).is_executable() == on));
  prove("accessed and dirty are left out",
        flags.without_accessed_dirty().bits() == (flags.bits() & Word(~0x60ULL)));
}
void prove_fields() {
  const PageFlags flags = PageFlags::from_bits(proof::any<Word>("flags") & Word(kFlagBits));
  const auto value = static_cast<unsigned>(32 * proof::choose(32) + proof::choose(32));
  const std::uint64_t wide = value;
  const PageFlags software = flags.software(value);
  prove_setter("software has bits 11:9 and 58:52", 0x07F0'0000'0000'0E00,
               (wide & 7) << 9 | (wide >> 3) << 52, flags, software);
  prove("its value comes back", software.software() == Word(wide));
  const PageFlags key = flags.protection_key(value % 16);
  prove_setter("the key has bits 62:59", 15ULL << 59, (wide % 16) << 59, flags, key);
  prove("the key comes back", key.protection_key() == Word(wide % 16));
  const PageFlags type = flags.memory_type(value % 8);
  prove_setter("the memory type has bits 7, 4 and 3", 0x98, (wide & 3) << 3 | (wide & 4) << 5,
               flags, type);
  prove("the memory type comes back", type.memory_type() == Word(wide % 8));
}

const bool kClaims[] = {
    proof::obligation("page_table/leaf_entry", prove_leaf),
    proof::obligation("page_table/leaf_entry_decoded", prove_decoding),
    proof::obligation("page_table/table_reference", prove_reference),
    proof::obligation("page_table/index_arithmetic", prove_indices),
    proof::obligation("page_table/canonical_4_levels", prove_canonical<4>),
    proof::obligation("page_table/canonical_5_levels", prove_canonical<5>),
    proof::obligation("page_table/attribute_bits", prove_attributes),
    proof::obligation("page_table/attribute_fields", prove_fields),
};

}  // namespace
}  // namespace quintet::page_table::proof_world
