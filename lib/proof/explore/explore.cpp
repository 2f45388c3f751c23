// SPDX-License-Identifier: MIT
#include "proof/explore/explore.hpp"

#include <memory>
#include <ostream>
#include <vector>

#include "proof/explore/sampling.hpp"

namespace quintet::proof::explore {
namespace {

// Long traces are those of loops: their ends are what one wants to see.
constexpr std::size_t kTraceBegin = 60;
constexpr std::size_t kTraceEnd = 60;

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  const bool cut = lines.size() > kTraceBegin + kTraceEnd;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (cut && i == kTraceBegin) {
      text += "      ... " + std::to_string(lines.size() - kTraceBegin - kTraceEnd) + " lines\n";
    }
    if (cut && i >= kTraceBegin && i < lines.size() - kTraceEnd) continue;
    text += lines[i] + "\n";
  }
  return text;
}

std::unique_ptr<Strategy> make_strategy(const Options& options) {
  if (options.samples > 0) {
    return std::make_unique<Sampling>(options.seed, options.samples, options.priority_drops);
  }
  return std::make_unique<Search>(options.model, options.reduction, options.preemptions);
}

Reach intended_reach(const Options& options) {
  if (options.samples > 0) return Reach::kSampled;
  return options.preemptions ? Reach::kBounded : Reach::kExhaustive;
}

std::string reach_text(const Report& report) {
  switch (report.reach) {
    case Reach::kExhaustive:
      return "exhaustive";
    case Reach::kBounded:
      return "bounded(" + std::to_string(*report.options.preemptions) + " preemptions)";
    case Reach::kSampled:
      return "sampled(" + std::to_string(report.options.samples) + " schedules, seed " +
             std::to_string(report.options.seed) + ")";
    default:
      return "cut short after max_executions = " + std::to_string(report.options.max_executions);
  }
}

}  // namespace

class Explorer {
 public:
  Explorer(const Program& program, Model model, std::size_t max_steps)
      : program_(program), execution_(model, max_steps) {}

  const Execution& run(Strategy& strategy, std::vector<std::string>* trace = nullptr) {
    const auto body = [this] {
      Run run(execution_);
      program_(run);
    };
    strategy.begin();
    execution_.run(body, strategy, trace);
    return execution_;
  }

 private:
  const Program& program_;
  Execution execution_;
};

Report replay(const Program& program, std::string_view token) {
  Report report;
  report.token = token;
  const auto refuse = [&report](const std::string& why) {
    report.failure = {FailureKind::kBadToken, "`" + report.token + "` " + why};
    return report;
  };
  const std::optional<Schedule> schedule = from_token(token);
  if (!schedule) {
    return refuse(
        "is no token: expected `views:` or `sequential:` and the digits, dashes and plus of a "
        "report");
  }
  report.options.model = schedule->model;
  report.executions = 1;
  Explorer explorer(program, schedule->model, schedule->choices.size());
  Replay strategy(schedule->choices);
  std::vector<std::string> trace;
  const Execution& execution = explorer.run(strategy, &trace);
  report.steps = execution.events().size();
  report.trace = joined(trace);
  report.failure = execution.failure();
  if (strategy.made() < schedule->choices.size()) {
    return refuse("does not fit this program from step " + std::to_string(strategy.made() + 1) +
                  " on: use a token of its report");
  }
  if (report.failure.kind == FailureKind::kLivelock && !schedule->endless) {
    return refuse("ends before this program does: it is not whole, or the program has changed");
  }
  return report;
}

Report explore(const Program& program, const Options& options) {
  Report report;
  report.options = options;
  report.reach = intended_reach(options);
  Explorer explorer(program, options.model, options.max_steps);
  const std::unique_ptr<Strategy> strategy = make_strategy(options);
  do {
    if (report.executions + report.pruned == options.max_executions) {
      report.reach = Reach::kCutShort;
      break;
    }
    const Execution& execution = explorer.run(*strategy);
    report.steps += execution.events().size();
    ++(execution.given_up() ? report.pruned : report.executions);
    if (execution.failure().kind == FailureKind::kNone) continue;
    if (++report.failed == 1) {
      report.failure = execution.failure();
      report.token = to_token(options.model, execution.events(),
                              report.failure.kind == FailureKind::kLivelock);
      report.trace = replay(program, report.token).trace;
    }
    if (!options.keep_going) break;
  } while (strategy->advance());
  return report;
}

const char* to_string(Model model) { return model == Model::kViews ? "views" : "sequential"; }

const char* to_string(FailureKind kind) {
  switch (kind) {
    case FailureKind::kNone:
      return "held";
    case FailureKind::kCheck:
      return "check failed";
    case FailureKind::kException:
      return "exception";
    case FailureKind::kDataRace:
      return "data race";
    case FailureKind::kUnfinishedCell:
      return "unfinished cell";
    case FailureKind::kDeadlock:
      return "deadlock";
    case FailureKind::kLivelock:
      return "livelock";
    case FailureKind::kBadToken:
      return "bad token";
  }
  return "unknown";
}

std::string Report::summary() const {
  std::string text = std::string(to_string(failure.kind)) + ", " + to_string(options.model);
  if (held()) text += ", " + reach_text(*this);
  return text + ": " + std::to_string(executions) + " executions, " + std::to_string(pruned) +
         " pruned, " + std::to_string(steps) + " steps";
}

std::ostream& operator<<(std::ostream& out, const Report& report) {
  out << report.summary() << "\n";
  if (report.held()) return out;
  return out << report.trace << to_string(report.failure.kind) << ": " << report.failure.text
             << "\nreplay(program, \"" << report.token << "\")\n";
}

}  // namespace quintet::proof::explore
