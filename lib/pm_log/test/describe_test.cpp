// SPDX-License-Identifier: MIT
#include "pm_log/describe.hpp"

#include <cerrno>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "pm_log/pmemlog_pool.hpp"
#include "testing/catch.hpp"

namespace quintet::pm_log {
namespace {

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::vector<Errc> all_codes() {
  std::vector<Errc> codes;
  for (auto i = std::uint8_t{0}; i <= static_cast<std::uint8_t>(Errc::kIo); ++i) {
    codes.push_back(static_cast<Errc>(i));
  }
  return codes;
}

TEST_CASE("every error is one line that names the file and says more than its name") {
  std::set<std::string> sentences;
  std::set<std::string_view> names;
  for (const Errc code : all_codes()) {
    const std::string text = describe({.code = code, .log = 2, .a = 7001, .b = 8002}, "/p/q");
    CAPTURE(text);
    CHECK(contains(text, "/p/q"));
    CHECK(!contains(text, "\n"));
    CHECK(text.back() != '.');
    CHECK(text.size() > 30);
    CHECK(sentences.insert(text).second);
    CHECK(!name(code).empty());
    CHECK(name(code) != "unknown error");
    CHECK(names.insert(name(code)).second);
  }
}

TEST_CASE("errors with values say them") {
  // Codes, which of their values are said, and in which form.
  struct Expected {
    Error error;
    std::vector<std::string_view> texts;
  };
  const std::vector<Expected> all{
      {{.code = Errc::kNotALog, .a = 7001}, {"7001 bytes", "not a log"}},
      {{.code = Errc::kNotALog}, {"is empty", "pmlog create P"}},
      {{.code = Errc::kVersionUnsupported, .a = 7, .b = 1}, {"version 7", "version 1"}},
      {{.code = Errc::kSizeMismatch, .a = 7001, .b = 70}, {"has 70 bytes", "7001", "cut off"}},
      {{.code = Errc::kSizeMismatch, .a = 70, .b = 7001}, {"7001", "truncate -s 70 P"}},
      {{.code = Errc::kCorrupt, .log = 3, .a = 0x4600, .part = Part::kLogSlot},
       {"log slot", "0x4600", "'third'", "pmlog verify P"}},
      {{.code = Errc::kCorrupt, .a = 0x1000, .part = Part::kCommitWord}, {"commit word", "0x1000"}},
      {{.code = Errc::kCorrupt, .log = 3, .a = 77, .part = Part::kRecord},
       {"record at position 77", "'third'"}},
      {{.code = Errc::kMedia, .a = 0x4000}, {"cannot read", "0x4000"}},
      {{.code = Errc::kNoSpace, .log = 3, .a = 70, .b = 90}, {"'third'", "70 bytes", "90", "drop"}},
      {{.code = Errc::kInvalidLog, .a = 3}, {"3 logs", "below 3"}},
      {{.code = Errc::kBeforeHead, .a = 70, .b = 60}, {"60", "70 or later"}},
      {{.code = Errc::kPastTail, .a = 70, .b = 90}, {"70", "90", "tail"}},
      {{.code = Errc::kHeadBeforeHead, .a = 70, .b = 60}, {"60", "70"}},
      {{.code = Errc::kHeadBeyondTail, .a = 70, .b = 90}, {"90", "70"}},
      {{.code = Errc::kTooSmall, .a = 20480, .b = 100}, {"100 bytes", "at least 20480"}},
      {{.code = Errc::kTooManyLogs, .a = 64, .b = 65}, {"1 to 64", "65"}},
      {{.code = Errc::kTooManyLogs, .a = 1, .b = 3}, {"3 logs"}},
      {{.code = Errc::kBadName, .log = 3, .a = 64, .b = 65}, {"log 3", "65 bytes", "at most 64"}},
      {{.code = Errc::kNotContiguous, .a = 70, .b = 90}, {"70", "90"}},
      {{.code = Errc::kReserved, .a = 70}, {"position 70", "publish"}},
      {{.code = Errc::kReserved, .a = 70, .b = 90}, {"90 bytes", "at position 70"}},
      {{.code = Errc::kIo, .a = ENOENT}, {"does not exist"}},
      {{.code = Errc::kIo, .a = EISDIR}, {"folder"}},
      {{.code = Errc::kIo, .a = EEXIST}, {"--force"}},
      {{.code = Errc::kIo, .a = ENOSPC}, {"no room"}},
      {{.code = Errc::kIo, .a = EACCES}, {"Permission denied"}},
      {{.code = Errc::kIo, .a = EMFILE}, {"Too many open files"}},
      {{.code = Errc::kIo}, {"did not take"}},
      {{.code = Errc::kBusy}, {"busy"}},
  };
  for (const auto& [error, texts] : all) {
    const std::string sentence = describe(error, "P", "third");
    CAPTURE(sentence);
    for (const std::string_view text : texts) {
      CAPTURE(text);
      CHECK(contains(sentence, text));
    }
  }
}

TEST_CASE("another id is told by its start") {
  Uuid theirs = *uuid_from_text("01234567-89ab-cdef-0123-456789abcdef");
  std::uint64_t half = 0;
  std::memcpy(&half, theirs.bytes.data(), sizeof half);
  const std::string text = describe({.code = Errc::kIdMismatch, .a = 0, .b = half}, "P");
  CHECK(contains(text, "starts with 01234567-89ab-cdef, not 00000000-0000-0000"));
}

TEST_CASE("parts and protocols have names") {
  std::set<std::string_view> names;
  for (auto i = std::uint8_t{0}; i <= static_cast<std::uint8_t>(Part::kRecord); ++i) {
    CHECK(name(static_cast<Part>(i)) != "unknown part");
    CHECK(names.insert(name(static_cast<Part>(i))).second);
  }
  CHECK(name(Errc::kNotALog) == "not a log");
  CHECK(name(Errc::kNoSpace) == "no space");
  CHECK(name(Errc::kBusy) == "busy");
  CHECK(name(Errc::kIo) == "input or output");
  CHECK(name(Part::kSuperblock) == "superblock");
  CHECK(name(Part::kRecord) == "record");
  CHECK(name(Commit::kStrict) == "strict");
  CHECK(name(Commit::kFast) == "fast");
  CHECK(name(Durability::kFlush) == "flush");
  CHECK(name(Durability::kMsync) == "msync");
}

TEST_CASE("an id is read as it is written") {
  const std::string text = "01234567-89ab-cdef-fedc-ba9876543210";
  const auto id = uuid_from_text(text);
  REQUIRE(id.has_value());
  CHECK(id->bytes[0] == std::byte{0x01});
  CHECK(id->bytes[15] == std::byte{0x10});
  CHECK(to_text(*id) == text);
  CHECK(uuid_from_text("01234567-89AB-CDEF-FEDC-BA9876543210") == id);
}

TEST_CASE("what is no id is refused") {
  const std::string good = "01234567-89ab-cdef-fedc-ba9876543210";
  CHECK(!uuid_from_text(""));
  CHECK(!uuid_from_text(good.substr(1)));
  CHECK(!uuid_from_text(good + "0"));
  CHECK(!uuid_from_text("0123456789abcdeffedcba9876543210"));
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char wrong : {'g', ' ', '-', 'a'}) {
      std::string text = good;
      if ((text[i] == '-') == (wrong == '-') || (wrong == 'a' && text[i] != '-')) continue;
      text[i] = wrong;
      CHECK(!uuid_from_text(text));
    }
  }
}

TEST_CASE("random ids are of version 4 and differ") {
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) {
    const auto id = random_uuid();
    REQUIRE(id.has_value());
    const std::string text = to_text(*id);
    CHECK(text[14] == '4');
    CHECK(std::string("89ab").find(text[19]) != std::string::npos);
    CHECK(ids.insert(text).second);
  }
}

}  // namespace
}  // namespace quintet::pm_log
