// SPDX-License-Identifier: MIT
#include "ironkv/app/load_settings.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "ironkv/app/load_values.hpp"

namespace quintet::ironkv::app {
namespace {

// `least` to `most`, in decimal digits.
template <class Number>
Outcome<void> read_number(std::string_view key, std::string_view text, std::uint64_t least,
                          std::uint64_t most, Number& number) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
    return bad_input(
        fmt::format("{}={}: a number from {} to {} is needed", key, text, least, most));
  }
  number = static_cast<Number>(value);
  return {};
}

Outcome<void> read_workload(std::string_view text, LoadSettings& settings) {
  if (text != "g" && text != "s" && text != "f") {
    return bad_input(
        fmt::format("workload={}: write g (get), s (set) or f (a test of moving keys)", text));
  }
  settings.workload = text == "g" ? Workload::kGet : Workload::kSet;
  settings.reads = text == "g" ? 100 : 0;
  settings.functional = text == "f";
  return {};
}

}  // namespace

std::string_view to_string(Workload workload) {
  switch (workload) {
    case Workload::kGet:
      return "get";
    case Workload::kSet:
      return "set";
    case Workload::kMix:
      break;
  }
  return "mix";
}

std::string_view to_string(KeyOrder order) {
  return order == KeyOrder::kRandom ? "random" : "sequential";
}

Outcome<void> apply_key_value(std::string_view argument, LoadSettings& settings) {
  const std::size_t equals = argument.find('=');
  const std::string_view key = argument.substr(0, equals);
  const std::string_view value =
      equals == std::string_view::npos ? "" : argument.substr(equals + 1);
  if (key == "nthreads") return read_number(key, value, 1, 10'000, settings.clients);
  if (key == "duration") return read_number(key, value, 0, 100'000'000, settings.duration);
  if (key == "numkeys") return read_number(key, value, 1, UINT32_MAX, settings.keys);
  if (key == "valuesize" || key == "valsize") {
    return read_number(key, value, 0, kMostValueBytes, settings.value_bytes);
  }
  if (key == "workload") return read_workload(value, settings);
  if (key == "verbose" && (value == "true" || value == "false")) return {};
  return bad_input(fmt::format(
      "'{}' is no setting: there are nthreads, duration, workload, numkeys, valuesize (each with = "
      "and a value) and verbose=true or verbose=false",
      argument));
}

void set_reference_defaults(LoadSettings& settings) {
  settings.reference = true;
  settings.overwrite = true;
  settings.clients = 1;
  settings.duration = 60;
  settings.warmup = 0;
  settings.workload = Workload::kSet;
  settings.reads = 0;
  settings.value_bytes = 1000;
}

Outcome<LoadSettings> checked(LoadSettings settings) {
  if (settings.servers.empty() && settings.service.empty()) {
    return bad_input("no servers are named: use --service FILE or --servers HOST:PORT,...");
  }
  auto cluster = settings.servers.empty() ? cluster_of_file(settings.service)
                                          : parse_servers(settings.servers);
  if (!cluster) return std::unexpected(cluster.error());
  settings.cluster = std::move(*cluster);
  if (settings.loops > settings.clients) {
    return bad_input(
        fmt::format("{} loops for {} clients: each loop needs a client, so use "
                    "--loops {} at most",
                    settings.loops, settings.clients, settings.clients));
  }
  if (settings.first_key > ~Key{0} - (settings.keys - 1)) {
    return bad_input(fmt::format("{} keys from {} on: there is no key above {}", settings.keys,
                                 settings.first_key, ~Key{0}));
  }
  if (settings.check && settings.value_bytes < kStampBytes) {
    return bad_input(fmt::format(
        "--check needs values of at least {} bytes, in which they say who wrote them: {} are too "
        "few",
        kStampBytes, settings.value_bytes));
  }
  if (settings.reference && settings.json == "-") {
    return bad_input(
        "--json - and the reference's lines are both for the standard output: write "
        "--json FILE");
  }
  if (settings.functional && settings.cluster.servers.size() < 2) {
    return bad_input("workload=f moves keys to a second server: name at least two");
  }
  return settings;
}

}  // namespace quintet::ironkv::app
