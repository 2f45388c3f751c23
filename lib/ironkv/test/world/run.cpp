// SPDX-License-Identifier: MIT
#include "ironkv/test/world/run.hpp"

#include <array>
#include <charconv>
#include <iterator>
#include <sstream>
#include <utility>
#include <vector>

namespace quintet::ironkv::world {
namespace {

struct Number {
  const char* name;
  std::uint32_t ClusterOptions::* member;
  std::uint32_t least;
  std::uint32_t most;
};
constexpr std::array kNumbers = {
    Number{"hosts", &ClusterOptions::hosts, 1, 8},
    Number{"clients", &ClusterOptions::clients, 1, 8},
    Number{"keys", &ClusterOptions::keys, 1, static_cast<std::uint32_t>(kKeys.size())},
    Number{"calls", &ClusterOptions::open_calls, 1, 64},
};

struct Flag {
  const char* name;
  bool ClusterOptions::* member;
};
constexpr std::array kFlags = {
    Flag{"loses", &ClusterOptions::loses},           Flag{"repeats", &ClusterOptions::repeats},
    Flag{"reorders", &ClusterOptions::reorders},     Flag{"cuts", &ClusterOptions::cuts},
    Flag{"reconnects", &ClusterOptions::reconnects}, Flag{"crashes", &ClusterOptions::crashes},
    Flag{"forgets", &ClusterOptions::forgets},       Flag{"reshards", &ClusterOptions::reshards},
    Flag{"stranger", &ClusterOptions::has_stranger},
};

bool parse_number(std::string_view text, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

bool parse_flags(std::string_view text, ClusterOptions& options) {
  for (const Flag& flag : kFlags) options.*flag.member = false;
  while (!text.empty()) {
    const std::string_view name = text.substr(0, text.find(','));
    bool is_known = name == "none";
    for (const Flag& flag : kFlags) {
      if (name != flag.name) continue;
      options.*flag.member = true;
      is_known = true;
    }
    if (!is_known) return false;
    text.remove_prefix(std::min(text.size(), name.size() + 1));
  }
  return true;
}

bool parse_word(std::string_view word, Run& run) {
  const std::size_t colon = word.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view name = word.substr(0, colon);
  const std::string_view rest = word.substr(colon + 1);
  if (name == "faults") return parse_flags(rest, run.options);
  std::uint64_t value = 0;
  if (!parse_number(rest, value)) return false;
  if (name == "seed") return run.seed = value, true;
  if (name == "steps") return run.steps = value, true;
  for (const Number& number : kNumbers) {
    if (name != number.name) continue;
    run.options.*number.member = static_cast<std::uint32_t>(value);
    return value >= number.least && value <= number.most;
  }
  return false;
}

// One thing less: a node, a key, a kind of fault.
std::vector<ClusterOptions> simpler(const ClusterOptions& options) {
  std::vector<ClusterOptions> all;
  for (const Flag& flag : kFlags) {
    if (!(options.*flag.member)) continue;
    all.push_back(options);
    all.back().*flag.member = false;
  }
  for (const Number& number : kNumbers) {
    if (options.*number.member <= number.least) continue;
    all.push_back(options);
    --(all.back().*number.member);
  }
  return all;
}

// The seed whose run fails after the fewest steps.
std::optional<Failure> shortest(const RunFunction& function, const ClusterOptions& options,
                                std::uint64_t steps, std::uint64_t seeds, std::uint64_t& tried) {
  std::optional<Failure> best;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Run run{options, seed, steps};
    const RunResult result = function(run);
    ++tried;
    if (!result.violation || (best && result.steps >= best->run.steps)) continue;
    // One that is found in the quiet after the run needs all of its steps before that.
    best = Failure{{options, seed, std::min(result.steps, run.steps)}, *result.violation};
    steps = best->run.steps;
  }
  return best;
}

Failure shrink(const RunFunction& function, Failure failure, std::uint64_t seeds) {
  bool is_smaller = true;
  while (is_smaller) {
    is_smaller = false;
    for (const ClusterOptions& options : simpler(failure.run.options)) {
      const std::uint64_t steps = std::min<std::uint64_t>(2 * failure.run.steps, 5'000);
      auto found = shortest(function, options, steps, seeds, failure.tried);
      if (!found) continue;
      found->tried = failure.tried;
      failure = *found;
      is_smaller = true;
      break;
    }
  }
  // What shows only in the quiet after a run may need less of it.
  for (std::uint64_t steps = failure.run.steps / 2; steps > 0; steps /= 2) {
    const Run half{failure.run.options, failure.run.seed, steps};
    const RunResult result = function(half);
    ++failure.tried;
    if (!result.violation) break;
    failure.run = half;
    failure.violation = *result.violation;
  }
  return failure;
}

}  // namespace

RunResult run_real(const Run& run) { return run_cluster<Fault::kNone>(run); }

std::string to_text(const Run& run) {
  std::ostringstream text;
  for (const Number& number : kNumbers) {
    text << number.name << ':' << run.options.*number.member << ' ';
  }
  std::string flags;
  for (const Flag& flag : kFlags) {
    if (run.options.*flag.member) flags += (flags.empty() ? "" : ",") + std::string(flag.name);
  }
  text << "faults:" << (flags.empty() ? "none" : flags) << " seed:" << run.seed
       << " steps:" << run.steps;
  return text.str();
}

std::optional<Run> parse_run(std::string_view text) {
  Run run;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    if (!parse_word(word, run)) return std::nullopt;
  }
  return run;
}

ClusterOptions variant(std::uint64_t number) {
  ClusterOptions options;
  switch (number % kVariants) {
    case 0:
      break;
    case 1:
      options.crashes = false;
      break;
    case 2:  // as over TCP: in order, and lost only with the connection
      options.loses = options.repeats = options.reorders = options.cuts = false;
      break;
    case 3:
      options = {.hosts = 2, .clients = 1, .keys = 2, .open_calls = 6};
      break;
    case 4:
      options = {.hosts = 4, .clients = 3, .keys = 8, .open_calls = 3};
      break;
    case 5:  // hosts keep nothing
      options.crashes = false;
      options.forgets = true;
      options.hosts = 3 + static_cast<std::uint32_t>(number / kVariants) % 2;
      break;
    default:  // nothing goes wrong but that ranges move
      options.loses = options.repeats = options.cuts = options.crashes = false;
      options.has_stranger = false;
      break;
  }
  return options;
}

std::optional<Failure> find_failure(const RunFunction& function, std::uint64_t runs,
                                    std::uint64_t steps, std::uint64_t seeds) {
  for (std::uint64_t number = 0; number < runs; ++number) {
    const Run run{variant(number), number + 1, steps};
    const RunResult result = function(run);
    if (!result.violation) continue;
    const std::uint64_t until = std::min(result.steps, steps);
    return shrink(function, {{run.options, run.seed, until}, *result.violation, number + 1}, seeds);
  }
  return std::nullopt;
}

}  // namespace quintet::ironkv::world
