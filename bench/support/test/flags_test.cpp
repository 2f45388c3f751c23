// SPDX-License-Identifier: MIT
#include "support/flags.hpp"

#include <cstdlib>

#include "support/gbench_flags.hpp"
#include "testing/catch.hpp"

namespace {

using namespace quintet::bench;

enum class Shape { kRound, kSquare };

CountFlag items("items", "how many items",
                {.value = 10'000'000, .quick = 1'000, .min = 10, .max = 2'000'000'000});
CountFlag other("other_items", "", {.value = 100, .quick = 5});
CountFlag base("base_items", "", {.value = 1'000, .quick = 10});
CountFlag more("more_items", "",
               {.value = 3'000, .quick = 50, .min = 20, .max = 9'000, .with = &base});
BoolFlag verbose("verbose_test", "say more");
ChoiceFlag shape("shape", "which shape", {"round", "square"});

std::string error_of(const std::string& argument) {
  const auto line = parse_command_line({argument});
  return line ? "none" : line.error();
}

TEST_CASE("counts have decimal suffixes and every other text is refused") {
  CHECK(parse_count("250").value() == 250);
  CHECK(parse_count("10K").value() == 10'000);
  CHECK(parse_count("10M").value() == 10'000'000);
  CHECK(parse_count("18G").value() == 18'000'000'000);
  CHECK(parse_count("18446744073709551615").value() == UINT64_MAX);
  for (const char* text : {"", "K", "-1", "+1", " 1", "1 ", "1k", "1KM", "0x10", "1.5M", "ten"}) {
    CHECK(parse_count(text).error() == "is not a number such as 500, 10K, 10M or 1G");
  }
  CHECK(parse_count("18446744073709551616").error() == "does not fit 64 bits");
  CHECK(parse_count("18446744073709551615K").error() == "does not fit 64 bits");
}

TEST_CASE("a count is printed as it can be read") {
  for (const std::uint64_t count :
       {0ull, 1ull, 999ull, 1'500ull, 10'000'000ull, 3'000'000'000ull}) {
    CHECK(parse_count(count_text(count)).value() == count);
  }
  CHECK(count_text(10'000'000) == "10M");
}

TEST_CASE("flags take their values from the command line") {
  CHECK(items.value() == 10'000'000);
  REQUIRE(parse_command_line({"--items=2M", "--verbose_test", "--shape=square"}));
  CHECK(items.value() == 2'000'000);
  CHECK(verbose.value());
  CHECK(shape.as<Shape>() == Shape::kSquare);
  REQUIRE(parse_command_line({"--verbose_test=false"}));
  CHECK_FALSE(verbose.value());
}

TEST_CASE("quick changes defaults and not given values") {
  REQUIRE(parse_command_line({"--quick"}));
  CHECK(other.value() == 5);
  REQUIRE(parse_command_line({"--other_items=70"}));
  CHECK(other.value() == 70);
  REQUIRE(parse_command_line({"--quick=false"}));
}

TEST_CASE("a default follows the flag that it goes with until it is given itself") {
  CHECK(more.value() == 3'000);
  REQUIRE(parse_command_line({"--quick"}));
  CHECK(more.value() == 50);
  REQUIRE(parse_command_line({"--base_items=20"}));
  CHECK(more.value() == 100);  // twice the quick default
  REQUIRE(parse_command_line({"--quick=false", "--base_items=2K"}));
  CHECK(more.value() == 6'000);
  CHECK(more.text() == "6000");
  REQUIRE(parse_command_line({"--base_items=1"}));
  CHECK(more.value() == 20);
  REQUIRE(parse_command_line({"--base_items=18446744073709551615"}));
  CHECK(more.value() == 9'000);
  REQUIRE(parse_command_line({"--more_items=77"}));
  CHECK(more.value() == 77);
  CHECK_THAT(more.usage(), Catch::Contains("in step with --base_items"));
}

TEST_CASE("each bad argument gives one line with the argument and the remedy") {
  CHECK(error_of("--item=3") == "unknown flag --item: see --help");
  CHECK(error_of("--benchmark_fliter=x") == "unknown flag --benchmark_fliter: see --help");
  CHECK(error_of("17") == "unexpected argument '17': see --help");
  CHECK(error_of("-x") == "unexpected argument '-x': see --help");
  CHECK(error_of("--items") == "--items needs a value: see --help");
  CHECK(error_of("--items=ten") ==
        "--items=ten is not a number such as 500, 10K, 10M or 1G: see --help");
  CHECK(error_of("--items=9") == "--items=9 is outside 10..2G: see --help");
  CHECK(error_of("--items=3G") == "--items=3G is outside 10..2G: see --help");
  CHECK(error_of("--shape=oval") == "--shape=oval is not one of round, square: see --help");
  CHECK(error_of("--verbose_test=maybe") ==
        "--verbose_test=maybe is not true or false: see --help");
}

TEST_CASE("values that Google Benchmark would ignore or swallow are refused") {
  CHECK(error_of("--benchmark_min_time=0.05s") ==
        "--benchmark_min_time=0.05s: use seconds such as 0.5, without a unit");
  CHECK(error_of("--benchmark_repetitions=many") ==
        "--benchmark_repetitions=many: use a number such as 3");
  CHECK(error_of("--benchmark_repetitions=0") != "none");
  CHECK(error_of("--benchmark_format=csv") == "--benchmark_format=csv: use json or console");
  CHECK(error_of("--benchmark_filter=(") == "--benchmark_filter=(: this is no regular expression");
  CHECK(error_of("--benchmark_list_tests=maybe") != "none");
  CHECK(error_of("--benchmark_out") == "--benchmark_out: give a file name");
  CHECK(error_of("--benchmark_context=qt_cores=64") != "none");
  CHECK(error_of("--benchmark_context=a=1,host_name=x") != "none");
  CHECK(error_of("--benchmark_context=a=1,b=2") == "none");
}

TEST_CASE("an environment variable counts like its flag and the command line wins") {
  ::setenv("BENCHMARK_FILTER", "map", 1);
  CHECK(parse_command_line({}).value().get("benchmark_filter", "") == "map");
  CHECK(parse_command_line({"--benchmark_filter=x"}).value().get("benchmark_filter", "") == "x");
  ::setenv("BENCHMARK_FILTER", "(", 1);
  CHECK(error_of("--quick=false") ==
        "from the environment: --benchmark_filter=(: this is no regular expression");
  ::unsetenv("BENCHMARK_FILTER");
}

TEST_CASE("help shows every flag of both kinds") {
  const std::string help = help_text("sample_bench");
  for (const char* text : {"--items=N (default 10M, 1K with --quick)", "how many items", "--quick",
                           "--shape=round|square", "--benchmark_filter=REGEX", "exit status"}) {
    CHECK_THAT(help, Catch::Contains(text));
  }
}

}  // namespace
