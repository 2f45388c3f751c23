// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include "proof/choose.hpp"
#include "testing/catch.hpp"

namespace quintet::proof {

TEST_CASE("a trail visits every sequence of choices once and in order") {
  Trail trail;
  std::vector<std::string> seen;
  do {
    std::string path;
    const std::size_t first = trail.choose(3);
    path += std::to_string(first);
    if (first != 1) path += std::to_string(trail.choose(2));
    seen.push_back(path);
  } while (trail.advance());
  CHECK(seen == std::vector<std::string>{"00", "01", "1", "20", "21"});
}

TEST_CASE("options that are not allowed are never taken and the set is computed once") {
  Trail trail;
  int computed = 0;
  std::vector<std::size_t> seen;
  do {
    seen.push_back(trail.decide([&] {
      ++computed;
      return std::uint64_t{0b1010'0000};
    }));
    trail.choose(2);
  } while (trail.advance());
  CHECK(seen == std::vector<std::size_t>{5, 5, 7, 7});
  CHECK(computed == 1);
}

TEST_CASE("a preferred option is the only one until another is required") {
  Trail trail;
  std::vector<std::size_t> seen;
  do {
    seen.push_back(trail.prefer(2));
    trail.choose(1);
    if (seen.size() == 1) trail.require(0, 7);
  } while (trail.advance());
  CHECK(seen == std::vector<std::size_t>{2, 7});
}

TEST_CASE("all 64 options of a decision are taken") {
  Trail trail;
  std::size_t executions = 0;
  do {
    CHECK(trail.choose(64) == executions);
    ++executions;
  } while (trail.advance());
  CHECK(executions == 64);
}

}  // namespace quintet::proof
