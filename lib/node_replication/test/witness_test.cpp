// SPDX-License-Identifier: MIT
#include "node_replication/spec/witness.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include "node_replication/structures/counter.hpp"
#include "testing/catch.hpp"

// The judge of witnessed runs sees each thing that can be wrong with one.
namespace quintet::node_replication {
namespace {

using Write = spec::WitnessedWrite<Counter>;
using Read = spec::WitnessedRead<std::uint64_t>;

std::string judge(const std::vector<Write>& writes, const std::vector<Read>& reads) {
  return spec::judge_witness<Counter>(writes, reads, [](const Counter& c) { return c.value(); });
}

bool mentions(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("a right run passes the witness check") {
  REQUIRE(judge({}, {}).empty());
  REQUIRE(judge({{0, 1, 9, {2}, {1, 5}}, {1, 1, 5, {3}, {0, 3}}},
                {{2, 2, 3, 0, 0}, {2, 4, 5, 2, 5}, {2, 20, 21, 2, 5}})
              .empty());
}

TEST_CASE("the witness check rejects what is missing and what is there twice") {
  REQUIRE(mentions(judge({{0, 1, 2, {1}, {0, 1}}, {1, 1, 2, {1}, {0, 1}}}, {}), "number 0"));
  REQUIRE(mentions(judge({{0, 1, 2, {1}, {0, 1}}, {1, 1, 2, {1}, {2, 2}}}, {}), "number 1"));
  REQUIRE(mentions(judge({}, {{0, 1, 2, 1, 1}}), "more writes"));
}

TEST_CASE("the witness check rejects wrong answers") {
  REQUIRE(mentions(judge({{0, 1, 2, {1}, {0, 2}}}, {}), "U13"));
  REQUIRE(mentions(judge({{0, 1, 2, {1}, {0, 1}}}, {{1, 1, 2, 1, 0}}), "U14"));
}

TEST_CASE("the witness check rejects an order against time") {
  const Write first{0, 1, 2, {1}, {0, 1}};
  const Write second{1, 5, 6, {1}, {1, 2}};
  REQUIRE(judge({first, second}, {{2, 3, 4, 1, 1}}).empty());
  // write before write, write before read, read before write, read before read
  REQUIRE(mentions(judge({{0, 5, 6, {1}, {0, 1}}, {1, 1, 2, {1}, {1, 2}}}, {}), "after the end"));
  REQUIRE(mentions(judge({first, second}, {{2, 3, 4, 0, 0}}), "read of version 0"));
  REQUIRE(mentions(judge({first, second}, {{2, 3, 4, 2, 2}}), "write 1"));
  REQUIRE(mentions(judge({{0, 1, 9, {1}, {0, 1}}}, {{2, 2, 3, 1, 1}, {3, 4, 5, 0, 0}}),
                   "after the end of read of version 1"));
  // In one tick of the clock, but of one session.
  REQUIRE(mentions(judge({{0, 1, 1, {1}, {1, 2}}, {0, 1, 1, {1}, {0, 1}}}, {}), "follows"));
  REQUIRE(mentions(judge({{0, 1, 9, {1}, {0, 1}}}, {{2, 2, 2, 1, 1}, {2, 2, 2, 0, 0}}), "follows"));
}

}  // namespace
}  // namespace quintet::node_replication
