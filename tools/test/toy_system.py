# SPDX-License-Identifier: MIT
"""A system of one header with two checks, and how ninja builds them: for the mutation tests."""

HEADER = """// SPDX-License-Identifier: MIT
#pragma once
namespace toy {
template <int n>
struct Only;
template <>
struct Only<1> {
  int value = 7;
};
constexpr int clamp(int a) {
  if (a > 5) return 5;
  return a;
}
inline int sum(const int* from, int count) {
  int all = 0;
  for (int i = 0; i != count; ++i) all += from[i];
  return all;
}
inline int parity(int a) { return a & 1; }
inline int seven() { return Only<1>().value; }
inline int none(int a) { return a * 0 + (a - a); }
template <class T>
int forgotten(T a) {
  return a + a;
}
}  // namespace toy
"""
UNIT = """#include <cstdio>
#include "toy/toy.hpp"
static_assert(toy::clamp(9) == 5);
int fail(const char* what) { return std::printf("%s FAILED\\n", what), 1; }
int parity_of_one();
int main() {
  const int numbers[] = {1, 2, 3};
  if (toy::sum(numbers, 3) != 6) return fail("sum");
  if (toy::clamp(6) != 5 || toy::clamp(4) != 4 || toy::clamp(-9) != -9) return fail("clamp");
  return toy::seven() + toy::none(3) == 7 && parity_of_one() == 1 ? 0 : fail("seven");
}
"""
MEMBER = '#include "toy/toy.hpp"\nint parity_of_one() { return toy::parity(1); }\n'
MODEL = """#include <cstdio>
#include "toy/toy.hpp"
int main() {
  if (toy::parity(2) != 0) return std::puts("unknown"), 1;
  return 0;
}
"""
TOML = """headers = ["toy.hpp"]
flags = ["-O1"]

[[check]]
name = "unit"
target = "toy_unit"
command = ["{program}"]
timeout = 5
memory_gib = 1

[[check]]
name = "model"
target = "toy_model"
command = ["{program}"]
undecided = "unknown"
"""
NINJA = """rule cxx
  command = g++ -std=c++20 -IROOT/lib -MD -MF $out.d -o $out -c $in
  depfile = $out.d
  deps = gcc
rule ar
  command = rm -f $out && ar qc $out $in && ranlib $out
rule link
  command = : && g++ $in -o $out && :
build unit.o: cxx ROOT/lib/toy/test/unit_test.cpp
build member.o: cxx ROOT/lib/toy/test/member.cpp
build model.o: cxx ROOT/lib/toy/test/toy_model.cpp
build libtoy.a: ar member.o
build toy_unit: link unit.o libtoy.a
build toy_model: link model.o
"""


def write_system(root):
    """lib/toy and build/dev below `root`; nothing is built."""
    test = root / "lib" / "toy" / "test"
    test.mkdir(parents=True)
    (test.parent / "toy.hpp").write_text(HEADER)
    (test / "unit_test.cpp").write_text(UNIT)
    (test / "member.cpp").write_text(MEMBER)
    (test / "toy_model.cpp").write_text(MODEL)
    (test / "mutants.toml").write_text(TOML)
    (root / "build" / "dev").mkdir(parents=True)
    (root / "build" / "dev" / "build.ninja").write_text(NINJA.replace("ROOT", str(root)))
    return test
