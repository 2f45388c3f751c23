// SPDX-License-Identifier: MIT
#pragma once
#include "testing/catch.hpp"
// After Catch2, on which it builds.
#include <rapidcheck/catch.h>

// The one place that includes rapidcheck. Write a property as
//   TEST_CASE("...") { rc::prop("...", [](std::uint64_t word) { RC_ASSERT(...); }); }
// A failure prints the shrunk counterexample and the string that replays it:
//   RC_PARAMS="reproduce=<string>" ./<system>_prop "<test name>"
