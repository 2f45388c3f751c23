// SPDX-License-Identifier: MIT
#include <cstdint>
#include <thread>
#include <vector>

#include "baselines/flat_combiner.hpp"
#include "baselines/slots_rw_lock.hpp"
#include "testing/catch.hpp"

namespace quintet::baselines {
namespace {

constexpr std::size_t kMembers = 4;
constexpr std::uint64_t kRounds = 20'000;

template <class Body>
void on_all_members(Body body) {
  std::vector<std::jthread> threads;
  for (std::size_t member = 0; member < kMembers; ++member) {
    threads.emplace_back([&body, member] { body(member); });
  }
}

TEST_CASE("flat combiner runs every request once and gives each its answer") {
  FlatCombiner combiner(kMembers);
  std::uint64_t count = 0;
  std::vector<std::uint64_t> wrong(kMembers);
  on_all_members([&](std::size_t member) {
    std::uint64_t last = 0;
    for (std::uint64_t i = 0; i < kRounds; ++i) {
      const std::uint64_t answer = combiner.run(member, [&] { return ++count; });
      if (answer <= last) ++wrong[member];
      last = answer;
    }
  });
  CHECK(count == kMembers * kRounds);
  CHECK(wrong == std::vector<std::uint64_t>(kMembers));
}

TEST_CASE("slots lock lets no reader see half of a write") {
  SlotsRwLock lock(kMembers);
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  std::vector<std::uint64_t> torn(kMembers);
  on_all_members([&](std::size_t member) {
    for (std::uint64_t i = 0; i < kRounds; ++i) {
      if (i % 4 == member) {
        lock.write(member, [&] {
          ++first;
          asm volatile("" : : : "memory");
          ++second;
        });
      } else {
        const bool same = lock.read(member, [&] {
          const std::uint64_t seen = second;
          asm volatile("" : : : "memory");
          return first == seen;
        });
        if (!same) ++torn[member];
      }
    }
  });
  CHECK(first == kMembers * kRounds / 4);
  CHECK(second == first);
  CHECK(torn == std::vector<std::uint64_t>(kMembers));
}

}  // namespace
}  // namespace quintet::baselines
