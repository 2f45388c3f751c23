// SPDX-License-Identifier: MIT
#pragma once

// The life of a benchmark binary, from its arguments to its exit status:
//   0  all cases ran             2  bad flag                     77  all matching cases skipped
//   1  a case failed             3  no case matched the filter
namespace quintet::bench {

// Each family defines this; it calls register_case for every case. Flags have their values.
void register_cases();

// `register_all` is called once, after flags are parsed.
int run(int argc, char** argv, void (*register_all)());

}  // namespace quintet::bench
