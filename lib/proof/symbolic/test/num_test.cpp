// SPDX-License-Identifier: MIT
#include "proof/symbolic/num.hpp"
#include "proof/symbolic/test/exploring.hpp"

// Mathematical integers: arithmetic that owes "no overflow".
namespace quintet::proof {
namespace {

// A position in a ring, moved on without a division.
template <class W>
W advance(W position, W count, W size) {
  const W left = size - position;
  if (count < left) return position + count;
  return count - left;
}

}  // namespace

TEST_CASE("ring arithmetic is proved for rings of every size") {
  const auto findings = findings_of([] {
    const Num size = any<Num>("size");
    const Num position = any<Num>("position");
    const Num count = any<Num>("count");
    assume(position < size & (count <= size));
    const Num next = advance(position, count, size);
    prove("within the ring", next < size);
    prove("where it belongs", (next == position + count) | (next + size == position + count));
  });
  // The claim itself may overflow: position + count of a huge ring.
  CHECK(findings.verdict == Verdict::kRefuted);
  CHECK(findings.detail.starts_with("goal `no overflow in a sum` fails"));
  CHECK(verdict_of([] {
          const Num size = any<Num>("size");
          const Num position = any<Num>("position");
          const Num count = any<Num>("count");
          assume(position < size & (count <= size) & (size <= Num(1ULL << 62)));
          const Num next = advance(position, count, size);
          prove("within the ring", next < size);
          prove("where it belongs", next == (position + count) % size);
        }) == Verdict::kProved);
}

TEST_CASE("each operation that leaves 64 bits is refuted by name") {
  const auto goal = [](auto operation) {
    const auto findings = findings_of([&] {
      const Num a = any<Num>("a");
      const Num b = any<Num>("b");
      static_cast<void>(operation(a, b));
      prove("got there", true);
    });
    CHECK(findings.verdict == Verdict::kRefuted);
    return findings.detail.substr(0, findings.detail.find(" fails"));
  };
  CHECK(goal([](Num a, Num b) { return a + b; }) == "goal `no overflow in a sum`");
  CHECK(goal([](Num a, Num b) { return a - b; }) == "goal `no difference below zero`");
  CHECK(goal([](Num a, Num) { return a * Num(3); }) == "goal `no overflow in a product`");
  CHECK(goal([](Num a, Num b) { return a / b; }) == "goal `no division by zero`");
  CHECK(goal([](Num, Num) { return Num(~0ULL) + Num(1); }) == "goal `no overflow in a sum`");
}

TEST_CASE("known numbers stay numbers") {
  const auto findings = findings_of([] {
    const Num six = Num(2) * Num(3);
    prove("known", six.is_known());
    prove("six", six.known() == 6 && (six - Num(5)).known() == 1 && (six % Num(4)).known() == 2);
    prove("ordered", Num(1) < Num(2) && Num(2) >= Num(2) && Num(3) != Num(4));
  });
  CHECK(findings.verdict == Verdict::kProved);
}

TEST_CASE("selecting a number forks nothing") {
  const auto findings = findings_of([] {
    const Num a = any<Num>("a");
    const Num b = any<Num>("b");
    const Num most = select(a < b, b, a);
    prove("at least both", (most >= a) & (most >= b));
  });
  CHECK(findings.verdict == Verdict::kProved);
  CHECK(findings.paths == 1);
}

}  // namespace quintet::proof
