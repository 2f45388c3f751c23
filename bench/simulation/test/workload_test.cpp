// SPDX-License-Identifier: MIT
#include "simulation/workload.hpp"

#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "simulation/originals.hpp"
#include "simulation/paper.hpp"
#include "testing/catch.hpp"

namespace {

using namespace quintet::simulation;  // NOLINT(google-build-using-namespace): all of it is tested

template <class Impl>
void is_a_function_of_its_seed() {
  for (const unsigned writes : {0U, 10U, 100U}) {
    const Run run{.threads = 30, .writes = writes, .seed = 7, .window = 30'000, .account = true};
    const Measured first = simulate<Impl>(run, Parameters{});
    // What lies where in memory must not matter.
    const auto hole = std::make_unique<char[]>(100'000);
    const Measured second = simulate<Impl>(run, Parameters{});
    CHECK(first.operations > 0);
    CHECK(first.operations == second.operations);
    const auto rows = first.account.rows();
    const auto others = second.account.rows();
    REQUIRE(rows.size() == others.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      CHECK(rows[i].line == others[i].line);
      CHECK(rows[i].ns == others[i].ns);  // bit for bit
      CHECK(rows[i].count == others[i].count);
    }
  }
}

TEST_CASE("a simulation gives the same result for the same seed") {
  is_a_function_of_its_seed<SimulatedOriginal<quintet::baselines::UpstreamNr>>();
  is_a_function_of_its_seed<SimulatedOriginal<quintet::baselines::VerifiedNr>>();
  is_a_function_of_its_seed<SimulatedOriginal<quintet::baselines::IronsyncNr>>();
  is_a_function_of_its_seed<SimulatedQuintet>();
}

TEST_CASE("another seed is another run") {
  const auto operations = [](std::uint64_t seed) {
    const Run run{.threads = 30, .writes = 10, .seed = seed, .window = 30'000};
    return simulate<SimulatedQuintet>(run, Parameters{}).operations;
  };
  CHECK((operations(1) != operations(2) || operations(2) != operations(3)));
}

TEST_CASE("threads fill nodes and there is a replica for each node in use") {
  CHECK(replicas_for(1, Shape{}) == 1);
  CHECK(replicas_for(24, Shape{}) == 1);
  CHECK(replicas_for(25, Shape{}) == 2);
  CHECK(replicas_for(96, Shape{}) == 4);
  CHECK(replicas_for(192, Shape{}) == 4);
}

TEST_CASE("the mix has its share of writes evenly spread") {
  for (const unsigned writes : {0U, 10U, 50U, 100U}) {
    Mix mix(writes);
    unsigned found = 0;
    for (unsigned i = 0; i < 1000; ++i) found += mix.next_writes() ? 1 : 0;
    CHECK(found == Approx(10.0 * writes).margin(1));
  }
}

TEST_CASE("the points in the code are those of the paper's file") {
  std::ifstream file(QT_PAPER_CSV);
  REQUIRE(file);
  std::string row;
  std::getline(file, row);
  CHECK(row == "series,writes,x,y,unit,source");
  std::map<std::string, Original> names;
  for (const Original original : kOriginals) {
    names[kOriginalNames[static_cast<std::size_t>(original)]] = original;
  }
  std::size_t rows = 0;
  while (std::getline(file, row)) {
    std::istringstream fields(row);
    std::string series;
    std::string writes;
    std::string threads;
    std::string mops;
    std::getline(fields, series, ',');
    std::getline(fields, writes, ',');
    std::getline(fields, threads, ',');
    std::getline(fields, mops, ',');
    const auto point = paper_point(names.at(series), static_cast<unsigned>(std::stoul(writes)),
                                   static_cast<unsigned>(std::stoul(threads)));
    REQUIRE(point);
    CHECK(*point == std::stod(mops));
    ++rows;
  }
  CHECK(rows == 3 * 3 * kPaperThreads.size());
}

}  // namespace
