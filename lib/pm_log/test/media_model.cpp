// SPDX-License-Identifier: MIT
#include <algorithm>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "pm_log/record_log.hpp"
#include "pm_log/test/world/media_check.hpp"
#include "testing/catch.hpp"

// Damaged media: P6, P24 and the table of faults. Every check counts what it injected.
namespace quintet::pm_log::world {
namespace {

std::string named(Commit commit, std::uint32_t logs) {
  return std::to_string(logs) + (commit == Commit::kFast ? " fast" : " strict");
}

template <class Inject>
void in_every_pool(const char* what, Inject inject) {
  std::uint64_t faults = 0;
  for (const Commit commit : {Commit::kStrict, Commit::kFast}) {
    for (const std::uint32_t logs : {1U, 2U, 3U}) {
      MediaCheck<Fault::kNone> check(commit, logs);
      inject(check);
      INFO(named(commit, logs));
      REQUIRE(check.violation() == "");
      faults += check.faults();
    }
  }
  std::cout << what << ": " << faults << " media faults\n";
  REQUIRE(faults != 0);
}

TEST_CASE("every single bit of the metadata is noticed or does not matter") {
  in_every_pool("every bit of the metadata", [](auto& check) { check.every_bit(); });
}

TEST_CASE("every pair of bits of the commit word is noticed") {
  in_every_pool("pairs of bits in the commit word",
                [](auto& check) { check.pairs_of_the_commit_word(); });
}

TEST_CASE("garbage in the metadata is noticed or does not matter") {
  const std::uint64_t seed = std::random_device()();
  std::cout << "seed " << seed << "\n";
  in_every_pool("garbage", [seed](auto& check) { check.garbage(seed, 300); });
}

TEST_CASE("zeroed and swapped lines and lost writes are noticed") {
  in_every_pool("whole lines", [](auto& check) { check.whole_lines(); });
}

TEST_CASE("lines that cannot be read are told") {
  in_every_pool("unreadable lines", [](auto& check) { check.poison(); });
}

TEST_CASE("recovery that does not check is refuted by damaged media") {
  MediaCheck<Fault::kDigestUnchecked> digest(Commit::kStrict, 2);
  digest.whole_lines();
  std::cout << "digest unchecked: " << digest.violation() << " after " << digest.faults() << "\n";
  CHECK(digest.violation() != "");
  MediaCheck<Fault::kRootUnchecked> root(Commit::kStrict, 1);
  root.every_bit();
  std::cout << "root unchecked: " << root.violation() << " after " << root.faults() << "\n";
  CHECK(root.violation() != "");
}

// A pool of one log with records, and where they lie.
struct WithRecords {
  PlainMemory memory{0x5000};
  std::vector<Position> positions{};
  Position tail = 0;

  explicit WithRecords(Commit commit) {
    const LogSpec spec{.capacity = 512, .records = true};
    auto pool = *MultiLog<PlainMemoryRef>::create(PlainMemoryRef(memory), std::span(&spec, 1),
                                                  {.id = test_id(), .commit = commit});
    auto log = *RecordLog<PlainMemoryRef>::of(pool);
    for (const std::uint64_t size : {0U, 1U, 50U, 64U, 99U}) {
      positions.push_back(*log.append(content(0, size, size, 0)));
    }
    QT_CHECK(pool.settle().has_value());
    tail = pool.info(0)->tail;
  }
};

TEST_CASE("every bit of every record is noticed") {
  std::uint64_t faults = 0;
  for (const Commit commit : {Commit::kStrict, Commit::kFast}) {
    WithRecords it(commit);
    for (Position position = 0; position < it.tail; ++position) {
      // The record that holds this byte.
      const auto next = std::upper_bound(it.positions.begin(), it.positions.end(), position);
      const Position record = *(next - 1);
      for (unsigned bit = 0; bit < 8; ++bit) {
        ++faults;
        it.memory.flip(data_start(1) + position, bit);
        const auto pool = MultiLog<PlainMemoryRef>::open(PlainMemoryRef(it.memory));
        REQUIRE(pool);
        RecordReader<PlainMemoryRef> reader(*pool, 0);
        std::vector<std::byte> payload;
        Result<bool> read = true;
        while (read && *read) read = reader.next(payload);
        REQUIRE(!read);
        REQUIRE(read.error() == Error{.code = Errc::kCorrupt, .a = record, .part = Part::kRecord});
        it.memory.flip(data_start(1) + position, bit);
      }
    }
  }
  std::cout << "every bit of records: " << faults << " media faults\n";
}

TEST_CASE("every bit of payload changes its byte and nothing else") {
  for (const Commit commit : {Commit::kStrict, Commit::kFast}) {
    WithRecords it(commit);
    const std::uint64_t area = data_start(1);
    for (std::uint64_t at = 0; at < 512; ++at) {
      it.memory.flip(area + at);
      const auto pool = MultiLog<PlainMemoryRef>::open(PlainMemoryRef(it.memory));
      REQUIRE(pool);
      REQUIRE(pool->info(0)->tail == it.tail);
      REQUIRE_FALSE(pool->recovery().discarded_last);
      std::vector<std::byte> bytes(it.tail);
      REQUIRE(pool->read(0, 0, bytes));
      it.memory.flip(area + at);
      std::vector<std::byte> whole(it.tail);
      REQUIRE(pool->read(0, 0, whole));
      REQUIRE(std::mismatch(bytes.begin(), bytes.end(), whole.begin()).first - bytes.begin() ==
              static_cast<std::ptrdiff_t>(std::min(at, it.tail)));
    }
  }
}

TEST_CASE("a pool that was cut off or grew is told by its size") {
  WithRecords it(Commit::kStrict);
  const auto image = it.memory.image();
  for (std::uint64_t bytes = 0; bytes < image.size() + 0x3000; bytes += 61) {
    if (bytes == image.size()) continue;
    PlainMemory other(bytes);
    other.put(0, std::span(image).first(std::min<std::uint64_t>(bytes, image.size())));
    const auto before = other.image();
    const auto opened = MultiLog<PlainMemoryRef>::open(PlainMemoryRef(other));
    REQUIRE(!opened);
    const bool tiny = bytes < data_start(1) + kPageBytes;
    REQUIRE(opened.error().code == (tiny ? Errc::kNotALog : Errc::kSizeMismatch));
    REQUIRE(other.image() == before);
  }
}

}  // namespace
}  // namespace quintet::pm_log::world
