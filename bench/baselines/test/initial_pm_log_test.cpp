// SPDX-License-Identifier: MIT
#include "baselines/initial_pm_log.hpp"

#include <algorithm>
#include <cstring>
#include <random>

#include "testing/catch.hpp"

namespace {

using quintet::baselines::InitialLogError;
using quintet::baselines::InitialPmLog;
using quintet::baselines::PmemMedia;
using Bytes = std::vector<std::uint8_t>;

struct Write {
  std::uint64_t offset;
  std::vector<std::byte> bytes;
};

// Memory that remembers its writes.
struct Recorder {
  std::vector<std::byte>* memory;
  std::vector<Write>* writes;

  [[nodiscard]] std::uint64_t size() const { return memory->size(); }
  void persist(std::uint64_t offset, std::span<const std::byte> bytes) const {
    writes->push_back({offset, {bytes.begin(), bytes.end()}});
    std::copy(bytes.begin(), bytes.end(), memory->begin() + static_cast<std::ptrdiff_t>(offset));
  }
  [[nodiscard]] bool read(std::uint64_t offset, std::span<std::byte> bytes) const {
    std::copy_n(memory->begin() + static_cast<std::ptrdiff_t>(offset), bytes.size(), bytes.begin());
    return true;
  }
};

struct Scratch {
  std::vector<std::byte> memory;
  std::vector<Write> writes;

  explicit Scratch(std::uint64_t size) : memory(size) {}
  Recorder recorder() { return {&memory, &writes}; }
};

Bytes bytes_from(std::mt19937& random, std::size_t count) {
  Bytes bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

Bytes content(const InitialPmLog<Recorder>& log) {
  const auto extent = log.extent();
  return log.read(extent.head, extent.tail - extent.head).value();
}

TEST_CASE("the initial log appends where it ends and reads what it was given") {
  std::mt19937 random(1);
  Scratch scratch(72 + 100);
  auto log = InitialPmLog<Recorder>::setup(scratch.recorder()).value();
  CHECK(log.extent().capacity == 99);
  const Bytes first = bytes_from(random, 40);
  const Bytes second = bytes_from(random, 59);
  CHECK(log.append(first) == 0U);
  CHECK(log.append(second) == 40U);
  CHECK(log.read(0, 40) == first);
  CHECK(log.read(40, 59) == second);
  CHECK(log.append(Bytes(1)).error() == InitialLogError::kNoSpace);
  CHECK(log.append({}) == 99U);
  CHECK(log.read(99, 1).error() == InitialLogError::kOutsideLog);
  CHECK(log.advance_head(100).error() == InitialLogError::kInvalidHead);
  REQUIRE(log.advance_head(40));
  CHECK(log.advance_head(39).error() == InitialLogError::kInvalidHead);
  CHECK(log.read(39, 1).error() == InitialLogError::kOutsideLog);
  CHECK(log.read(40, 59) == second);
}

TEST_CASE("the initial log keeps its content over every wrap and every start") {
  std::mt19937 random(2);
  Scratch scratch(72 + 61);
  auto log = InitialPmLog<Recorder>::setup(scratch.recorder()).value();
  std::vector<std::uint8_t> kept;
  for (int round = 0; round < 2000; ++round) {
    const Bytes more = bytes_from(random, random() % 61);
    const auto extent = log.extent();
    const std::uint64_t free = extent.capacity - (extent.tail - extent.head);
    if (more.size() > free) {
      const std::uint64_t drop = more.size() - free;
      REQUIRE(log.advance_head(extent.head + drop));
      kept.erase(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(drop));
    }
    REQUIRE(log.append(more) == extent.tail);
    kept.insert(kept.end(), more.begin(), more.end());
    CHECK(content(log) == kept);
    log = InitialPmLog<Recorder>::start(scratch.recorder()).value();
    CHECK(content(log) == kept);
  }
}

TEST_CASE("whatever writes of an operation are durable the initial log is as before or after it") {
  std::mt19937 random(3);
  Scratch scratch(72 + 50);
  auto log = InitialPmLog<Recorder>::setup(scratch.recorder()).value();
  for (int round = 0; round < 200; ++round) {
    const auto before = scratch.memory;
    const Bytes old = content(log);
    scratch.writes.clear();
    const std::uint64_t head = log.extent().head + random() % (old.size() + 1);
    if (old.size() > 30) {
      REQUIRE(log.advance_head(head));
      CHECK(scratch.writes.size() == 2);
    } else {
      const auto tail_at = log.extent().tail % 50;
      const Bytes more = bytes_from(random, 1 + random() % 18);
      REQUIRE(log.append(more));
      CHECK(scratch.writes.size() == (tail_at + more.size() > 50 ? 4 : 3));
    }
    for (std::size_t durable = 0; durable < scratch.writes.size(); ++durable) {
      Scratch crashed(0);
      crashed.memory = before;
      for (std::size_t i = 0; i < durable; ++i) {
        const auto& [offset, bytes] = scratch.writes[i];
        std::memcpy(crashed.memory.data() + offset, bytes.data(), bytes.size());
      }
      CHECK(content(InitialPmLog<Recorder>::start(crashed.recorder()).value()) == old);
    }
  }
}

TEST_CASE("the initial log does not start on damaged metadata") {
  Scratch scratch(72 + 50);
  auto log = InitialPmLog<Recorder>::setup(scratch.recorder()).value();
  REQUIRE(log.append(Bytes(20, 7)));
  const auto whole = scratch.memory;
  // Two headers were written, so the first one counts.
  for (std::size_t bit = 0; bit < 40 * 8; ++bit) {
    scratch.memory = whole;
    scratch.memory[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    const auto started = InitialPmLog<Recorder>::start(scratch.recorder());
    REQUIRE(!started);
    CHECK(started.error() == InitialLogError::kCorrupt);
  }
  scratch.memory = whole;
  scratch.memory.resize(whole.size() - 1);
  CHECK(InitialPmLog<Recorder>::start(scratch.recorder()).error() == InitialLogError::kCorrupt);
  scratch.memory.resize(73);
  CHECK(InitialPmLog<Recorder>::setup(scratch.recorder()).error() == InitialLogError::kTooSmall);
}

TEST_CASE("the initial log on mapped memory is the same log") {
  alignas(64) static std::byte memory[4096];
  auto log = InitialPmLog<PmemMedia>::setup(PmemMedia(memory)).value();
  REQUIRE(log.append(Bytes(1000, 5)));
  const auto again = InitialPmLog<PmemMedia>::start(PmemMedia(memory)).value();
  CHECK(again.read(0, 1000) == Bytes(1000, 5));
}

}  // namespace
