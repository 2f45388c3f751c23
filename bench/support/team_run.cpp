// SPDX-License-Identifier: MIT
#include "support/team_run.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "support/flags.hpp"

namespace quintet::bench {
namespace {

CountFlag team_ms("team_ms", "how long a team of threads runs, in milliseconds",
                  {.value = 200, .quick = 20, .min = 1, .max = 600'000});
ChoiceFlag pin("pin", "which hardware threads a team takes first",
               {"compact", "scatter", "one_per_core", "fill"});

// Shared by all teams of the process, which point to it.
const platform::Result<platform::Topology>& machine() {
  static const auto topology = platform::Topology::discover();
  return topology;
}

}  // namespace

std::vector<std::size_t> team_sizes() {
  const std::size_t all = machine() ? machine()->processing_units().size() : 1;
  if (quick()) return all > 1 ? std::vector<std::size_t>{1, 2} : std::vector<std::size_t>{1};
  std::vector<std::size_t> sizes;
  for (std::size_t size = 1; size < all; size *= 2) sizes.push_back(size);
  sizes.push_back(all);
  return sizes;
}

std::expected<platform::ThreadTeam, NoSample> make_team(std::size_t threads) {
  if (!machine()) return std::unexpected(NoSample{machine().error().message()});
  auto team = platform::ThreadTeam::create(*machine(), threads, pin.as<platform::PinPolicy>());
  if (!team) return std::unexpected(NoSample{team.error().message()});
  return std::move(*team);
}

std::chrono::milliseconds team_duration() {
  return std::chrono::milliseconds(static_cast<std::int64_t>(team_ms.value()));
}

Outcome team_sample(const platform::Result<platform::TeamRun>& run) {
  if (!run) return fail(run.error().message());
  const auto [fewest, most] = std::ranges::minmax_element(run->ops);
  if (run->ops.empty() || *most == 0) return fail("no thread did anything");
  return Sample{run->seconds}
      .with("mops", static_cast<double>(run->total_ops()) / run->seconds * 1e-6)
      .with("team_threads", static_cast<double>(run->ops.size()))
      .with("fairness", static_cast<double>(*fewest) / static_cast<double>(*most));
}

}  // namespace quintet::bench
