// SPDX-License-Identifier: MIT
// A family whose cases meet every fate that a case can meet; output_test.sh looks at them.
#include <chrono>
#include <limits>
#include <stdexcept>
#include <thread>

#include "support/case.hpp"
#include "support/context.hpp"
#include "support/flags.hpp"
#include "support/run.hpp"
#include "support/team_run.hpp"

namespace quintet::bench {
namespace {

CountFlag pages("pages", "how much there is to do",
                {.value = 10'000, .quick = 100, .min = 10, .max = 1'000'000});

FolderFlag folder("folder", "where things are", "/tmp");

Outcome sleep_long() {
  std::this_thread::sleep_for(std::chrono::seconds(60));
  return Sample::per_op(60, 1);
}

}  // namespace

void register_cases() {
  add_fact("qt_sample_fact", [] { return folder.value() == "/tmp" ? "there" : "elsewhere"; });
  register_case("sample/null/harness", [] { return Sample::per_op(1e-6, pages.value()); });
  register_case("sample/work/quintet", [] {
    return Sample::per_op(1e-3, pages.value()).with("pages", static_cast<double>(pages.value()));
  });
  register_case("sample/zero/quintet", [] { return Sample{1e-3}.with("nothing", 0); });
  register_case("sample/team/quintet/threads:2",
                [] { return run_team(2, [](std::size_t) { return 64u; }); });
  register_case("sample/skip/rival", [] { return skip("librival-dev"); });
  register_case("sample/fail/quintet", [] { return fail("it went wrong"); });
  register_case("sample/throw/quintet",
                []() -> Outcome { throw std::runtime_error("it threw this"); });
  register_case("sample/nan/quintet",
                [] { return Sample{1e-3}.with("bad", std::numeric_limits<double>::quiet_NaN()); });
  register_case("sample/inf/quintet",
                [] { return Sample{1e-3}.with("bad", std::numeric_limits<double>::infinity()); });
  register_case("sample/sleep/quintet", sleep_long);
}

}  // namespace quintet::bench
