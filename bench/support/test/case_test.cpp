// SPDX-License-Identifier: MIT
#include "support/case.hpp"

#include <stdexcept>

#include "testing/catch.hpp"

namespace {

using namespace quintet::bench;

TEST_CASE("case names follow the grammar") {
  for (const char* name : {"page_table/map/quintet", "a/b/c/threads:2", "a/b/c/mix:1.5/x:y-z"}) {
    CHECK(name_error(name).empty());
  }
  for (const char* name :
       {"", "map", "a/b", "a/b/", "A/b/c", "a/b/c/d", "a/b/c/threads:", "a/b/c d", "a/b/c/x:1/"}) {
    CHECK_FALSE(name_error(name).empty());
  }
}

TEST_CASE("a malformed or repeated name is refused") {
  const auto body = [] { return Sample{1}; };
  CHECK_THROWS_AS(register_case("no good", body), std::invalid_argument);
  register_case("test/once/quintet", body);
  CHECK_THROWS_WITH(register_case("test/once/quintet", body),
                    "case 'test/once/quintet' is registered twice");
}

TEST_CASE("a dollar in a filter means the end of the registered name") {
  CHECK(filter_for_full_names("map/quintet$") == "map/quintet(/iterations:1/manual_time)?$");
  CHECK(filter_for_full_names("map") == "map");
  CHECK(filter_for_full_names("a\\$b") == "a\\$b");
  CHECK(filter_for_full_names("[$]") == "[$]");
  CHECK(filter_for_full_names("(a$|b)") == "(a(/iterations:1/manual_time)?$|b)");
}

TEST_CASE("a sample per operation has nanoseconds per operation") {
  const Sample sample = Sample::per_op(2.0, 1'000'000'000).with("mib", 3);
  CHECK(sample.counters.at("ns_per_op") == 2.0);
  CHECK(sample.counters.at("mib") == 3.0);
  CHECK(sample.seconds == 2.0);
}

TEST_CASE("a skip names the package") {
  CHECK(skip("libfoo-dev").error().message == "SKIP: install libfoo-dev");
}

}  // namespace
