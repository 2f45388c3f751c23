// SPDX-License-Identifier: MIT
#include <atomic>
#include <iostream>
#include <memory>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "pm_log/mapped_pm.hpp"
#include "pm_log/shared_log.hpp"
#include "pm_log/test/world/operation.hpp"
#include "testing/catch.hpp"

// Real producers on real memory: more of them than cores, short and long appends, records.
namespace quintet::pm_log {
namespace {

struct Aligned {
  explicit Aligned(std::size_t bytes)
      : data(static_cast<std::byte*>(std::aligned_alloc(4096, bytes))), size(bytes) {
    std::fill_n(data, size, std::byte{0});
  }
  ~Aligned() { std::free(data); }
  Aligned(const Aligned&) = delete;
  Aligned& operator=(const Aligned&) = delete;
  std::byte* data;
  std::size_t size;
};

constexpr std::uint32_t kThreads = 4;

struct Appended {
  Position position;
  std::uint64_t size;
};

void append_from_threads(Commit commit, bool records, std::uint64_t seed) {
  Aligned memory(32 << 20);
  const LogSpec spec{.records = records};
  auto pool =
      MultiLog<MappedPm>::create(MappedPm::adopt({memory.data, memory.size}, Durability::kFlush),
                                 std::span(&spec, 1), {.commit = commit});
  REQUIRE(pool);
  std::vector<std::vector<Appended>> appended(kThreads);
  std::atomic<int> failures{0};
  {
    SharedLog<MappedPm> log(*pool);
    std::vector<std::jthread> threads;
    for (std::uint32_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        std::mt19937_64 random(seed + t);
        for (int i = 0; i < 300; ++i) {
          const std::uint64_t size = random() % 8 == 0 ? random() % 20'000 : random() % 300;
          const auto bytes = world::content(t, 0, size, static_cast<std::uint64_t>(i));
          const auto position = records ? log.append_record(0, bytes) : log.append(0, bytes);
          if (!position) {
            ++failures;
            return;
          }
          appended[t].push_back({*position, size});
        }
      });
    }
  }
  REQUIRE(failures == 0);
  pool->check_invariants();

  // Every byte is somebody's, and as it was appended.
  std::vector<std::byte> found;
  std::uint64_t all = 0;
  const std::uint64_t before = records ? 4 : 0;
  for (std::uint32_t t = 0; t < kThreads; ++t) {
    for (std::size_t i = 0; i < appended[t].size(); ++i) {
      found.resize(appended[t][i].size);
      REQUIRE(pool->read(0, appended[t][i].position + before, found));
      REQUIRE(found == world::content(t, 0, found.size(), i));
      all += found.size() + (records ? kRecordOverhead : 0);
    }
  }
  REQUIRE(pool->info(0)->tail == all);
  REQUIRE(pool->info(0)->pending_tail == all);
}

TEST_CASE("producers on four threads find everything that they appended") {
  const std::uint64_t seed = std::random_device()();
  std::cout << "seed " << seed << "\n";
  append_from_threads(Commit::kStrict, false, seed);
  append_from_threads(Commit::kFast, false, seed);
  append_from_threads(Commit::kStrict, true, seed);
}

}  // namespace
}  // namespace quintet::pm_log
