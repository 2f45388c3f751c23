// SPDX-License-Identifier: MIT
#include <cstdint>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "base/sanitizers.hpp"
#include "pm_log/test/world/subject.hpp"
#include "testing/catch.hpp"

// Payloads too long for every combination of their words: histories and images at random. At each
// power failure: all old, all new, one word of many old, one new, and mixtures.
namespace quintet::pm_log::world {
namespace {

constexpr unsigned kHistories = kSanitized ? 4 : 16;
constexpr unsigned kOperations = 12;
constexpr std::uint64_t kRing = 192 * kKiB;

class LongCrashes {
 public:
  LongCrashes(Commit commit, std::uint64_t seed)
      : random_(seed),
        scenario_{.name = "long", .commit = commit, .capacities = {kRing, kRing / 2}},
        subject_(scenario_),
        image_(memory_for(scenario_)) {}

  void run() {
    for (unsigned i = 0; i < kOperations; ++i) {
      const Operation operation = draw();
      const AbstractPool before = subject_.model.crashed();
      const AbstractPool after = subject_.after(operation).crashed();
      subject_.memory.watch([&](CrashMemory::Event event) {
        if (event == CrashMemory::Event::kBeforeFence) fail_here(before, after);
      });
      const std::string broken = subject_.carry_out(operation);
      subject_.memory.watch({});
      INFO(text(operation));
      REQUIRE(broken == "");
      fail_here(after, after);
      REQUIRE(wrong_ == 0);
    }
  }
  [[nodiscard]] std::uint64_t images() const { return images_; }

 private:
  Operation draw() {
    using Kind = Operation::Kind;
    const auto log = static_cast<std::uint32_t>(random_() % 2);
    switch (random_() % 6) {
      case 0:
      case 1:
        return {Kind::kAppend, log, random_() % (64 * kKiB)};
      case 2:
        return {Kind::kAppend, log, 64 * kKiB};
      case 3:
        return {Kind::kAdvance, log, 0, Operation::Where::kTail};
      default:
        return {Kind::kCommit};
    }
  }

  // Out of a thousand words, so many take their newest value.
  void fail_here(const AbstractPool& before, const AbstractPool& after) {
    for (const unsigned newest : {0U, 1U, 2U, 500U, 998U, 999U, 1000U, 1000U}) {
      for (int again = 0; again < (newest % 1000 == 0 ? 1 : 3); ++again) {
        image_.become_image(subject_.memory, [&](std::size_t options) -> std::size_t {
          return random_() % 1000 < newest ? options - 1 : random_() % (options - 1);
        });
        ++images_;
        const auto opened = PoolOf<Fault::kNone>::open(CrashMemoryRef(image_));
        if (!opened) {
          ++wrong_;
          return;
        }
        const auto found = seen(*opened);
        if (!shows(found, before) && !shows(found, after)) ++wrong_;
      }
    }
  }

  std::mt19937_64 random_;
  Scenario scenario_;
  Subject<Fault::kNone> subject_;
  CrashMemory image_;
  std::uint64_t images_ = 0;
  std::uint64_t wrong_ = 0;
};

TEST_CASE("sampled crashes of long appends recover to the state before or after") {
  const std::uint64_t seed = std::random_device()();
  INFO("seed " << seed);
  std::uint64_t images = 0;
  for (unsigned history = 0; history < kHistories; ++history) {
    LongCrashes crashes(history % 2 == 0 ? Commit::kStrict : Commit::kFast, seed + history);
    crashes.run();
    images += crashes.images();
  }
  std::cout << "seed " << seed << ", " << images << " images of appends of up to 64 KiB\n";
}

}  // namespace
}  // namespace quintet::pm_log::world
