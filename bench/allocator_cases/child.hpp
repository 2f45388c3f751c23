// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// Programs that run under an allocator: started, waited for, and accounted. Each one is started by
// the small program allocator_child, which measures it alone. One thread starts and waits; what has
// been started ends with this process, however that ends.
namespace quintet::bench::allocator_cases {

struct Command {
  std::string program;                      // a path
  std::vector<std::string> arguments = {};  // without the program's own name
  std::string preload = {};                 // the allocator's shared library; empty: none
  std::string called = {};                  // what the program is told it is called; empty: program
};

// What a program that ended well has taken.
struct ChildReport {
  double seconds = 0;      // wall
  double cpu_seconds = 0;  // user and system, all threads
  double rss_mib = 0;      // the peak
  std::uint64_t faults = 0;
  std::string output = {};  // what it wrote to stdout
};

// Error: one line with the program's name and what went wrong.
using ChildResult = std::expected<ChildReport, std::string>;

class Child {
 public:
  // Starts `command`, to be killed after `limit_seconds`. Error: as above.
  [[nodiscard]] static std::expected<Child, std::string> start(const Command& command,
                                                               double limit_seconds);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  // Kills what was not waited for.
  ~Child();

  // Until the program has ended. An error unless it exited with 0, in time, under its allocator.
  // Requires: not called before.
  [[nodiscard]] ChildResult wait();

 private:
  Child(std::string name, pid_t launcher, double limit_seconds) noexcept;

  std::string name_;
  pid_t launcher_;  // 0: waited for
  double limit_seconds_;
  int output_ = -1;
  int errors_ = -1;
  int report_ = -1;
};

[[nodiscard]] ChildResult run_child(const Command& command, double limit_seconds);

// The text as numbers by name: "ns_per_op 5.25 rss_mib 1.5". Error: one line that quotes what is
// not such text, or names what is not there though it is in `needed`.
using Values = std::map<std::string, double, std::less<>>;
[[nodiscard]] std::expected<Values, std::string> parse_values(
    std::string_view text, const std::vector<std::string_view>& needed);

}  // namespace quintet::bench::allocator_cases
