// SPDX-License-Identifier: MIT
#include <iostream>
#include <random>
#include <set>
#include <string>
#include <utility>

#include "base/assert.hpp"
#include "base/sanitizers.hpp"
#include "pm_log/test/world/script.hpp"
#include "testing/rapidcheck.hpp"

// P1 to P26 as far as they do not speak of failures (those: crash_model.cpp, media_model.cpp), on
// random histories; and that each of them can be broken.

namespace quintet::pm_log::world {

std::ostream& operator<<(std::ostream& out, const Draw& draw) {
  return out << "{" << draw.what << ", " << draw.log << ", " << draw.size << ", " << draw.aim
             << "}";
}
std::ostream& operator<<(std::ostream& out, const Script& script) {
  out << script.logs << " logs of " << script.lines << " lines, "
      << (script.fast ? "fast" : "strict");
  for (const Draw& draw : script.draws) out << "\n    " << draw;
  return out;
}

}  // namespace quintet::pm_log::world

namespace rc {

template <>
struct Arbitrary<quintet::pm_log::world::Draw> {
  static Gen<quintet::pm_log::world::Draw> arbitrary() {
    return gen::construct<quintet::pm_log::world::Draw>(gen::inRange(0, 10), gen::inRange(0, 4),
                                                        gen::inRange(0, 200), gen::inRange(0, 997));
  }
};

template <>
struct Arbitrary<quintet::pm_log::world::Script> {
  static Gen<quintet::pm_log::world::Script> arbitrary() {
    using quintet::pm_log::world::Draw;
    return gen::construct<quintet::pm_log::world::Script>(
        gen::inRange(1, 4), gen::inRange(1, 5), gen::arbitrary<bool>(),
        gen::container<std::vector<Draw>>(gen::arbitrary<Draw>()));
  }
};

}  // namespace rc

namespace quintet::pm_log::world {
namespace {

struct Broken {};

template <Fault kFault = Fault::kNone>
std::string violation(const Script& script) {
  const CheckHandler handler([](const BrokenCheck&) { throw Broken{}; });
  try {
    return Player<kFault>(script).play();
  } catch (const Broken&) {
    return "invariant";
  }
}

TEST_CASE("every random history is one of the spec P1 to P4 P6 to P10 P12 P14 P15 P17 to P22 P26") {
  std::uint64_t operations = 0;
  rc::prop("refines the abstract log", [&](const Script& script) {
    operations += script.draws.size();
    const std::string broken = violation(script);
    if (!broken.empty()) RC_FAIL(broken);
  });
  std::cout << operations << " random operations\n";
}

TEST_CASE("long random histories are of the spec") {
  constexpr int kHistories = kSanitized ? 20 : 500;
  const auto seed = std::random_device()();
  std::mt19937 random(seed);
  const auto below = [&](int limit) {
    return static_cast<int>(random() % static_cast<unsigned>(limit));
  };
  for (int i = 0; i < kHistories; ++i) {
    Script script{.logs = 1 + below(3), .lines = 1 + below(6), .fast = below(2) == 0};
    for (int n = 0; n < 2000; ++n) {
      script.draws.push_back({below(10), below(4), below(200), below(997)});
    }
    INFO("seed " << seed << ", history " << i);
    REQUIRE(violation(script) == "");
  }
  std::cout << 2000 * kHistories << " random operations\n";
}

// The faults that need no failure to show, and the properties that they may break.
template <Fault kFault>
void refuted(const std::set<std::string>& by) {
  std::mt19937 random(7);
  const auto below = [&](int limit) {
    return static_cast<int>(random() % static_cast<unsigned>(limit));
  };
  for (int i = 0; i < 2000; ++i) {
    Script script{.logs = 1 + below(3), .lines = 1 + below(3), .fast = false};
    for (int n = 0; n < 60; ++n) {
      script.draws.push_back({below(10), below(4), below(140), below(997)});
    }
    const std::string broken = violation<kFault>(script);
    if (broken.empty()) continue;
    std::cout << "refuted by " << broken << " in history " << i << "\n";
    CHECK(by.contains(broken));
    return;
  }
  FAIL_CHECK("no history shows the fault");
}

TEST_CASE("faults that need no failure are refuted by random histories") {
  refuted<Fault::kSpaceOffByOne>({"P9", "P10", "invariant"});
  refuted<Fault::kWrapOffByOne>({"invariant"});
  refuted<Fault::kAdvanceCommitsPending>({"P22", "P15"});
  refuted<Fault::kPartialLineForgotten>({"P26", "P18"});
  refuted<Fault::kLiveBytesOverwritten>({"P26", "P18"});
}

}  // namespace
}  // namespace quintet::pm_log::world
