// SPDX-License-Identifier: MIT
#include "proof/symbolic/memory.hpp"
#include "proof/symbolic/test/exploring.hpp"
#include "proof/symbolic/word_array.hpp"

// Symbolic memory and arrays.
namespace quintet::proof {
using W = Word<64>;

TEST_CASE("a read gives the newest write there and all else is as at the start") {
  const auto findings = findings_of([] {
    Memory memory("memory");
    const W a = any<W>("a");
    const W b = any<W>("b");
    const W x = any<W>("x");
    const W before = memory.read(x);
    memory.write(a, W(1));
    memory.write(b, W(2));
    prove("the newest", memory.read(b) == W(2));
    prove_if("the older, elsewhere", a != b, memory.read(a) == W(1));
    prove_if("the rest", (x != a) & (x != b), memory.read(x) == before);
    prove("versions stay readable", memory.read(x, 0) == before);
    prove("and the one between", memory.read(a, 1) == W(1));
  });
  INFO(findings.detail);
  CHECK(findings.verdict == Verdict::kProved);
}

TEST_CASE("a write may hit what another address names") {
  CHECK(verdict_of([] {
          Memory memory("memory");
          const W a = any<W>("a");
          memory.write(a, W(1));
          memory.write(any<W>("b"), W(2));
          prove("still there", memory.read(a) == W(1));
        }) == Verdict::kRefuted);
}

TEST_CASE("clearing sets every word of the block to zero and no other") {
  const auto findings = findings_of([] {
    Memory memory("memory");
    const W block = any<W>("block") & W(~0xFFFULL);
    const W x = any<W>("x");
    const W before = memory.read(x);
    memory.clear(block, 4096);
    const Boolean inside = (x & W(~0xFFFULL)) == block;
    prove_if("inside", inside, memory.read(x) == W(0));
    prove_if("outside", !inside, memory.read(x) == before);
  });
  CHECK(findings.verdict == Verdict::kProved);
}

TEST_CASE("an array takes an unknown index and owes that it is within") {
  CHECK(verdict_of([] {
          WordArray<W, W, 8> array;
          array.fill(W(5));
          const W i = any<W>("i") & W(7);
          const W j = any<W>("j") & W(7);
          array.set(i, W(9));
          prove("what was set", array.at(i) == W(9));
          prove("what was not", (array.at(j) == W(5)) | (i == j));
        }) == Verdict::kProved);
  const auto outside = findings_of([] {
    const WordArray<W, W, 8> array;
    prove("whatever", array.at(any<W>("i") & W(15)) == W(0));
  });
  CHECK(outside.verdict == Verdict::kRefuted);
  CHECK(outside.detail.starts_with("goal `an index is within its array` fails"));
}

}  // namespace quintet::proof
