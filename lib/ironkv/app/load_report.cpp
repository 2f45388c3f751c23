// SPDX-License-Identifier: MIT
#include "ironkv/app/load_report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace quintet::ironkv::app {
namespace {

using Json = nlohmann::ordered_json;

double us(std::uint64_t ns) { return static_cast<double>(ns) * 1e-3; }

double per_second(const LoadResult& result) {
  return result.seconds > 0 ? static_cast<double>(result.tally.in_time) / result.seconds : 0;
}

std::string latency_text(const char* name, const LatencyHistogram& found) {
  if (found.count() == 0) return "";
  return fmt::format(
      "{:<12}mean {:.1f} us, p50 {:.1f}, p90 {:.1f}, p99 {:.1f}, p99.9 {:.1f}, max {:.1f}\n", name,
      found.mean() * 1e-3, us(found.percentile(0.5)), us(found.percentile(0.9)),
      us(found.percentile(0.99)), us(found.percentile(0.999)), us(found.most()));
}

std::string errors_text(const Tally& tally) {
  if (tally.failures() == 0) return "errors      none\n";
  std::string text;
  const auto add = [&](std::uint64_t count, const char* what) {
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
  };
  add(tally.timed_out, "timed out");
  add(tally.wrong, "wrong values");
  add(tally.unknown_owner, "with servers that are not in the list");
  add(tally.refused, "not taken");
  add(tally.unsent, "not sent in time");
  return fmt::format("errors      {}\n            the first one: {}\n", text, tally.trouble);
}

Json latency_json(const LatencyHistogram& found) {
  return {{"count", found.count()},
          {"mean", found.mean() * 1e-3},
          {"min", us(found.least())},
          {"p50", us(found.percentile(0.5))},
          {"p90", us(found.percentile(0.9))},
          {"p99", us(found.percentile(0.99))},
          {"p999", us(found.percentile(0.999))},
          {"max", us(found.most())}};
}

Json settings_json(const LoadSettings& s) {
  Json servers = Json::array();
  for (const ServerAddress& server : s.cluster.servers) servers.push_back(server.to_string());
  return {{"servers", servers},
          {"tls", s.cluster.use_tls},
          {"clients", s.clients},
          {"loops", s.loops},
          {"duration", s.duration},
          {"warmup", s.warmup},
          {"workload", to_string(s.workload)},
          {"reads", s.reads},
          {"first_key", s.first_key},
          {"keys", s.keys},
          {"value_bytes", s.value_bytes},
          {"order", to_string(s.order)},
          {"seed", s.seed},
          {"depth", s.most_open()},
          {"rate", s.rate},
          {"timeout_ms", s.timeout_ms},
          {"busy_poll_us", s.busy_poll_us},
          {"preload", s.preload},
          {"check", s.check},
          {"reference", s.reference}};
}

}  // namespace

std::string report_text(const LoadSettings& settings, const LoadResult& result) {
  const Tally& tally = result.tally;
  std::string text =
      fmt::format("throughput  {:.0f} requests/s in {:.1f} s{}\n", per_second(result),
                  result.seconds, result.is_cut ? ", when a signal ended it" : "");
  if (settings.rate > 0) {
    text += fmt::format("offered     {} requests/s\n", settings.rate);
  }
  text += latency_text("latency", tally.latencies());
  if (settings.workload == Workload::kMix) {
    text += latency_text("  of gets", tally.reads) + latency_text("  of sets", tally.writes);
  }
  if (tally.absent > 0)
    text += fmt::format("absent      {} gets of keys without a value\n", tally.absent);
  if (tally.abandoned > 0) text += fmt::format("left        {} requests\n", tally.abandoned);
  return text + errors_text(tally);
}

std::string report_json(const LoadSettings& settings, const LoadResult& result) {
  const Tally& tally = result.tally;
  Json json = {{"program", "ironkv-load"},
               {"version", IRONKV_VERSION},
               {"settings", settings_json(settings)},
               {"seconds", result.seconds},
               {"ended_by_signal", result.is_cut},
               {"requests", tally.in_time},
               {"requests_per_second", per_second(result)}};
  json["offered_per_second"] = settings.rate > 0 ? Json(settings.rate) : Json();
  json["latency_us"] = latency_json(tally.latencies());
  json["read_latency_us"] = latency_json(tally.reads);
  json["write_latency_us"] = latency_json(tally.writes);
  json["absent"] = tally.absent;
  json["abandoned"] = tally.abandoned;
  json["errors"] = {{"timed_out", tally.timed_out},
                    {"wrong_value", tally.wrong},
                    {"unknown_owner", tally.unknown_owner},
                    {"refused", tally.refused},
                    {"unsent", tally.unsent},
                    {"first", tally.trouble}};
  return json.dump(2) + "\n";
}

}  // namespace quintet::ironkv::app
