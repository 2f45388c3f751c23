// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <iterator>
#include <string>

// The line of each request as the reference's client prints it: `#req <thread> <n> <ms>`. Lines are
// written some hundred at a time, and whole, whoever else writes to the standard output.
// Threading: one thread at a time; several of these may be used by several threads.
namespace quintet::ironkv::app {

class RequestLines {
 public:
  explicit RequestLines(std::uint32_t thread) : thread_(thread) {}

  // `now` and `took` in nanoseconds.
  void add(std::uint64_t number, std::int64_t now, std::uint64_t took) {
    fmt::format_to(std::back_inserter(lines_), "#req {} {} {:.4f}\n", thread_, number,
                   static_cast<double>(took) * 1e-6);
    if (lines_.size() >= kMostBytes || now - written_at_ >= kLongest) write(now);
  }
  void write(std::int64_t now) {
    std::fwrite(lines_.data(), 1, lines_.size(), stdout);
    std::fflush(stdout);
    lines_.clear();
    written_at_ = now;
  }

 private:
  static constexpr std::size_t kMostBytes = 16 << 10;
  static constexpr std::int64_t kLongest = 100'000'000;

  std::uint32_t thread_;
  std::string lines_;
  std::int64_t written_at_ = 0;
};

}  // namespace quintet::ironkv::app
