// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "pm_log/checksum.hpp"
#include "pm_log/test/world/some_bytes.hpp"
#include "testing/catch.hpp"

// Both checksums against their definition, a bit at a time.
namespace quintet::pm_log::world {
namespace {

using Bytes = std::span<const std::byte>;

// `polynomial` has its highest power in the lowest bit.
template <class Word>
Word reference(Word start, Bytes bytes, Word polynomial) {
  Word state = static_cast<Word>(~start);
  for (const std::byte byte : bytes) {
    state ^= static_cast<Word>(byte);
    for (int bit = 0; bit < 8; ++bit) {
      state = static_cast<Word>(state >> 1 ^ ((state & 1) != 0 ? polynomial : 0));
    }
  }
  return static_cast<Word>(~state);
}
std::uint64_t reference64(std::uint64_t start, Bytes bytes) {
  return reference<std::uint64_t>(start, bytes, 0xC96C'5795'D787'0F42);
}
std::uint32_t reference32(std::uint32_t start, Bytes bytes) {
  return reference<std::uint32_t>(start, bytes, 0x82F6'3B78);
}
bool agree(std::uint64_t start, Bytes bytes) {
  const auto half = static_cast<std::uint32_t>(start >> 7);
  return crc64(start, bytes) == reference64(start, bytes) &&
         crc32c(half, bytes) == reference32(half, bytes);
}

TEST_CASE("checksums of the digits are those of the catalogue") {
  const auto digits = std::as_bytes(std::span(std::string_view("123456789")));
  REQUIRE(reference64(0, digits) == 0x995d'c9bb'df19'39fa);  // the reference is right, too
  REQUIRE(reference32(0, digits) == 0xe306'9283);
  CHECK(crc64(0, digits) == 0x995d'c9bb'df19'39fa);
  CHECK(crc32c(0, digits) == 0xe306'9283);
}

TEST_CASE("checksums of nothing are what they start from") {
  CHECK(crc64(0x1234'5678'9ABC'DEF0, {}) == 0x1234'5678'9ABC'DEF0);
  CHECK(crc32c(0x9ABC'DEF0, {}) == 0x9ABC'DEF0);
}

TEST_CASE("checksums of every length and alignment are as defined") {
  SomeBytes some(1);
  const auto bytes = some.bytes(264);
  for (std::size_t length = 0; length <= 200; ++length) {
    for (const std::size_t offset : {0U, 1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U, 31U, 63U}) {
      const auto part = Bytes(bytes).subspan(offset, length);
      if (!agree(0, part) || !agree(some.word(), part)) {
        FAIL("length " << length << " at " << offset);
      }
    }
  }
}

TEST_CASE("checksums of long ranges are as defined") {
  SomeBytes some(2);
  const auto bytes = some.bytes(20'000);
  for (const std::size_t length : {255U, 256U, 511U, 1024U, 4095U, 4096U, 4097U, 19'993U}) {
    INFO("length " << length);
    CHECK(agree(some.word(), Bytes(bytes).subspan(7, length)));
  }
}

TEST_CASE("checksums continue from any cut") {
  SomeBytes some(3);
  const auto bytes = some.bytes(200);
  for (const std::size_t length : {1U, 8U, 56U, 64U, 65U, 112U, 129U, 200U}) {
    const auto all = Bytes(bytes).first(length);
    const std::uint64_t start = some.word();
    const auto half = static_cast<std::uint32_t>(start);
    for (std::size_t cut = 0; cut <= length; ++cut) {
      const bool same =
          crc64(crc64(start, all.first(cut)), all.subspan(cut)) == crc64(start, all) &&
          crc32c(crc32c(half, all.first(cut)), all.subspan(cut)) == crc32c(half, all);
      if (!same) FAIL("length " << length << " cut at " << cut);
    }
  }
}

// A line of metadata has code of its own, which a CRC's linearity makes checkable: if it is right
// for every single bit of the line and of the start, it is right for all of them.
TEST_CASE("checksums of a line of metadata are right for every single bit") {
  std::array<std::byte, 56> line{};
  REQUIRE(agree(0, line));
  REQUIRE(agree(~std::uint64_t{0}, line));
  for (std::size_t bit = 0; bit < 8 * line.size(); ++bit) {
    line[bit / 8] = std::byte{1} << bit % 8;
    const bool right = agree(0, line) && agree(~std::uint64_t{0}, line);
    if (!right) FAIL("bit " << bit);
    line[bit / 8] = {};
  }
  for (unsigned bit = 0; bit < 64; ++bit) {
    if (!agree(std::uint64_t{1} << bit, line)) FAIL("bit " << bit << " of the start");
  }
}

TEST_CASE("checksums of random lines of metadata are as defined at every alignment") {
  SomeBytes some(4);
  for (int round = 0; round < 2'000; ++round) {
    const auto bytes = some.bytes(64);
    const auto offset = static_cast<std::size_t>(round % 8);
    const auto line = Bytes(bytes).subspan(offset, 56);
    const std::uint64_t start = some.word();
    if (crc64(start, line) != reference64(start, line)) FAIL("round " << round);
  }
}

TEST_CASE("checksums know two bytes that changed places") {
  SomeBytes some(5);
  auto bytes = some.bytes(56);
  const auto before64 = crc64(0, bytes);
  const auto before32 = crc32c(0, bytes);
  for (std::size_t i = 1; i < bytes.size(); ++i) {
    if (bytes[i] == bytes[i - 1]) continue;
    std::swap(bytes[i], bytes[i - 1]);
    if (crc64(0, bytes) == before64 || crc32c(0, bytes) == before32) FAIL("at " << i);
    std::swap(bytes[i], bytes[i - 1]);
  }
}

}  // namespace
}  // namespace quintet::pm_log::world
