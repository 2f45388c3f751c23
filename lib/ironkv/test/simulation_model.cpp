// SPDX-License-Identifier: MIT
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "base/sanitizers.hpp"
#include "ironkv/test/world/run.hpp"
#include "testing/catch.hpp"

// Hosts and clients on a network that goes wrong, by seed: all invariants after every step, and
// every call answered as one atomic table would. A run that fails is made small and printed;
// QT_IRONKV_RUN='<that line>' runs it again, here and under a debugger.
namespace quintet::ironkv::world {
namespace {

// Instrumented code is slower, and looks for other things.
constexpr std::uint64_t kSteps = kSanitized ? 10'000 : 250'000;
constexpr std::uint64_t kSeedsOfAPart = 105;

// Tests of CTest run beside each other: the seeds are split in parts of the same kinds.
void run_part(std::uint64_t part) {
  std::uint64_t steps = 0;
  std::uint64_t calls = 0;
  std::uint64_t crashes = 0;
  for (std::uint64_t number = part * kSeedsOfAPart; number < (part + 1) * kSeedsOfAPart; ++number) {
    const Run run{variant(number), number + 1, kSteps};
    const RunResult result = run_real(run);
    steps += result.steps;
    calls += result.calls;
    crashes += result.crashes;
    if (!result.violation) continue;
    const std::optional<Failure> small =
        find_failure([&](const Run& tried) { return run_real(tried); }, number + 1, kSteps);
    FAIL(*result.violation << "\n  " << to_text(run) << "\nsmaller: "
                           << (small ? small->violation + "\n  " + to_text(small->run) : "none"));
  }
  std::printf("simulated: %llu seeds, %llu steps, %llu calls, %llu crashes\n",
              static_cast<unsigned long long>(kSeedsOfAPart),
              static_cast<unsigned long long>(steps), static_cast<unsigned long long>(calls),
              static_cast<unsigned long long>(crashes));
  CHECK(steps >= kSeedsOfAPart * kSteps);
  CHECK(calls > kSeedsOfAPart * kSteps / 200);
  CHECK(crashes > 0);
}

}  // namespace

TEST_CASE("simulated clusters keep all invariants: first part of the seeds") { run_part(0); }
TEST_CASE("simulated clusters keep all invariants: second part of the seeds") { run_part(1); }
TEST_CASE("simulated clusters keep all invariants: third part of the seeds") { run_part(2); }
TEST_CASE("simulated clusters keep all invariants: fourth part of the seeds") { run_part(3); }

// The oracle above knows when hosts carry requests out. This judge does not.
TEST_CASE("histories of simulated clusters are linearizable") {
  constexpr std::uint64_t kHistories = 300;
  std::uint64_t calls = 0;
  std::uint64_t histories = 0;
  for (std::uint64_t number = 0; histories < kHistories; ++number) {
    Run run{variant(number), 1'000 + number, kSteps / 25};
    if (run.options.forgets) continue;  // and so is no table
    ++histories;
    run.options.is_recorded = true;
    const RunResult result = run_real(run);
    const auto judgement = testing::judge_linearizability(RegisterModel(), result.history);
    INFO(to_text(run) << "\n" << judgement.explanation);
    REQUIRE(judgement.outcome == testing::Linearizable::kYes);
    calls += result.history.size();
  }
  std::printf("judged: %llu histories, %llu calls\n", static_cast<unsigned long long>(kHistories),
              static_cast<unsigned long long>(calls));
  CHECK(calls > kHistories);
}

TEST_CASE("the run of QT_IRONKV_RUN keeps all invariants") {
  const char* text = std::getenv("QT_IRONKV_RUN");
  if (text == nullptr) return;
  const std::optional<Run> run = parse_run(text);
  if (!run) FAIL("QT_IRONKV_RUN is '" << text << "': use a line like " << to_text({}));
  const RunResult result = run_real(*run);
  INFO(to_text(*run) << " ended after " << result.steps << " steps");
  CHECK(result.violation.value_or("") == "");
}

TEST_CASE("a run repeats to the step") {
  for (std::uint64_t number = 0; number < kVariants; ++number) {
    const Run run{variant(number), 77 + number, 5'000};
    const RunResult once = run_real(run);
    const RunResult again = run_real(run);
    CHECK(once.calls == again.calls);
    CHECK(once.steps == again.steps);
    CHECK(once.crashes == again.crashes);
  }
}

TEST_CASE("a run is named by its text") {
  Run run{variant(3), 17, 93};
  run.options.loses = false;
  const std::optional<Run> parsed = parse_run(to_text(run));
  REQUIRE(parsed);
  CHECK(to_text(*parsed) == to_text(run));
  CHECK_FALSE(parse_run("hosts:0"));
  CHECK_FALSE(parse_run("keys:9"));
  CHECK_FALSE(parse_run("faults:rain"));
  CHECK_FALSE(parse_run("seed"));
  CHECK_FALSE(parse_run("seed:x"));
}

}  // namespace quintet::ironkv::world
