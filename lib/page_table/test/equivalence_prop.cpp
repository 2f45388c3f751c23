// SPDX-License-Identifier: MIT
#include <algorithm>
#include <vector>

#include "page_table/entry.hpp"
#include "page_table/test/world/script.hpp"
#include "page_table/test/world/tables.hpp"
#include "testing/rapidcheck.hpp"

// T08: two ways to the same tables. T11: what is encoded is decoded.
namespace quintet::page_table::world {
namespace {

using spec::kMedium;
using spec::kSmall;

Tables tables_of(Subject& table) {
  return Tables::read(table.memory(), table.root().value, table.traits().policy.levels);
}

// A byte length and a start that reach over table edges at several levels.
std::uint64_t any_start() {
  const std::uint64_t anchor = anchor_address(*rc::gen::inRange(0, 8), 4);
  const std::uint64_t va = anchor - 0x1000 * *rc::gen::inRange<std::uint64_t>(0, 1030);
  return va >= 0x7FFF'FF00'0000 && va < 0xFFFF'8000'0000'0000 ? 0x8000'0000 - 0x3000 : va;
}

TEST_CASE("T08 map_range leaves the same memory as a sequence of maps") {
  for (const Configuration& configuration : configurations()) {
    if (configuration.traits.policy.levels != 4) continue;  // the anchors are those of 4 levels
    rc::prop(configuration.traits.name, [&] {
      const auto one = configuration.make(64), many = configuration.make(64);
      const std::uint64_t start = any_start();
      const auto pages = *rc::gen::inRange<std::uint64_t>(1, 1100);
      const PageFlags flags = PageFlags::from_bits(0x6);
      const auto made =
          one->map_range(VirtAddr(start), PhysAddr(0x5000), pages * kSmall, flags, PageSize::k4K);
      for (std::uint64_t i = 0; i < pages && made; ++i) {
        RC_ASSERT(many->map(VirtAddr(start + i * kSmall), PhysAddr(0x5000 + i * kSmall),
                            PageSize::k4K, flags)
                      .has_value());
      }
      RC_ASSERT(tables_of(*one).pages == tables_of(*many).pages);
      RC_ASSERT(one->stats().tables == many->stats().tables);
      RC_ASSERT(one->violation() == "");
      if (!made) return;
      RC_ASSERT(one->unmap_range(VirtAddr(start), pages * kSmall).value_or(0) == pages * kSmall);
      for (std::uint64_t i = 0; i < pages; ++i) {
        RC_ASSERT(many->unmap(VirtAddr(start + i * kSmall)).has_value());
      }
      RC_ASSERT(tables_of(*one).pages.empty());
      RC_ASSERT(tables_of(*many).pages.empty());
      RC_ASSERT(one->violation() == "");
    });
  }
}

TEST_CASE("T08 split then merge is the identity") {
  for (const Configuration& configuration : configurations()) {
    rc::prop(configuration.traits.name, [&](std::uint64_t bits) {
      const auto table = configuration.make(16);
      const bool gib = configuration.traits.features.gib_pages && *rc::gen::arbitrary<bool>();
      const PageSize size = gib ? PageSize::k1G : PageSize::k2M;
      const std::uint64_t nx = configuration.traits.features.nx ? 0 : spec::kNoExecuteBit;
      const PageFlags flags = PageFlags::from_bits(bits & spec::kFlagBits & ~nx);
      const VirtAddr va(0x80'0000'0000);
      RC_ASSERT(table->map(va, PhysAddr(0x40'0000'0000), size, flags).has_value());
      const auto before = tables_of(*table).image(table->memory());
      RC_ASSERT(table->split(va + *rc::gen::inRange<std::uint64_t>(0, kMedium)).has_value());
      RC_ASSERT(tables_of(*table).pages.size() == 512u);
      RC_ASSERT(table->merge(va, size).has_value());
      RC_ASSERT(tables_of(*table).image(table->memory()) == before);
      table->flush();
      RC_ASSERT(table->memory().frames_in_use().size() == before.size());
    });
  }
}

TEST_CASE("T11 every flag combination survives encoding at every level") {
  rc::prop("leaf and flags", [](std::uint64_t bits, std::uint64_t address) {
    const PageFlags flags = PageFlags::from_bits(bits & flag_bit::kAll);
    for (int level = 1; level <= 3; ++level) {
      const PhysAddr pa(address & 0x000F'FFFF'FFFF'F000 & ~(bytes_per_entry(level) - 1));
      const Entry leaf = Entry::leaf(level, pa, flags);
      RC_ASSERT(leaf.present());
      RC_ASSERT(leaf.is_leaf(level));
      RC_ASSERT(leaf.page(level) == pa);
      RC_ASSERT(leaf.flags(level) == flags);
      // And as the literals of the checks see it.
      const spec::Page page = decode(leaf.bits, level);
      RC_ASSERT(page.pa == pa.value);
      RC_ASSERT(page.flags == flags.bits());
    }
  });
}

TEST_CASE("T11 the setters compose every flag and the getters read it back") {
  rc::prop("setters",
           [](bool writable, bool user, bool executable, bool global, bool accessed, bool dirty) {
             const auto type = *rc::gen::inRange(0u, 8u);
             const auto key = *rc::gen::inRange(0u, 16u);
             const auto software = *rc::gen::inRange(0u, 1024u);
             const PageFlags flags = PageFlags()
                                         .software(software)
                                         .protection_key(key)
                                         .memory_type(type)
                                         .writable(writable)
                                         .user(user)
                                         .executable(executable)
                                         .global(global)
                                         .accessed(accessed)
                                         .dirty(dirty);
             RC_ASSERT((flags.bits() & ~flag_bit::kAll) == 0u);
             RC_ASSERT(flags.is_writable() == writable);
             RC_ASSERT(flags.is_user() == user);
             RC_ASSERT(flags.is_executable() == executable);
             RC_ASSERT(flags.is_global() == global);
             RC_ASSERT(flags.is_accessed() == accessed);
             RC_ASSERT(flags.is_dirty() == dirty);
             RC_ASSERT(flags.memory_type() == type);
             RC_ASSERT(flags.protection_key() == key);
             RC_ASSERT(flags.software() == software);
             RC_ASSERT(!flags.without_accessed_dirty().is_accessed());
             RC_ASSERT(!flags.without_accessed_dirty().is_dirty());
           });
}

TEST_CASE("T11 a reference keeps address and count apart") {
  rc::prop("reference", [](std::uint64_t address) {
    const PhysAddr table(address & 0x000F'FFFF'FFFF'F000);
    const auto count = *rc::gen::inRange<std::uint64_t>(0, 513);
    const Entry entry = Entry::reference(table, count);
    RC_ASSERT(entry.present());
    RC_ASSERT(entry.table() == table);
    RC_ASSERT(entry.population() == count);
    for (int level = 2; level <= 5; ++level) RC_ASSERT(!entry.is_leaf(level));
    RC_ASSERT((entry.bits & ~kQuietReferenceBits & ~0x000F'FFFF'FFFF'F000ULL) == 0x7u);
  });
}

}  // namespace
}  // namespace quintet::page_table::world
