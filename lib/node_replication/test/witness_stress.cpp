// SPDX-License-Identifier: MIT
#include <cstdint>
#include <iostream>
#include <random>

#include "node_replication/test/chain.hpp"
#include "node_replication/test/witness_run.hpp"
#include "testing/catch.hpp"

// Millions of requests of real threads, each with its place in the log: the witness check.
namespace quintet::node_replication {
namespace {

std::uint64_t new_seed() {
  const std::uint64_t seed = std::random_device()();
  std::cout << "seed " << seed << "\n";
  return seed;
}

// Runs a plan, requires that all is well, and says how many operations that were.
template <class D>
void run(RunPlan plan, std::uint64_t seed) {
  plan.seed = seed;
  const RunResult result = WitnessRun<D>(plan)();
  INFO("replicas " << plan.replicas << ", threads " << plan.threads << ", lines " << plan.log_lines
                   << ", seed " << seed << ": " << result.wrong);
  REQUIRE(result.wrong.empty());
  std::cout << "witnessed " << result.writes.size() << " writes, " << result.reads.size()
            << " reads\n";
}

TEST_CASE("witness linearizable for any number of threads and replicas on a tiny log") {
  const std::uint64_t seed = new_seed();
  for (const std::size_t replicas : {1U, 2U, 3U, 4U}) {
    for (const std::size_t threads : {1U, 2U, 4U, 16U}) {
      for (const std::size_t lines : {2U, 16U}) {
        run<WideChain<1>>({.replicas = replicas,
                           .threads = threads,
                           .log_lines = lines,
                           .requests = 60'000 / threads},
                          seed + replicas);
      }
    }
  }
}

TEST_CASE("witness linearizable with few writes and with writes only") {
  const std::uint64_t seed = new_seed();
  for (const unsigned writes : {1U, 10U, 100U}) {
    run<WideChain<2>>({.threads = 4, .log_lines = 4, .requests = 25'000, .writes = writes}, seed);
    run<WideChain<2>>({.threads = 4, .log_lines = 1024, .requests = 25'000, .writes = writes},
                      seed);
  }
}

TEST_CASE("witness linearizable in batches and asynchronously") {
  const std::uint64_t seed = new_seed();
  for (const std::size_t replicas : {1U, 2U, 3U}) {
    for (const std::size_t lines : {2U, 8U, 64U}) {
      run<WideChain<1>>({.replicas = replicas,
                         .threads = 4,
                         .log_lines = lines,
                         .requests = 5'000,
                         .largest_batch = 50,
                         .submits = true},
                        seed);
    }
  }
}

TEST_CASE("witness linearizable while sessions and replicas come and go") {
  const std::uint64_t seed = new_seed();
  for (const std::size_t replicas : {1U, 2U, 3U}) {
    run<WideChain<1>>({.replicas = replicas,
                       .threads = 6,
                       .log_lines = 4,
                       .requests = 10'000,
                       .largest_batch = 8,
                       .submits = true,
                       .churns = true,
                       .changes = true},
                      seed);
  }
}

TEST_CASE("idle replica is helped") {
  const std::uint64_t seed = new_seed();
  for (const std::size_t lines : {2U, 4U, 64U}) {
    run<WideChain<1>>({.replicas = 4,
                       .idle_replicas = 3,
                       .threads = 3,
                       .log_lines = lines,
                       .requests = 20'000,
                       .largest_batch = 8},
                      seed);
  }
}

TEST_CASE("witness linearizable with operations of 1 to 256 bytes") {
  const std::uint64_t seed = new_seed();
  const RunPlan plan{
      .threads = 4, .log_lines = 4, .requests = 10'000, .largest_batch = 20, .submits = true};
  run<ByteChain>(plan, seed);
  run<WideChain<1>>(plan, seed);
  run<WideChain<3>>(plan, seed);
  run<WideChain<7>>(plan, seed);
  run<WideChain<32>>(plan, seed);
}

TEST_CASE("witness linearizable with operations that own memory and none is left") {
  const std::uint64_t seed = new_seed();
  for (const std::size_t replicas : {1U, 2U, 4U}) {
    run<OwningChain>({.replicas = replicas,
                      .idle_replicas = replicas / 4,
                      .threads = 4,
                      .log_lines = 4,
                      .requests = 10'000,
                      .largest_batch = 8,
                      .submits = true,
                      .churns = true,
                      .changes = replicas == 2},
                     seed);
    REQUIRE(OwningChain::Owned::alive == 0);
  }
}

TEST_CASE("oversubscribed sessions all make progress") {
  const std::uint64_t seed = new_seed();
  for (const std::size_t replicas : {1U, 2U, 4U}) {
    run<WideChain<1>>(
        {.replicas = replicas, .threads = 48, .log_lines = 8, .requests = 1'500, .writes = 90},
        seed);
  }
}

}  // namespace
}  // namespace quintet::node_replication
