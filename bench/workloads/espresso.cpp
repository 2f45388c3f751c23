// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "cubes.hpp"
#include "support.hpp"

// The row espresso: minimises logic in two levels, tables of 16 inputs and several outputs, by the
// loop of Espresso: expand the cubes as far as the complement allows, drop those that others cover,
// reduce the rest to what they alone cover, and begin again while that makes the cover smaller. The
// result is compared with the table at each of its 65536 points.
namespace quintet::workloads {
namespace {

constexpr std::uint64_t kTables = 78;
constexpr unsigned kOutputs = 8;
constexpr unsigned kCubes = 150;
constexpr unsigned kMinLiterals = 4;
constexpr unsigned kMaxLiterals = 8;
constexpr std::uint64_t kPoints = 1U << kInputs;

using Points = std::vector<std::uint32_t>;  // the outputs at each combination of the inputs

Family any_table(Random& random) {
  Family table;
  for (unsigned i = 0; i < kCubes; ++i) {
    Cube cube;
    const auto count = kMinLiterals + random.below(kMaxLiterals - kMinLiterals + 1);
    for (std::uint64_t j = 0; j < count; ++j) {
      const auto input = static_cast<unsigned>(random.below(kInputs));
      const Literals with = cube.literals & literal(input, random.below(2) != 0);
      if (!is_empty(with)) cube.literals = with;
    }
    for (unsigned output = 0; output < kOutputs; ++output) {
      if (random.below(3) == 0) cube.outputs |= 1U << output;
    }
    if (cube.outputs == 0) cube.outputs = 1;
    table.add(cube);
  }
  return table;
}

// Everything that is outside the table, for each output by itself.
Family complement(const Family& table) {
  Family result;
  for (unsigned output = 0; output < kOutputs; ++output) {
    const Family part = List(table, output, kAnything, nullptr).complement(1U << output);
    for (const Cube& cube : part) result.add(cube);
  }
  return result;
}

bool is_free(Literals literals, std::uint32_t outputs, const Family& outside) {
  return std::none_of(outside.begin(), outside.end(), [&](const Cube& other) {
    return (other.outputs & outputs) != 0 && intersect(other.literals, literals);
  });
}

// Drops literals in the order in which most other cubes lack them, then adds outputs.
void expand_one(Cube& cube, const Family& cover, const Family& outside) {
  std::array<std::pair<std::size_t, unsigned>, kInputs> order;
  for (unsigned i = 0; i < kInputs; ++i) {
    const Literals free = Literals{3} << 2 * i;
    const auto lacking = std::count_if(cover.begin(), cover.end(), [&](const Cube& other) {
      return (other.literals & free & ~cube.literals) != 0;
    });
    order.at(i) = {static_cast<std::size_t>(lacking), i};
  }
  std::sort(order.rbegin(), order.rend());
  for (const auto& [lacking, input] : order) {
    const Literals raised = cube.literals | Literals{3} << 2 * input;
    if (raised != cube.literals && is_free(raised, cube.outputs, outside)) cube.literals = raised;
  }
  for (unsigned output = 0; output < kOutputs; ++output) {
    if (is_free(cube.literals, 1U << output, outside)) cube.outputs |= 1U << output;
  }
}

void expand(Family& cover, const Family& outside) {
  cover.sort_by_size(false);
  for (Cube& cube : cover) {
    if (cube.mark != 0) continue;
    expand_one(cube, cover, outside);
    for (Cube& other : cover) {
      const bool inside = &other != &cube && contains(cube.literals, other.literals) &&
                          (other.outputs & ~cube.outputs) == 0;
      if (inside) other.mark = 1;
    }
  }
  cover.remove_marked();
}

// Drops cubes, small ones first, that the others cover for each of their outputs.
void make_irredundant(Family& cover) {
  cover.sort_by_size(false);
  for (Cube& cube : cover) {
    std::uint32_t needed = cube.outputs;
    for (unsigned output = 0; output < kOutputs; ++output) {
      if ((needed >> output & 1U) == 0) continue;
      if (!List(cover, output, cube.literals, &cube).is_tautology()) break;
      needed &= ~(1U << output);
    }
    if (needed != 0) continue;
    cube.outputs = 0;  // so that no list has it from now on
    cube.mark = 1;
  }
  cover.remove_marked();
}

// Each cube becomes the smallest one around what no other covers.
void reduce(Family& cover) {
  cover.sort_by_size(true);
  for (Cube& cube : cover) {
    Literals around = 0;
    std::uint32_t outputs = 0;
    for (unsigned output = 0; output < kOutputs; ++output) {
      if ((cube.outputs >> output & 1U) == 0) continue;
      const Family alone = List(cover, output, cube.literals, &cube).complement(1U << output);
      for (const Cube& part : alone) around |= part.literals;
      if (alone.size() != 0) outputs |= 1U << output;
    }
    cube.literals = outputs == 0 ? cube.literals : around;
    cube.outputs = outputs;
    cube.mark = outputs == 0 ? 1 : 0;
  }
  cover.remove_marked();
}

std::size_t cost(const Family& cover) {
  std::size_t literals = 0;
  for (const Cube& cube : cover) {
    literals += static_cast<std::size_t>(std::popcount(bound_inputs(cube.literals))) + 1;
  }
  return cover.size() * 1000 + literals;
}

// Calls each(point) for all points inside the cube.
template <class Each>
void for_each_point(const Cube& cube, const Each& each) {
  std::uint32_t fixed = 0;
  std::uint32_t loose = 0;
  for (unsigned i = 0; i < kInputs; ++i) {
    const Literals pair = cube.literals >> 2 * i & 3U;
    if (pair == 2) fixed |= 1U << i;
    if (pair == 3) loose |= 1U << i;
  }
  std::uint32_t part = 0;
  do {
    each(fixed | part);
    part = (part - loose) & loose;  // the next subset of the loose inputs
  } while (part != 0);
}

void fill(const Family& cover, Points& points) {
  std::fill(points.begin(), points.end(), 0);
  for (const Cube& cube : cover) {
    for_each_point(cube, [&](std::uint32_t at) { points[at] |= cube.outputs; });
  }
}

std::uint64_t checksum(const Points& points) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < points.size(); ++i) sum += mix(i << 32U | points[i]);
  return sum;
}

// Answers the cost of the minimised table, which must be the same function.
std::uint64_t minimize(Family cover, Points& points) {
  fill(cover, points);
  const std::uint64_t before = checksum(points);
  const Family outside = complement(cover);
  expand(cover, outside);
  make_irredundant(cover);
  for (std::size_t best = cost(cover) + 1; cost(cover) < best;) {
    best = cost(cover);
    reduce(cover);
    expand(cover, outside);
    make_irredundant(cover);
  }
  fill(cover, points);
  if (checksum(points) != before) fail("the minimised table is another function");
  return before + cost(cover);
}

Outcome work(const Flags& flags) {
  Outcome outcome{.checksum = 0, .operations = flags.scaled(kTables)};
  Points points(kPoints);
  Random random(1);
  for (std::uint64_t i = 0; i < outcome.operations; ++i) {
    outcome.checksum += minimize(any_table(random), points);
  }
  return outcome;
}

}  // namespace
}  // namespace quintet::workloads

int main(int argc, char** argv) {
  using namespace quintet::workloads;
  return run({"espresso", "minimises tables of two-level logic.", Threads::kOne, work}, argc, argv);
}
