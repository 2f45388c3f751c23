// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstring>
#include <iomanip>
#include <map>
#include <sstream>
#include <string>

#include "pm_log/log.hpp"
#include "pm_log/record_log.hpp"
#include "pm_log/test/world/plain_pool.hpp"
#include "testing/catch.hpp"

// The media format, word by word: pools that were made once must be found by every later version.
// A change that is wanted comes with a new kVersion, and a new dump below.
namespace quintet::pm_log::world {
namespace {

using Words = std::map<std::uint64_t, std::uint64_t>;  // offset -> what is there

Words words_of(const PlainMemory& memory) {
  Words words;
  for (std::uint64_t at = 0; at < memory.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, memory.data() + at, sizeof word);
    if (word != 0) words[at] = word;
  }
  return words;
}

// Both, where they differ; empty if they do not.
std::string difference(const Words& found, const Words& golden) {
  std::ostringstream out;
  out << std::hex << std::setfill('0');
  const auto list = [&out](const char* what, const Words& these, const Words& others) {
    for (const auto& [at, word] : these) {
      const auto other = others.find(at);
      if (other != others.end() && other->second == word) continue;
      out << what << " {0x" << at << ", 0x" << std::setw(16) << word << "},\n";
    }
  };
  list("found", found, golden);
  list("golden", golden, found);
  return out.str();
}

const Words kStrictPool = {
    {0x0, 0x3147'4F4C'4D50'5451},    {0x8, 0x0000'0100'0000'0001},
    {0x10, 0x1716'1514'1312'1110},   {0x18, 0x1F1E'1D1C'1B1A'1918},
    {0x20, 0x0000'0000'0000'8000},   {0x28, 0x0000'0000'0000'0002},
    {0x30, 0x0000'0000'5F5E'1000},   {0xF8, 0x9117'8FCF'D4D1'74BC},
    {0x1000, 0x9AE7'CB19'0000'0003}, {0x1100, 0x0000'0000'0000'0002},
    {0x1108, 0x0000'0000'0000'0002}, {0x1110, 0x7F6A'D9F3'1A5F'3CB8},
    {0x1128, 0x0000'0000'0000'1100}, {0x1130, 0x0000'5245'5453'414D},
    {0x1138, 0xF179'3241'B292'EC07}, {0x1200, 0x0000'0000'0000'0003},
    {0x1208, 0x0000'0000'0000'0003}, {0x1210, 0xB46F'089E'D1D9'7A9C},
    {0x1228, 0x0000'0000'0000'1200}, {0x1230, 0x0000'5245'5453'414D},
    {0x1238, 0xF932'8F3F'6179'1E2F}, {0x2000, 0x0000'0000'0000'5000},
    {0x2008, 0x0000'0000'0000'0080}, {0x2010, 0x0000'0000'0000'2000},
    {0x2018, 0x0000'7374'6E65'7665}, {0x2078, 0x9F88'B6EF'2CE5'98B1},
    {0x2080, 0x0000'0000'0000'6000}, {0x2088, 0x0000'0000'0000'0040},
    {0x2090, 0x0000'0000'0000'2080}, {0x2098, 0x0073'6472'6F63'6572},
    {0x20D8, 0x0000'0000'0000'0001}, {0x20F8, 0xE7C1'08CA'BB80'A51C},
    {0x4000, 0x0000'0000'0000'0002}, {0x4008, 0x0000'0000'0000'0010},
    {0x4010, 0x0000'0000'0000'001B}, {0x4018, 0x0000'0000'0000'001B},
    {0x4020, 0x0000'0000'A70F'5A6B}, {0x4028, 0x0000'0000'0000'4000},
    {0x4038, 0x1B08'003C'5501'2048}, {0x4100, 0x0000'0000'0000'0003},
    {0x4108, 0x0000'0000'0000'0010}, {0x4110, 0x0000'0000'0000'0020},
    {0x4118, 0x0000'0000'0000'001B}, {0x4120, 0x0000'0000'A70F'5A6B},
    {0x4128, 0x0000'0000'0000'4100}, {0x4138, 0xD00D'D151'9E87'666C},
    {0x4220, 0x0000'0001'A70F'5A6B}, {0x4228, 0x0000'0000'0000'4200},
    {0x4238, 0x4D5F'3887'3DD7'D3AF}, {0x4300, 0x0000'0000'0000'0001},
    {0x4310, 0x0000'0000'0000'0010}, {0x4320, 0x0000'0001'A70F'5A6B},
    {0x4328, 0x0000'0000'0000'4300}, {0x4338, 0x6462'D9CF'4F5E'1CF0},
    {0x5000, 0x206E'6565'7478'6973}, {0x5008, 0x2E2E'2E73'6574'7962},
    {0x5010, 0x6867'6965'2064'6E61}, {0x5018, 0x6472'6968'742E'2E74},
    {0x6000, 0x6C79'6170'0000'0008}, {0x6008, 0x07CD'417E'2164'616F},
    {0x7000, 0x3147'4F4C'4D50'5451}, {0x7008, 0x0000'0100'0000'0001},
    {0x7010, 0x1716'1514'1312'1110}, {0x7018, 0x1F1E'1D1C'1B1A'1918},
    {0x7020, 0x0000'0000'0000'8000}, {0x7028, 0x0000'0000'0000'0002},
    {0x7030, 0x0000'0000'5F5E'1000}, {0x70F8, 0x9117'8FCF'D4D1'74BC},
};

const Words kFastPool = {
    {0x0, 0x3147'4F4C'4D50'5451},    {0x8, 0x0000'0100'0000'0001},
    {0x10, 0xC7C6'C5C4'C3C2'C1C0},   {0x18, 0xCFCE'CDCC'CBCA'C9C8},
    {0x20, 0x0000'0000'0000'5000},   {0x28, 0x0000'0001'0000'0001},
    {0xF8, 0xFA72'CD2F'35AA'7AE2},   {0x1000, 0x95B5'7FFC'0000'0000},
    {0x1100, 0x0000'0000'0000'0002}, {0x1110, 0x0000'0000'0000'000D},
    {0x1118, 0x0000'0000'0000'0008}, {0x1120, 0x0000'0000'71A5'573F},
    {0x1128, 0x0000'0000'0000'1100}, {0x1138, 0x965C'E640'E58C'E7C5},
    {0x1200, 0x0000'0000'0000'0001}, {0x1210, 0x0000'0000'0000'0008},
    {0x1220, 0x0000'0000'0083'99AA}, {0x1228, 0x0000'0000'0000'1200},
    {0x1238, 0xD5C8'F734'A404'028D}, {0x2000, 0x0000'0000'0000'3000},
    {0x2008, 0x0000'0000'0000'1000}, {0x2010, 0x0000'0000'0000'2000},
    {0x2078, 0xF7E4'F174'408B'0DEE}, {0x3000, 0x206F'7774'2065'6E6F},
    {0x3008, 0x0000'0065'6572'6874}, {0x4000, 0x3147'4F4C'4D50'5451},
    {0x4008, 0x0000'0100'0000'0001}, {0x4010, 0xC7C6'C5C4'C3C2'C1C0},
    {0x4018, 0xCFCE'CDCC'CBCA'C9C8}, {0x4020, 0x0000'0000'0000'5000},
    {0x4028, 0x0000'0001'0000'0001}, {0x40F8, 0xFA72'CD2F'35AA'7AE2},
};

TEST_CASE("golden: a strict pool of two logs is laid out as ever") {
  PlainMemory memory = memory_for_logs({128, 64});
  const std::vector<LogSpec> specs{{.capacity = 128, .name = "events"},
                                   {.capacity = 64, .name = "records", .records = true}};
  auto pool = PlainPool::create(PlainMemoryRef(memory), specs,
                                {.id = id_of(0x10), .created_unix = 1'600'000'000});
  REQUIRE(pool.has_value());
  REQUIRE(pool->tentative_append(0, bytes_of("sixteen bytes...and eight..")).has_value());
  REQUIRE(RecordLog<PlainMemoryRef>::of(*pool, 1)->append(bytes_of("payload!")).has_value());
  REQUIRE(pool->advance_head(0, 16).has_value());
  REQUIRE(pool->tentative_append(0, bytes_of("third")).has_value());
  REQUIRE(pool->commit().has_value());
  CHECK(difference(words_of(memory), kStrictPool) == "");
}

TEST_CASE("golden: a fast pool of one log is laid out as ever") {
  PlainMemory memory = memory_for_logs({64});
  auto log = Log<PlainMemoryRef>::create(PlainMemoryRef(memory),
                                         {.id = id_of(0xC0), .commit = Commit::kFast});
  REQUIRE(log.has_value());
  REQUIRE(log->append(bytes_of("one two ")).has_value());
  REQUIRE(log->append(bytes_of("three")).has_value());
  CHECK(difference(words_of(memory), kFastPool) == "");
}

// What was written long ago is read today.
TEST_CASE("golden: pools of old are opened") {
  const auto restore = [](PlainMemory& memory, const Words& words) {
    for (const auto& [at, word] : words) memory.put(at, std::as_bytes(std::span(&word, 1)));
  };
  PlainMemory strict = memory_for_logs({128, 64});
  restore(strict, kStrictPool);
  const auto pool = open_pool(strict, {.expected_id = id_of(0x10)});
  CHECK(pool.protocol() == Commit::kStrict);
  CHECK(pool.recovery() == Recovery{.seq = 3});
  CHECK(*pool.info(0) == Info{16, 32, 32, 128});
  CHECK(*pool.info(1) == Info{0, 16, 16, 64});
  CHECK(text(pool, 0) == "and eight..third");
  CHECK(pool.name(0) == "events");
  CHECK(pool.holds_records(1));
  std::vector<std::byte> payload;
  RecordReader<PlainMemoryRef> reader(pool, 1);
  CHECK(reader.next(payload) == true);
  CHECK(std::ranges::equal(payload, bytes_of("payload!")));

  PlainMemory fast = memory_for_logs({64});
  restore(fast, kFastPool);
  const auto one = open_pool(fast, {.expected_id = id_of(0xC0)});
  CHECK(one.protocol() == Commit::kFast);
  CHECK(one.recovery() == Recovery{.seq = 2});
  CHECK(text(one) == "one two three");
}

}  // namespace
}  // namespace quintet::pm_log::world
