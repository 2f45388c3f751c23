// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>

// The operations that allocator_micro measures. Each takes the settings of its command line and
// returns nanoseconds of CPU time for one operation. A setting that is not given ends the program
// with status 2; memory that is refused ends it with 1.
namespace quintet::bench::allocator_cases {

class Settings {
 public:
  Settings(int count, char** words);

  [[nodiscard]] std::uint64_t operator[](const std::string& name) const;
  [[nodiscard]] std::uint64_t milliseconds() const { return (*this)["ms"]; }

 private:
  std::map<std::string, std::uint64_t> values_;
};

using Operation = double (*)(const Settings&);
[[nodiscard]] const std::map<std::string, Operation>& operations();

// The block, or the end of the program.
[[nodiscard]] void* must(void* block);

double remote(const Settings& settings);       // micro_threads.cpp
double thread_exit(const Settings& settings);  // micro_threads.cpp

}  // namespace quintet::bench::allocator_cases
