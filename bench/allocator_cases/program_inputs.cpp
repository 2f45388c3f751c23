// SPDX-License-Identifier: MIT
#include "allocator_cases/program_inputs.hpp"

#include <fmt/format.h>

namespace quintet::bench::allocator_cases {
namespace {

constexpr char kPostscript[] = R"(
0  % the sum; it stays on the stack, which restore leaves alone
0 1 rounds 1 sub {
  /i exch def
  save /saved exch def
  /words 20 dict def
  0 1 299 { /k exch def  words k  k i add 97 mod 16 add string  put } for
  /numbers i 7 mul 5000 mod 1000 add array def
  0 1 numbers length 1 sub { numbers exch dup 3 mul put } for
  /long 140000 i 100 mod add string def
  long i long length mod 65 put
  /part words length numbers dup length 1 sub get add long length add def
  i 20 mod 0 eq {
    0 1 39 {
      /k exch def
      newpath 50 k 15 mul 60 add moveto
      100 k 9 mul 400 i k add 700 mod 550 k 12 mul curveto
      k 10 div 1 add setlinewidth stroke
      /Helvetica findfont k 3 div 6 add scalefont setfont
      60 k 17 mul 60 add moveto (the quick brown fox, number ) show k 10 string cvs show
    } for
    showpage
  } if
  part add 1000003 mod
  saved restore
} for
==
)";

constexpr char kLua[] = R"(
local sum, live = 0, {}
for r = 1, rounds do
  local names = {}
  for i = 1, 400 do
    local name = string.rep(string.char(97 + i % 26), (i * r) % 41) .. (i + r)
    names[i] = name
    live[(i * 7 + r) % 5000 + 1] = {name = name, parts = {i, r, {name}}, count = #name}
  end
  local text = table.concat(names, ",")
  local other = live[(r * 31) % 5000 + 1]
  sum = (sum * 31 + #text + #text:gsub("a", "bb") + (other and other.count or 0)) % 1000003
end
print(sum)
)";

constexpr char kRuby[] = R"(
sums = (0...threads).map do |number|
  Thread.new do
    state, sum, places = number + 1, 0, Array.new(50_000)
    (rounds / threads).times do
      state = (state * 1103515245 + 12345) % 2147483648
      text = "x" * ((state >> 8) % 41)
      place = (state >> 14) % places.size
      sum = (sum * 31 + text.size + (places[place] || "").size) % 1000003
      places[place] = text
    end
    sum
  end
end
puts sums.map(&:value).join(" ")
)";

constexpr int kVariables = 120;
constexpr int kClauses = 511;  // 4.26 for each variable

}  // namespace

std::string postscript_input(std::uint64_t rounds) {
  return fmt::format("%!PS\n/rounds {} def{}", rounds, kPostscript);
}

std::string lua_input(std::uint64_t rounds) {
  return fmt::format("local rounds = {}{}", rounds, kLua);
}

std::string ruby_input(std::uint64_t rounds, std::uint64_t threads) {
  return fmt::format("rounds, threads = {}, {}{}", rounds, threads, kRuby);
}

std::string smt2_input(std::uint64_t rounds) {
  std::string text = "(set-logic QF_UF)\n";
  for (int i = 0; i < kVariables; ++i) text += fmt::format("(declare-const v{} Bool)\n", i);
  std::uint64_t state = 0x2545'F491'4F6C'DD1D;
  const auto next = [&state](std::uint64_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return ((state >> 32) * below) >> 32;
  };
  for (std::uint64_t round = 0; round < rounds; ++round) {
    text += "(push)\n";
    for (int clause = 0; clause < kClauses; ++clause) {
      text += "(assert (or";
      for (int literal = 0; literal < 3; ++literal) {
        const std::uint64_t variable = next(kVariables);
        text += next(2) == 0 ? fmt::format(" v{}", variable) : fmt::format(" (not v{})", variable);
      }
      text += "))\n";
    }
    text += "(check-sat)\n(pop)\n";
  }
  return text;
}

}  // namespace quintet::bench::allocator_cases
