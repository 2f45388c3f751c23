// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

// What the real programs are given to do. Each input is a text in the program's language that is
// the same every time, and that prints a sum or an answer, so that outputs can be compared. The
// time that it takes is proportional to `rounds`.
namespace quintet::bench::allocator_cases {

// Dictionaries that grow, arrays, strings above 128 KiB, and pages with curves and letters.
[[nodiscard]] std::string postscript_input(std::uint64_t rounds);

// Tables of tables, and strings that are joined.
[[nodiscard]] std::string lua_input(std::uint64_t rounds);

// Strings of 0 to 40 bytes at random places of an array, by so many threads.
[[nodiscard]] std::string ruby_input(std::uint64_t rounds, std::uint64_t threads);

// Random 3-SAT problems where satisfiable ones and others are equally many, one a round.
[[nodiscard]] std::string smt2_input(std::uint64_t rounds);

}  // namespace quintet::bench::allocator_cases
