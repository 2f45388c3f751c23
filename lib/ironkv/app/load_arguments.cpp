// SPDX-License-Identifier: MIT
#include "ironkv/app/load_arguments.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

#include "ironkv/app/config_file.hpp"
#include "ironkv/app/load_schedule.hpp"

namespace quintet::ironkv::app {
namespace {

constexpr const char* kAbout =
    "Drives load against the running servers of an IronKV service and tells throughput, latencies "
    "and errors. Each client is somebody else to the servers, with connections of his own.";
constexpr const char* kFooter =
    "Examples, against `ironkv-server --cluster 3`:\n"
    "  s=127.0.0.1:4001,127.0.0.1:4002,127.0.0.1:4003\n"
    "  ironkv-load --servers $s                          10 clients read 1000 keys for 30 s\n"
    "  ironkv-load --servers $s --workload mix --reads 90 --order random --check\n"
    "                                                    and look at each value that they read\n"
    "  ironkv-load --servers $s --clients 1 --depth 64   64 requests on one connection\n"
    "  ironkv-load --servers $s --rate 20000             as users come, who do not wait for each\n"
    "      other: 20000 requests per second are due, and a latency begins when its request is "
    "due,\n"
    "      so that a server which stood still has made all of them wait\n"
    "  ironkv-load --servers $s --report-every 1 --json result.json\n"
    "As the client of the original, whose output it has, with a line for each request:\n"
    "  ironkv-load shop.IronSHT.service.txt nthreads=10 duration=30 workload=g numkeys=1000 "
    "valuesize=128\n"
    "workload=f moves keys 125 to 174 to the second server and reads one there.\n\n"
    "SIGINT and SIGTERM end it early, with a report; a second one at once. Percentiles are of\n"
    "answered requests, and within 0.4 % of the exact ones.\n"
    "Exit status: 0 done, 1 a request failed or a value was wrong, 2 wrong arguments or files.";

struct Given {
  LoadSettings settings;
  std::string workload = "get";
  std::string order = "sequential";
  std::uint32_t reads = 50;
  std::vector<std::string> positional;
};

template <class Number, class Bound>
void add_number(CLI::App& app, const char* name, Number& number, const char* about, Bound least,
                Bound most) {
  app.add_option(name, number, about)->check(CLI::Range(least, most))->capture_default_str();
}

void add_whom(CLI::App& app, Given& given) {
  LoadSettings& s = given.settings;
  auto* const file = app.add_option("--service", s.service, "The service file; TLS as it says");
  app.add_option("--servers", s.servers,
                 "All servers of a plain service without a file, as ironkv-server --cluster prints "
                 "them: HOST:PORT,...")
      ->excludes(file);
  app.add_option("arguments", given.positional,
                 "As the original's: SERVICE-FILE and key=value, which is as --reference")
      ->configurable(false);
  app.add_flag("--reference", s.reference,
               "The defaults and the output of the original's client: 1 client, 60 s, set, 1000 "
               "bytes, no warm-up, and a line for each request");
}

void add_what(CLI::App& app, Given& given) {
  LoadSettings& s = given.settings;
  app.add_option("--workload", given.workload, "What clients do: get, set or mix")
      ->check(CLI::IsMember({"get", "set", "mix"}))
      ->capture_default_str();
  add_number(app, "--reads", given.reads, "Percent of the requests of a mix", 0, 100);
  add_number(app, "--keys", s.keys, "How many keys, from --first-key on", std::uint64_t{1},
             std::uint64_t{UINT32_MAX});
  app.add_option("--first-key", s.first_key, "The first of them")->capture_default_str();
  add_number(app, "--value-bytes", s.value_bytes, "Of each value", 0,
             static_cast<int>(kMostValueBytes));
  app.add_option("--order", given.order,
                 "Of the keys: sequential (each client's request n is about key --first-key + n "
                 "mod --keys) or random")
      ->check(CLI::IsMember({"sequential", "random"}))
      ->capture_default_str();
  add_number(app, "--seed", s.seed, "Of what is random", std::uint64_t{0},
             std::uint64_t{INT64_MAX});
  app.add_flag("--preload,!--no-preload", s.preload,
               "Set all keys before the clients begin (the default)");
  app.add_flag("--overwrite", s.overwrite,
               "Set keys also where somebody else has stored values. Without it none is set then; "
               "the original's client always does");
  app.add_flag("--check", s.check,
               "See whether each value that is read was written, to that key, and is whole");
}

void add_how(CLI::App& app, Given& given) {
  LoadSettings& s = given.settings;
  add_number(app, "--clients", s.clients, "At a time", 1, 10'000);
  add_number(app, "--loops", s.loops, "Threads that the clients share", 1, 1024);
  add_number(app, "--depth", s.depth,
             "Requests that a client has on their way at most; 0: 1, or 1024 with --rate", 0,
             32'768);
  add_number(app, "--rate", s.rate,
             "Requests per second of all clients together, on a fixed schedule; 0: each client "
             "sends the next one when one is answered",
             std::uint64_t{0}, kMostRate);
  add_number(app, "--duration", s.duration, "Seconds that are measured; 0: until a signal", 0.0,
             1e8);
  add_number(app, "--warmup", s.warmup, "Seconds before that, which are not", 0.0, 1e6);
  add_number(app, "--timeout-ms", s.timeout_ms, "Time for an answer", 1, 3'600'000);
  add_number(app, "--busy-poll-us", s.busy_poll_us,
             "A loop looks for answers so long before it sleeps: faster, on a busier core", 0,
             1'000'000);
  add_number(app, "--report-every", s.report_every,
             "Seconds from one line about the progress to the next, on the standard error; 0: none",
             0.0, 1e6);
  app.add_option("--json", s.json, "Write the results, and all settings, to this file, or to -");
}

// Which workload the options ask for.
Outcome<void> apply_workload(const CLI::App& app, Given& given) {
  LoadSettings& s = given.settings;
  if (given.workload != "mix" && app.get_option("--reads")->count() > 0) {
    return bad_input("--reads is of --workload mix: add that, or leave it out");
  }
  s.workload = given.workload == "get"   ? Workload::kGet
               : given.workload == "set" ? Workload::kSet
                                         : Workload::kMix;
  s.reads = given.workload == "get" ? 100 : given.workload == "set" ? 0 : given.reads;
  s.order = given.order == "random" ? KeyOrder::kRandom : KeyOrder::kSequential;
  return {};
}

// With the original's arguments its defaults hold, where no option says something else.
void apply_reference(const CLI::App& app, LoadSettings& s) {
  LoadSettings defaults;
  set_reference_defaults(defaults);
  const auto is_given = [&](const char* name) { return app.get_option(name)->count() > 0; };
  s.reference = defaults.reference;
  s.overwrite = defaults.overwrite;
  if (!is_given("--clients")) s.clients = defaults.clients;
  if (!is_given("--duration")) s.duration = defaults.duration;
  if (!is_given("--warmup")) s.warmup = defaults.warmup;
  if (!is_given("--value-bytes")) s.value_bytes = defaults.value_bytes;
  if (!is_given("--workload")) {
    s.workload = defaults.workload;
    s.reads = defaults.reads;
  }
}

Outcome<LoadSettings> settings_of(const CLI::App& app, Given given) {
  LoadSettings& s = given.settings;
  if (auto good = apply_workload(app, given); !good) return std::unexpected(good.error());
  if (s.reference || !given.positional.empty()) apply_reference(app, s);
  for (const std::string& argument : given.positional) {
    if (&argument == &given.positional.front() && argument.find('=') == std::string::npos) {
      if (!s.servers.empty()) return bad_input("servers are named twice: leave out " + argument);
      s.service = argument;
    } else if (auto good = apply_key_value(argument, s); !good) {
      return std::unexpected(good.error());
    }
  }
  return checked(std::move(s));
}

}  // namespace

std::expected<LoadSettings, int> load_arguments(int count, const char* const* arguments) {
  Given given;
  CLI::App app(kAbout, "ironkv-load");
  app.footer(kFooter);
  app.set_version_flag("--version", IRONKV_VERSION)->configurable(false);
  add_whom(app, given);
  add_what(app, given);
  add_how(app, given);
  if (auto parsed = parse_with_config(app, count, arguments); !parsed) {
    return std::unexpected(parsed.error());
  }
  auto settings = settings_of(app, std::move(given));
  if (settings) return std::move(*settings);
  fmt::print(stderr, "ironkv-load: {}{}\n", settings.error().text, config_remark(app));
  return std::unexpected(settings.error().status);
}

}  // namespace quintet::ironkv::app
