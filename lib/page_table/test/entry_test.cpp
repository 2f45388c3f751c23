// SPDX-License-Identifier: MIT
#include "page_table/entry.hpp"

#include <string>

#include "page_table/error.hpp"
#include "page_table/mapping.hpp"
#include "testing/catch.hpp"

// Encodings as literal words, from the entry formats of the manuals (SDM vol. 3A, tables 4-15 to
// 4-20). The properties P11, P12 and T11 cover all values.
namespace quintet::page_table {
namespace {

constexpr std::uint64_t kXd = 0x8000'0000'0000'0000;

TEST_CASE("default flags are the safest mapping") {
  const PageFlags flags;
  CHECK(flags.bits() == kXd);
  CHECK_FALSE(flags.is_writable());
  CHECK_FALSE(flags.is_user());
  CHECK_FALSE(flags.is_executable());
  CHECK(flags.memory_type() == 0);
}

TEST_CASE("each flag has its architectural bit") {
  const PageFlags none = PageFlags().executable();
  CHECK(none.bits() == 0);
  CHECK(none.writable().bits() == 0x2);
  CHECK(none.user().bits() == 0x4);
  CHECK(none.accessed().bits() == 0x20);
  CHECK(none.dirty().bits() == 0x40);
  CHECK(none.global().bits() == 0x100);
  CHECK(none.memory_type(1).bits() == 0x8);   // PWT
  CHECK(none.memory_type(2).bits() == 0x10);  // PCD
  CHECK(none.memory_type(4).bits() == 0x80);  // PAT
  CHECK(none.memory_type(7).memory_type(0).bits() == 0);
  CHECK(none.protection_key(15).bits() == 0x7800'0000'0000'0000);
  CHECK(none.protection_key(15).protection_key(1).bits() == 0x0800'0000'0000'0000);
  CHECK(none.software(0x007).bits() == 0xE00);
  CHECK(none.software(0x3F8).bits() == 0x07F0'0000'0000'0000);
  CHECK(none.writable().writable(false) == none);
  CHECK(none.executable(false).bits() == kXd);
  CHECK(none.accessed().dirty().without_accessed_dirty() == none);
}

TEST_CASE("leaves at each level are the manuals' words") {
  const PageFlags flags = PageFlags().writable().user().memory_type(4);
  CHECK(Entry::leaf(1, PhysAddr(0x1234'5000), flags).bits == (kXd | 0x1234'5087));
  CHECK(Entry::leaf(2, PhysAddr(0x1240'0000), flags).bits == (kXd | 0x1240'1087));
  CHECK(Entry::leaf(3, PhysAddr(0x4000'0000), flags).bits == (kXd | 0x4000'1087));
  CHECK(Entry::leaf(2, PhysAddr(0x1240'0000), PageFlags()).bits == (kXd | 0x1240'0081));
  CHECK(Entry(0x4000'1087).page(3) == PhysAddr(0x4000'0000));
  CHECK(Entry(0x4000'1087).flags(3).memory_type() == 4);
}

TEST_CASE("what an entry is depends on its level") {
  CHECK_FALSE(Entry().present());
  CHECK_FALSE(Entry(~std::uint64_t{1}).present());
  CHECK(Entry(0x1).is_leaf(1));
  CHECK(Entry(0x81).is_leaf(1));  // PAT there
  CHECK(Entry(0x81).is_leaf(2));
  CHECK(Entry(0x81).is_leaf(3));
  CHECK_FALSE(Entry(0x81).is_leaf(4));
  CHECK_FALSE(Entry(0x81).is_leaf(5));
  CHECK_FALSE(Entry(0x1).is_leaf(2));
  CHECK(Entry(0x1).is_reference(2));
  CHECK_FALSE(Entry(0x81).is_reference(3));
  CHECK(Entry(0x81).is_reference(4));  // bit 7 means nothing there
  CHECK(Entry(0x81).is_reference(5));
  CHECK_FALSE(Entry(0x80).is_reference(4));
}

TEST_CASE("references are permissive and carry the count") {
  CHECK(Entry::reference(PhysAddr(0x5000), 0).bits == 0x5007);
  CHECK(Entry::reference(PhysAddr(0x5000), 512).bits == 0x2000'0000'0000'5007);
  CHECK(Entry(0x3FF0'0000'0000'5027).population() == 1023);
  CHECK(Entry(0xFFF0'0000'0000'5007).table() == PhysAddr(0x5000));
}

TEST_CASE("a mapping decodes what it was made of") {
  const Entry leaf = Entry::leaf(2, PhysAddr(0x60'0000), PageFlags().user());
  const Mapping mapping(VirtAddr(0xFFFF'8000'0034'5678), leaf, 2);
  CHECK(mapping.base() == VirtAddr(0xFFFF'8000'0020'0000));
  CHECK(mapping.physical() == PhysAddr(0x60'0000));
  CHECK(mapping.size() == PageSize::k2M);
  CHECK(mapping.bytes() == 0x20'0000);
  CHECK(mapping.flags() == PageFlags().user());
  CHECK(mapping.translate(VirtAddr(0xFFFF'8000'0034'5678)) == PhysAddr(0x74'5678));
  CHECK(mapping == Mapping(VirtAddr(0xFFFF'8000'003F'FFFF), leaf, 2));
  CHECK_FALSE(mapping == Mapping(VirtAddr(0xFFFF'8000'0040'0000), leaf, 2));
}

TEST_CASE("a mapping made of nothing is an absent page of 4 KiB at 0") {
  STATIC_REQUIRE(Mapping().size() == PageSize::k4K);
  STATIC_REQUIRE(Mapping().bytes() == 0x1000);
  STATIC_REQUIRE_FALSE(Mapping().entry().present());
}

TEST_CASE("every error has words of its own") {
  std::string all;
  for (int i = 0; i <= static_cast<int>(Error::kOutOfFrames); ++i) {
    const std::string words = to_string(static_cast<Error>(i));
    CHECK(words != "unknown error");
    CHECK(all.find(words) == std::string::npos);
    all += words + "\n";
  }
}

}  // namespace
}  // namespace quintet::page_table
