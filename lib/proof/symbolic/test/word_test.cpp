// SPDX-License-Identifier: MIT
#include <array>
#include <cstdint>

#include "proof/symbolic/test/exploring.hpp"
#include "proof/symbolic/word.hpp"

// Symbolic words mean what C++'s unsigned integers mean.
namespace quintet::proof {
namespace {

constexpr std::array<std::uint64_t, 9> kSamples = {
    0, 1, 2, 63, 0xFFF, 0x8000'0000, 0x0123'4567'89AB'CDEF, 1ULL << 63, ~0ULL};

// One operation, on machine words and on symbolic ones of any width.
struct Case {
  const char* name;
  std::uint64_t (*native)(std::uint64_t, std::uint64_t);
  Word<64> (*symbolic)(const Word<64>&, const Word<64>&);
};
Word<64> as_word(const Word<64>& word) { return word; }
Word<64> as_word(const Boolean& truth) { return select(truth, Word<64>(1), Word<64>(0)); }

template <class Operation>
Case make_case(const char* name, Operation) {
  return {name, [](std::uint64_t a, std::uint64_t b) { return std::uint64_t{Operation{}(a, b)}; },
          [](const Word<64>& a, const Word<64>& b) { return as_word(Operation{}(a, b)); }};
}

const std::array<Case, 20> kCases = {
    make_case("sum", [](const auto& a, const auto& b) { return a + b; }),
    make_case("difference", [](const auto& a, const auto& b) { return a - b; }),
    make_case("product", [](const auto& a, const auto& b) { return a * b; }),
    make_case("quotient", []<class W>(const W& a, const W& b) { return a / (b | W(1)); }),
    make_case("remainder", []<class W>(const W& a, const W& b) { return a % (b | W(1)); }),
    make_case("and", [](const auto& a, const auto& b) { return a & b; }),
    make_case("or", [](const auto& a, const auto& b) { return a | b; }),
    make_case("exclusive or", [](const auto& a, const auto& b) { return a ^ b; }),
    make_case("not", [](const auto& a, const auto& b) { return ~(a ^ b); }),
    make_case("left shift by a word",
              []<class W>(const W& a, const W& b) { return a << (b & W(63)); }),
    make_case("right shift by a word",
              []<class W>(const W& a, const W& b) { return a >> (b & W(63)); }),
    make_case("left shift", [](const auto& a, const auto& b) { return (a << 9) + (b << 63); }),
    make_case("right shift", [](const auto& a, const auto& b) { return (a >> 12) | (b >> 52); }),
    make_case("masks",
              []<class W>(const W& a, const W& b) {
                return (a & W(0x00FF'F000)) | (b & W(0xFFF)) | W(0x10);
              }),
    make_case(
        "fields without a carry",
        []<class W>(const W& a, const W& b) { return (a & W(0xFF00)) + ((b >> 3) & W(0xF8)); }),
    make_case("less", [](const auto& a, const auto& b) { return a < b; }),
    make_case("less or equal", [](const auto& a, const auto& b) { return a <= b; }),
    make_case("greater",
              []<class W>(const W& a, const W& b) { return (a & W(0xFF)) > (b & W(0xFFF)); }),
    make_case("equal",
              []<class W>(const W& a, const W& b) { return (a & W(0xF0F)) == (b & W(0xFF0)); }),
    make_case("not equal",
              []<class W>(const W& a, const W& b) { return (a | W(1)) != (b & ~W(1)); }),
};

}  // namespace

TEST_CASE("every operation agrees with the machine on known words") {
  for (const Case& each : kCases) {
    INFO(each.name);
    const auto findings = findings_of([&] {
      const std::uint64_t a = kSamples[choose(kSamples.size())];
      const std::uint64_t b = kSamples[choose(kSamples.size())];
      const Word<64> result = each.symbolic(Word<64>(a), Word<64>(b));
      prove("known", result.is_known());
      prove("as the machine", result.known() == each.native(a, b));
    });
    INFO(findings.detail);
    CHECK(findings.verdict == Verdict::kProved);
    CHECK(findings.paths == kSamples.size() * kSamples.size());
  }
}

TEST_CASE("every operation agrees with the machine on words that a solver works out") {
  for (const Case& each : kCases) {
    INFO(each.name);
    const auto findings = findings_of([&] {
      const std::uint64_t a = kSamples[choose(kSamples.size())];
      const std::uint64_t b = kSamples[choose(kSamples.size())];
      const Word<64> x = any<Word<64>>("x");
      const Word<64> y = any<Word<64>>("y");
      const Word<64> result = each.symbolic(x, y);
      prove_if("as the machine", (x == Word<64>(a)) & (y == Word<64>(b)),
               result == Word<64>(each.native(a, b)));
    });
    INFO(findings.detail);
    CHECK(findings.verdict == Verdict::kProved);
    CHECK(findings.paths == kSamples.size() * kSamples.size());
  }
}

TEST_CASE("a wrong result of an operation would be noticed") {
  CHECK(verdict_of([] {
          const Word<64> x = any<Word<64>>("x");
          prove_if("off by one", x == Word<64>(7), (x >> 1) == Word<64>(4));
        }) == Verdict::kRefuted);
}

TEST_CASE("narrow words wrap at their width and widen with zeros") {
  CHECK(verdict_of([] {
          const Word<8> x = any<Word<8>>("x");
          prove_if("wraps", x == Word<8>(255), x + Word<8>(1) == Word<8>(0));
          const auto wide = static_cast<Word<64>>(x);
          prove("at most a byte", wide <= Word<64>(255));
          prove("cut and widened", static_cast<Word<8>>(wide + Word<64>(256)) == x);
        }) == Verdict::kProved);
}

TEST_CASE("what C++ leaves undefined is a goal of its own") {
  const auto shift = findings_of([] {
    const Word<64> count = any<Word<64>>("count");
    prove("whatever", (Word<64>(1) << count) != Word<64>(0) || count > Word<64>(63));
  });
  CHECK(shift.verdict == Verdict::kRefuted);
  CHECK(shift.detail.starts_with("goal `no shift by the width or more` fails"));
  const auto constant =
      findings_of([] { prove("whatever", any<Word<8>>("x") >> 8 == Word<8>(0)); });
  CHECK(constant.verdict == Verdict::kRefuted);
  const auto division =
      findings_of([] { prove("whatever", Word<64>(7) / any<Word<64>>("x") <= Word<64>(7)); });
  CHECK(division.verdict == Verdict::kRefuted);
  CHECK(division.detail.starts_with("goal `no division by zero` fails"));
  CHECK(verdict_of([] {
          prove("at most seven", Word<64>(7) / (any<Word<64>>("x") | Word<64>(1)) <= Word<64>(7));
        }) == Verdict::kProved);
}

TEST_CASE("a symbolic word that is used as a number ends the obligation and says so") {
  const auto findings = findings_of([] {
    const std::array<int, 8> table{};
    const auto index = any<Word<64>>("index") & Word<64>(7);
    prove("zero", table[static_cast<std::size_t>(index)] == 0);
  });
  CHECK(findings.verdict == Verdict::kUnknown);
  CHECK(findings.detail.find("used as a number") != std::string::npos);
}

TEST_CASE("moving bits about needs no solver") {
  const auto findings = findings_of([] {
    const Word<64> va = any<Word<64>>("va");
    const Word<64> index = (va >> 21) & Word<64>(511);
    const Word<64> again = ((va >> 18) & Word<64>(511 * 8)) >> 3;
    prove("the same index", index == again);
    prove("put together again", ((va >> 12) << 12 | (va & Word<64>(0xFFF))) == va);
  });
  CHECK(findings.verdict == Verdict::kProved);
  CHECK(findings.queries == 1);  // the vacuity twin
}

TEST_CASE("selecting forks nothing and keeps what both sides share") {
  const auto findings = findings_of([] {
    const Boolean which = any<Boolean>("which");
    const Word<64> a = any<Word<64>>("a");
    const Word<64> both = select(which, a | Word<64>(1), a & ~Word<64>(1));
    prove("the upper bits are a's", (both >> 1) == (a >> 1));
    prove("the lowest bit tells", ((both & Word<64>(1)) == Word<64>(1)) == which);
    prove("as in a condition", select(which, which, !which));
  });
  INFO(findings.detail);
  CHECK(findings.verdict == Verdict::kProved);
  CHECK(findings.paths == 1);
}

TEST_CASE("the width of a word is where its highest bit is") {
  const auto findings = findings_of([] {
    const Word<64> word = any<Word<64>>("word");
    const Word<64> width = bit_width(word);
    prove("no more than all bits", width <= Word<64>(64));
    prove("0 for 0 only", (width == Word<64>(0)) == (word == Word<64>(0)));
    assume(word != Word<64>(0));
    prove("the rest is one bit", (word >> (width - Word<64>(1))) == Word<64>(1));
    prove("of a number", bit_width(Word<64>(0x12345)) == Word<64>(17));
  });
  INFO(findings.detail);
  CHECK(findings.verdict == Verdict::kProved);
  CHECK(findings.paths == 1);
}

}  // namespace quintet::proof
