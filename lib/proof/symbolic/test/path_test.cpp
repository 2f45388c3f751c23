// SPDX-License-Identifier: MIT
#include <set>
#include <stdexcept>

#include "base/assert.hpp"
#include "proof/symbolic/obligation.hpp"
#include "proof/symbolic/test/exploring.hpp"
#include "proof/symbolic/word.hpp"

// Verdicts, and that none is better than what was shown.
namespace quintet::proof {
namespace {

using W = Word<64>;

// The smaller of two words, as a core would write it.
template <class T>
T smaller(T a, T b) {
  if (a < b) return a;
  return b;
}

}  // namespace

TEST_CASE("a branch that is not known is executed both ways") {
  const auto findings = findings_of([] {
    const W a = any<W>("a");
    const W b = any<W>("b");
    const W least = smaller(a, b);
    prove("not above the first", least <= a);
    prove("not above the second", least <= b);
    prove("one of the two", (least == a) | (least == b));
  });
  CHECK(findings.verdict == Verdict::kProved);
  CHECK(findings.paths == 2);
  CHECK(findings.goals.size() == 3);
  for (const auto& [name, goal] : findings.goals) CHECK(goal.times == 2);
}

TEST_CASE("a refuted claim comes with values that break it") {
  const auto findings = findings_of([] {
    const W a = any<W>("a");
    assume(a >= W(5) && a <= W(6));
    note("twice that is", a + a, 7);
    prove("never six", a != W(6));
  });
  CHECK(findings.verdict == Verdict::kRefuted);
  CHECK(findings.detail == "goal `never six` fails:\n  a = 0x6\n  twice that is 0xc 0x7");
}

TEST_CASE("of claims that are proved together the false one is named") {
  const auto findings = findings_of([] {
    const W a = any<W>("a");
    prove("true", (a & W(1)) <= W(1));
    prove("false", (a & W(3)) <= W(2));
    prove("true as well", (a & W(7)) <= W(7));
  });
  CHECK(findings.verdict == Verdict::kRefuted);
  CHECK(findings.detail.starts_with("goal `false` fails"));
}

TEST_CASE("a goal that no execution can reach is vacuous and not proved") {
  CHECK(verdict_of([] {
          const W a = any<W>("a");
          assume(a < W(3));
          assume(a > W(3));
          prove("anything", a == W(77));
        }) == Verdict::kVacuous);
  CHECK(verdict_of([] {
          const W a = any<W>("a");
          prove_if("whenever it is above itself", a > (a | W(1)), a == W(0));
        }) == Verdict::kVacuous);
  CHECK(verdict_of([] {}) == Verdict::kVacuous);
}

TEST_CASE("one goal that is out of reach spoils the others") {
  const auto findings = findings_of([] {
    const W a = any<W>("a") & W(1);
    prove("reached", a <= W(1));
    prove_if("with a condition that cannot be", a == W(2), a == W(1));
  });
  CHECK(findings.verdict == Verdict::kVacuous);
  const auto other = findings_of([] {
    const W a = any<W>("a");
    assume(a < W(2));
    prove("reached", a <= W(1));
    prove_if("not reached", a == W(2), a == W(1));
  });
  CHECK(other.verdict == Verdict::kVacuous);
  CHECK(other.detail.find("`not reached`") != std::string::npos);
}

TEST_CASE("what is assumed later does not weaken an earlier claim") {
  CHECK(verdict_of([] {
          const W a = any<W>("a");
          prove("below ten", a < W(10));
          assume(a < W(10));
        }) == Verdict::kRefuted);
  CHECK(verdict_of([] {
          const W a = any<W>("a");
          prove("below ten", a < W(10));
          assume(false);
        }) == Verdict::kRefuted);
}

TEST_CASE("choices are executions of their own and loops with known bounds end") {
  std::set<std::size_t> seen;
  const auto findings = findings_of([&] {
    const std::size_t n = choose(4);
    seen.insert(n);
    W sum(0);
    for (std::size_t i = 0; i < n; ++i) sum += any<W>("x") & W(1);
    prove("a sum of bits", sum <= W(n));
  });
  CHECK(findings.verdict == Verdict::kProved);
  CHECK(findings.paths == 4);
  CHECK(seen.size() == 4);
}

TEST_CASE("a loop without a bound and too many paths are unknown and do not hang") {
  const auto endless = findings_of(
      [] {
        const W a = any<W>("a");
        for (W i(0); i < a; i += W(1)) {
        }
        prove("the loop ends", true);
      },
      {.decisions = 20});
  CHECK(endless.verdict == Verdict::kUnknown);
  CHECK(endless.detail.find("more than 20 decisions: a loop without a bound") != std::string::npos);
  // The limit counts all decisions, and none can step over it.
  for (const std::uint64_t limit : {20U, 21U}) {
    const auto mixed = findings_of(
        [] {
          const W a = any<W>("a");
          for (W i(0); i < a; i += W(1)) static_cast<void>(choose(2));
          prove("the loop ends", true);
        },
        {.paths = 100, .decisions = limit});
    CHECK(mixed.verdict == Verdict::kUnknown);
    CHECK(mixed.detail.find("decisions: a loop without a bound") != std::string::npos);
    CHECK(mixed.paths == 1);
  }
  const auto many = findings_of(
      [] {
        prove("something", true);
        for (int i = 0; i < 10; ++i) static_cast<void>(choose(2));
      },
      {.paths = 100});
  CHECK(many.verdict == Verdict::kUnknown);
  CHECK(many.detail.find("too many paths") != std::string::npos);
}

TEST_CASE("a query that takes too long is unknown") {
  const auto findings = findings_of(
      [] {  // a product of two large primes
        const W a = any<W>("a") & W(0xFFFF'FFFF);
        const W b = any<W>("b") & W(0xFFFF'FFFF);
        prove("prime", (a * b != W(0xFFFF'FFFBULL * 0xFFFF'FFEFULL)) | (a == W(1)) | (b == W(1)));
      },
      {.query_ms = 20});
  CHECK(findings.verdict == Verdict::kUnknown);
}

TEST_CASE("a goal is not vacuous when the solver cannot say whether it is reached") {
  const auto findings = findings_of(
      [] {  // an assumption that holds only for two large primes
        const W a = any<W>("a") & W(0xFFFF'FFFF);
        const W b = any<W>("b") & W(0xFFFF'FFFF);
        assume((a * b == W(0xFFFF'FFFBULL * 0xFFFF'FFEFULL)) & (a != W(1)) & (b != W(1)));
        prove("something", true);
      },
      {.query_ms = 20});
  CHECK(findings.verdict == Verdict::kUnknown);
  CHECK(findings.detail.find("whether an execution reaches the goal `something`") !=
        std::string::npos);
  CHECK(findings.paths == 1);
}

TEST_CASE("a function that throws is unknown and says what it threw") {
  const auto findings = findings_of([] { throw std::runtime_error("no such table"); });
  CHECK(findings.verdict == Verdict::kUnknown);
  CHECK(findings.detail.find("no such table") != std::string::npos);
}

TEST_CASE("assertions in the function are claims") {
  const auto halved = [](std::uint64_t most) {
    return findings_of([most] {
      const W a = any<W>("a");
      assume(a <= W(most));
      QT_CHECK(a < W(9), "small enough");
      prove("halved", (a >> 1) <= W(4));
    });
  };
  CHECK(halved(8).verdict == Verdict::kProved);
  const auto broken = halved(9);
  CHECK(broken.verdict == Verdict::kRefuted);
  CHECK(broken.detail == "goal `QT_CHECK(a < W(9)): small enough` fails:\n  a = 0x9");
}

TEST_CASE("an assertion that no execution reaches is not broken") {
  const auto findings = findings_of([] {
    const W a = any<W>("a");
    prove("itself", a == a);
    assume(a < W(3));
    assume(a > W(3));
    QT_CHECK(1 + 1 == 3);
  });
  CHECK(findings.verdict == Verdict::kProved);
}

TEST_CASE("an unknown function gives equal results for equal arguments") {
  const auto apply = [](const W& argument) {
    return W(Paths::current().apply("f", bits(64), argument.term()));
  };
  CHECK(verdict_of([&] {
          const W a = any<W>("a");
          const W b = any<W>("b");
          prove("a function", implies(a == b, apply(a) == apply(b)));
        }) == Verdict::kProved);
  CHECK(verdict_of([&] {
          const W a = any<W>("a");
          const W b = any<W>("b");
          prove("a constant function", apply(a) == apply(b));
        }) == Verdict::kRefuted);
}

TEST_CASE("the same obligation costs the same queries each time") {
  const auto run = [] {
    return findings_of([] {
      const W a = any<W>("a");
      const W b = any<W>("b");
      prove("a smaller one", smaller(a, b) <= a);
    });
  };
  const Findings once = run();
  const Findings again = run();
  CHECK(once.queries == again.queries);
  CHECK(once.rounds == again.rounds);
  CHECK(once.paths == again.paths);
  CHECK(once.smt_bytes == 0);
}

TEST_CASE("SMT bytes are counted when asked for") {
  const auto findings = findings_of(
      [] {
        const W a = any<W>("a");
        prove("even", ((a + a) & W(1)) == W(0));
      },
      {.count_smt_bytes = true});
  CHECK(findings.verdict == Verdict::kProved);
  CHECK(findings.smt_bytes > 20);
}

TEST_CASE("a list is worked off by threads and reported in its order") {
  const auto holds = [] { prove("reflexive", any<W>("a") == any<W>("a")); };
  const auto fails = [] { prove("never zero", any<W>("a") != W(0)); };
  std::vector<Obligation> own;
  for (int i = 0; i < 6; ++i) {
    own.push_back({.name = "n" + std::to_string(i), .body = holds});
  }
  own[2].body = fails;
  own[4].body = fails;
  own[4].must_refute = true;
  std::vector<const Obligation*> list;
  for (const Obligation& each : own) list.push_back(&each);
  std::size_t reported = 0;
  const auto outcomes = discharge_all(list, 3, {}, [&](const Outcome&) { ++reported; });
  REQUIRE(outcomes.size() == 6);
  CHECK(reported == 6);
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(outcomes[i].obligation == list[i]);
    CHECK(outcomes[i].as_expected() == (i != 2));
  }
  CHECK(discharge_all(list, 1, {}, {}, true).size() == 3);  // ends at the first surprise
}

}  // namespace quintet::proof
