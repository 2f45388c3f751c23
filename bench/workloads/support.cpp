// SPDX-License-Identifier: MIT
#include "support.hpp"

#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <latch>
#include <new>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

// Flags, threads and the result's line of the workload programs.
namespace quintet::workloads {
namespace {

constexpr std::uint64_t kMaxScale = 1000;
constexpr const char* kNoMemory = "the allocator has no memory left";
const char* program_name = "workload";

// Calls body(); an exception ends the process.
template <class Body>
auto or_fail(const Body& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    fail(kNoMemory);
  } catch (const std::exception& error) {
    fail(error.what());
  }
}

void print_help(const Workload& workload) {
  std::printf("usage: %s [--threads N] [--scale PERCENT]\n%s\n", workload.name, workload.summary);
  std::printf(
      "  --threads N      1..%" PRIu64 ", 1 if not given%s\n", Tally::kMaxThreads,
      workload.threads == Threads::kOne ? "; changes nothing: this one has one thread" : "");
  std::printf("  --scale PERCENT  1..%" PRIu64 ", 100 if not given: how much of the whole work\n",
              kMaxScale);
  std::printf("Prints `%s checksum=<hex> operations=<n>`, the same for the same flags.\n",
              workload.name);
}

bool read_number(std::string_view text, std::uint64_t max, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= 1 && number <= max;
}

// Takes `--<name> N` or `--<name>=N` from the arguments at `at`. False where it is another flag.
bool take_flag(std::string_view name, std::uint64_t max, int argc, char** argv, int& at,
               std::uint64_t& number, bool& well) {
  std::string_view text = argv[at];
  if (!text.starts_with("--") || !text.substr(2).starts_with(name)) return false;
  text.remove_prefix(2 + name.size());
  if (text.empty() && at + 1 < argc) {
    text = argv[++at];
  } else if (text.starts_with('=')) {
    text.remove_prefix(1);
  } else if (!text.empty()) {
    return false;
  }
  well = read_number(text, max, number);
  if (!well) {
    std::fprintf(stderr, "%s: --%.*s is `%.*s`: give a number in 1..%" PRIu64 "\n", program_name,
                 static_cast<int>(name.size()), name.data(), static_cast<int>(text.size()),
                 text.data(), max);
  }
  return true;
}

bool read_flags(int argc, char** argv, Flags& flags) {
  for (int at = 1; at < argc; ++at) {
    bool well = true;
    const bool known =
        take_flag("threads", Tally::kMaxThreads, argc, argv, at, flags.threads, well) ||
        take_flag("scale", kMaxScale, argc, argv, at, flags.scale, well);
    if (!known) {
      std::fprintf(stderr, "%s: unknown flag `%s`: see --help\n", program_name, argv[at]);
    }
    if (!known || !well) return false;
  }
  return true;
}

}  // namespace

void fail(const char* what) {
  std::fprintf(stderr, "%s: %s\n", program_name, what);
  std::_Exit(1);
}

int run(const Workload& workload, int argc, char** argv) {
  program_name = workload.name;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--help") == 0) {
      print_help(workload);
      return 0;
    }
  }
  Flags flags;
  if (!read_flags(argc, argv, flags)) return 2;
  const Outcome outcome = or_fail([&] { return workload.work(flags); });
  std::printf("%s checksum=%016" PRIx64 " operations=%" PRIu64 "\n", workload.name,
              outcome.checksum, outcome.operations);
  if (std::fflush(stdout) != 0) fail("cannot write to the standard output");
  return 0;
}

void run_team(std::uint64_t threads, const std::function<void(std::uint64_t)>& body) {
  std::latch start(static_cast<std::ptrdiff_t>(threads));
  const auto member = [&](std::uint64_t number) noexcept {
    start.arrive_and_wait();
    or_fail([&] { body(number); });
  };
  std::vector<std::thread> team;
  team.reserve(threads);
  try {
    for (std::uint64_t i = 0; i < threads; ++i) team.emplace_back(member, i);
  } catch (const std::system_error&) {
    fail("cannot start that many threads: give fewer with --threads");
  }
  for (std::thread& thread : team) thread.join();
}

void Tally::add(std::uint64_t member, const Outcome& part) {
  lines_.at(member).part.checksum += part.checksum;
  lines_.at(member).part.operations += part.operations;
}

Outcome Tally::total() const {
  Outcome sum;
  for (const Line& line : lines_) {
    sum.checksum += line.part.checksum;
    sum.operations += line.part.operations;
  }
  return sum;
}

}  // namespace quintet::workloads
