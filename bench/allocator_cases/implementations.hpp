// SPDX-License-Identifier: MIT
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "support/case.hpp"
#include "support/flags.hpp"

// The allocators that are measured: ours, the C library's, Debian's packages, and what --rival
// adds. Each is a shared library that a child process loads before all others.
namespace quintet::bench::allocator_cases {

struct Implementation {
  std::string name;
  std::string library;  // its path, or the C library's name; empty where it is not installed
  std::string package;  // what Debian calls it; empty for ours, and for what --rival names
};

// --rival=NAME=PATH, as often as there are rivals.
class RivalFlag : public Flag {
 public:
  using Flag::Flag;

  [[nodiscard]] const std::vector<Implementation>& value() const noexcept { return rivals_; }

  std::expected<void, std::string> parse(std::optional<std::string_view> text) override;
  [[nodiscard]] std::string text() const override;
  [[nodiscard]] std::string usage() const override { return "=NAME=PATH"; }
  [[nodiscard]] bool is_private() const noexcept override { return true; }

 private:
  std::vector<Implementation> rivals_;
};

// All of them, ours first. Call when flags have their values.
[[nodiscard]] std::vector<Implementation> implementations();

// The C library's allocator, whose output is what others must print.
[[nodiscard]] const Implementation& glibc();

// What LD_PRELOAD must be for it. No value: it is not installed, or a program that is started so
// does not get its malloc from there; that is looked at once in a process.
[[nodiscard]] std::expected<std::string, NoSample> preload_of(const Implementation& one);

// The version of an installed library, as far as its file's name tells: for the context.
[[nodiscard]] std::string version_of(const Implementation& one);

}  // namespace quintet::bench::allocator_cases
