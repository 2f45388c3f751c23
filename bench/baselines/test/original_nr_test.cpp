// SPDX-License-Identifier: MIT
#include "baselines/original_nr.hpp"

#include <atomic>
#include <bit>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/atomics.hpp"
#include "testing/catch.hpp"

namespace {

using quintet::StdAtomics;
using quintet::baselines::GaveUp;
using quintet::baselines::IronsyncNr;
using quintet::baselines::OriginalNr;
using quintet::baselines::UpstreamNr;
using quintet::baselines::VerifiedNr;

struct Counter {
  struct WriteOp {
    std::uint64_t add;
  };
  std::uint64_t value = 0;
  std::uint64_t apply(const WriteOp& op) { return value += op.add; }
};

struct Flag {
  struct WriteOp {
    bool value;
  };
  bool value = false;
  bool apply(const WriteOp& op) { return std::exchange(value, op.value); }
};

// Operations and data on the heap, and no response.
struct Text {
  struct WriteOp {
    std::string append;
  };
  std::unique_ptr<std::string> text = std::make_unique<std::string>();
  void apply(const WriteOp& op) { *text += op.append; }
};

template <class Traits>
constexpr std::uint64_t kShortLog = std::bit_ceil(2 * Traits::kGcMargin);

template <class D, class Traits>
using Nr = OriginalNr<D, StdAtomics, Traits>;

std::uint64_t value_of(const Counter& counter) { return counter.value; }

TEMPLATE_TEST_CASE("an original applies writes in order over many laps of its log", "", UpstreamNr,
                   VerifiedNr, IronsyncNr) {
  Nr<Counter, TestType> nr(2, kShortLog<TestType>, [](std::size_t) { return Counter{}; });
  const auto first = nr.register_thread(0).value();
  const auto second = nr.register_thread(1).value();
  std::uint64_t sum = 0;
  bool responses_hold = true;
  bool reads_hold = true;
  for (std::uint64_t i = 0; i < 5 * kShortLog<TestType>; ++i) {
    const auto writer = i % 3 == 0 ? first : second;
    sum += i;
    responses_hold &= nr.write(writer, {i}) == sum;
    // Somebody must look, or the idle replica stops everybody.
    reads_hold &= nr.read(i % 2 == 0 ? first : second, value_of) == sum;
  }
  CHECK(responses_hold);
  CHECK(reads_hold);
}

TEMPLATE_TEST_CASE("an original carries operations and structures that own memory", "", UpstreamNr,
                   VerifiedNr, IronsyncNr) {
  Nr<Text, TestType> nr(2, kShortLog<TestType>, [](std::size_t) { return Text{}; });
  const auto first = nr.register_thread(0).value();
  const auto second = nr.register_thread(1).value();
  const std::string part(40, 'x');
  nr.write(first, {part});
  nr.write(second, {"y"});
  for (const auto token : {first, second}) {
    CHECK(nr.read(token, [](const Text& text) { return *text.text; }) == part + "y");
  }
}

TEMPLATE_TEST_CASE("an original hands back truth values", "", UpstreamNr, VerifiedNr, IronsyncNr) {
  Nr<Flag, TestType> nr(1, 0, [](std::size_t) { return Flag{}; });
  const auto token = nr.register_thread(0).value();
  CHECK(!nr.write(token, {true}));
  CHECK(nr.write(token, {false}));
  CHECK(!nr.write(token, {false}));
}

TEMPLATE_TEST_CASE("an original refuses replicas and threads and logs that it cannot have", "",
                   UpstreamNr, VerifiedNr, IronsyncNr) {
  const auto make = [](std::size_t) { return Counter{}; };
  CHECK_THROWS_AS((Nr<Counter, TestType>(0, 0, make)), std::invalid_argument);
  CHECK_THROWS_AS((Nr<Counter, TestType>(TestType::kMaxReplicas + 1, 0, make)),
                  std::invalid_argument);
  CHECK_THROWS_AS((Nr<Counter, TestType>(1, kShortLog<TestType> / 2, make)), std::invalid_argument);
  CHECK_THROWS_AS((Nr<Counter, TestType>(1, 3 * kShortLog<TestType>, make)), std::invalid_argument);
  Nr<Counter, TestType> nr(1, 0, make);
  CHECK(!nr.register_thread(1));
  for (std::size_t i = 0; i < TestType::kThreads; ++i) CHECK(nr.register_thread(0));
  CHECK(!nr.register_thread(0));
}

// Every thread adds 1 and reads in turn. All threads go on reading until all have written, so that
// no replica is idle.
template <class Traits>
void count_together(std::size_t replicas, std::size_t threads, std::uint64_t writes) {
  std::atomic<bool> give_up = false;
  Nr<Counter, Traits> nr(
      replicas, kShortLog<Traits>, [](std::size_t) { return Counter{}; }, &give_up);
  std::vector<std::vector<std::uint64_t>> responses(threads);
  std::atomic<std::size_t> writing = threads;
  std::atomic<bool> reads_hold = true;
  std::vector<std::jthread> team;
  for (std::size_t t = 0; t < threads; ++t) {
    const auto token = nr.register_thread(t % replicas).value();
    team.emplace_back([&, t, token] {
      std::uint64_t last = 0;
      for (std::uint64_t i = 0; i < writes; ++i) {
        responses[t].push_back(nr.write(token, {1}));
        const std::uint64_t seen = nr.read(token, value_of);
        if (seen < responses[t].back() || responses[t].back() <= last) reads_hold = false;
        last = seen;
      }
      --writing;
      while (writing > 0) {
        nr.read(token, value_of);
        std::this_thread::yield();
      }
    });
  }
  team.clear();
  CHECK(reads_hold);
  std::vector<bool> given(threads * writes + 1);
  for (const auto& mine : responses) {
    for (const std::uint64_t response : mine) {
      REQUIRE((response >= 1 && response <= threads * writes));
      CHECK(!given[response]);
      given[response] = true;
    }
  }
}

TEMPLATE_TEST_CASE("threads of an original count every number once", "", UpstreamNr, VerifiedNr,
                   IronsyncNr) {
  count_together<TestType>(1, 2, 3000);
  count_together<TestType>(2, 2, 3000);
  if (TestType::kMask) count_together<TestType>(2, 2, 20000);  // beyond the end of its longer log
}

TEMPLATE_TEST_CASE("an original stands still behind an idle replica until it is given up", "",
                   UpstreamNr, VerifiedNr, IronsyncNr) {
  std::atomic<bool> give_up = false;
  Nr<Counter, TestType> nr(2, kShortLog<TestType>, [](std::size_t) { return Counter{}; }, &give_up);
  const auto token = nr.register_thread(0).value();
  std::atomic<std::uint64_t> done = 0;
  std::atomic<bool> gave_up = false;
  std::jthread writer([&] {
    try {
      for (;;) {
        nr.write(token, {1});
        ++done;
      }
    } catch (const GaveUp&) {
      gave_up = true;
    }
  });
  while (done + TestType::kGcMargin + 1 < kShortLog<TestType>) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const std::uint64_t stuck_at = done;
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(done == stuck_at);
  CHECK(stuck_at <= kShortLog<TestType>);
  CHECK(!gave_up);
  give_up = true;
  writer.join();
  CHECK(gave_up);
}

}  // namespace
