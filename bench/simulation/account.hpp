// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

// Where simulated time goes: nanoseconds and counts by line (the name of a cell on it) and kind.
namespace quintet::simulation {

enum class Spent : std::uint8_t { kHit, kLoad, kStore, kUpdate, kDrain, kWait, kWork };
inline constexpr std::array kSpentNames{"hit", "load", "store", "update", "drain", "wait", "work"};

class Account {
 public:
  struct Row {
    std::string line;
    Spent kind;
    double ns = 0;
    std::uint64_t count = 0;
  };

  void add(const char* line, Spent kind, double ns) {
    auto& [total, count] = sums_[{line, kind}];
    total += ns;
    ++count;
  }

  // The largest first.
  [[nodiscard]] std::vector<Row> rows() const {
    std::map<std::pair<std::string, Spent>, Row> merged;  // equal names, different literals
    for (const auto& [key, sum] : sums_) {
      auto& row = merged[{key.first, key.second}];
      row.line = key.first;
      row.kind = key.second;
      row.ns += sum.first;
      row.count += sum.second;
    }
    std::vector<Row> rows;
    for (auto& [key, row] : merged) rows.push_back(std::move(row));
    std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
      return std::tie(b.ns, a.line, a.kind) < std::tie(a.ns, b.line, b.kind);
    });
    return rows;
  }

 private:
  std::map<std::pair<const char*, Spent>, std::pair<double, std::uint64_t>> sums_;
};

}  // namespace quintet::simulation
