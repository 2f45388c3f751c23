// SPDX-License-Identifier: MIT
#include "ironkv/app/load_arguments.hpp"

#include <string>
#include <vector>

#include "testing/catch.hpp"

// The command line of ironkv-load. What it says about wrong ones is seen by net/load_test.sh.
namespace quintet::ironkv::app {
namespace {

std::expected<LoadSettings, int> parse(std::vector<std::string> arguments) {
  std::vector<const char*> pointers{"ironkv-load"};
  for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
  return load_arguments(static_cast<int>(pointers.size()), pointers.data());
}

std::expected<LoadSettings, int> with_server(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--servers", "127.0.0.1:4001,127.0.0.1:4002"});
  return parse(std::move(arguments));
}

TEST_CASE("without options ten clients read") {
  const auto settings = with_server({});
  REQUIRE(settings);
  CHECK(settings->cluster.servers.size() == 2);
  CHECK(settings->clients == 10);
  CHECK(settings->workload == Workload::kGet);
  CHECK(settings->reads == 100);
  CHECK(settings->most_open() == 1);
  CHECK(settings->preload);
  CHECK_FALSE(settings->reference);
}

TEST_CASE("a mix is half reads or what is said") {
  CHECK(with_server({"--workload", "set"})->reads == 0);
  CHECK(with_server({"--workload", "mix"})->reads == 50);
  CHECK(with_server({"--workload", "mix", "--reads", "90"})->reads == 90);
  CHECK(with_server({"--reads", "90"}).error() == 2);
}

TEST_CASE("an open loop may have many on their way and a depth limits them") {
  CHECK(with_server({"--rate", "100"})->most_open() == 1024);
  CHECK(with_server({"--rate", "100", "--depth", "3"})->most_open() == 3);
  CHECK(with_server({"--depth", "7"})->most_open() == 7);
}

TEST_CASE("the reference's arguments have the reference's defaults") {
  const auto bare = with_server({"--reference"});
  REQUIRE(bare);
  CHECK(bare->reference);
  CHECK(bare->clients == 1);
  CHECK(bare->duration == 60);
  CHECK(bare->warmup == 0);
  CHECK(bare->workload == Workload::kSet);
  CHECK(bare->reads == 0);
  CHECK(bare->value_bytes == 1000);
  const auto given = with_server(
      {"nthreads=10", "duration=30", "workload=g", "numkeys=500", "valuesize=128", "verbose=true"});
  REQUIRE(given);
  CHECK(given->reference);
  CHECK(given->clients == 10);
  CHECK(given->duration == 30);
  CHECK(given->reads == 100);
  CHECK(given->keys == 500);
  CHECK(given->value_bytes == 128);
  CHECK(with_server({"workload=f"})->functional);
  CHECK(with_server({"--reference", "--clients", "4"})->clients == 4);
}

TEST_CASE("arguments that make no sense are refused with status 2") {
  const std::vector<std::vector<std::string>> wrong = {{"--clients", "0"},
                                                       {"--clients", "2", "--loops", "3"},
                                                       {"--value-bytes", "1024"},
                                                       {"--check", "--value-bytes", "31"},
                                                       {"--workload", "all"},
                                                       {"--order", "none"},
                                                       {"nthreads=0"},
                                                       {"nthreads"},
                                                       {"workload=x"},
                                                       {"valuesize=1024"},
                                                       {"verbose=1"},
                                                       {"threads=3"},
                                                       {"file"},
                                                       {"--json", "-", "nthreads=1"},
                                                       {"--rate", "-1"},
                                                       {"--config", "none.cfg"},
                                                       {"--duration", "-1"}};
  for (const auto& arguments : wrong) {
    INFO(arguments[0]);
    const auto settings = with_server(arguments);
    REQUIRE_FALSE(settings);
    CHECK(settings.error() == 2);
  }
  CHECK(parse({}).error() == 2);
  CHECK(parse({"none.txt"}).error() == 2);
  CHECK(parse({"--servers", "here:1", "workload=f"}).error() == 2);
  CHECK(parse({"--help"}).error() == 0);
}

}  // namespace
}  // namespace quintet::ironkv::app
