// SPDX-License-Identifier: MIT
#include <algorithm>
#include <stdexcept>

#include "page_table/test/world/configurations.hpp"
#include "page_table/test/world/subject_of.hpp"

namespace quintet::page_table::world {

std::vector<Configuration> live_configurations() {
  constexpr Policy kFive{.levels = 5};
  constexpr Policy kLive{.live_leaves = true};
  constexpr Policy kAll{.counter = Counter::kBeside, .levels = 5, .live_leaves = true};
  return {
      configure<FullMemory, OnRequest, kFive>("five levels"),
      configure<FullMemory, EachOperation, kLive>("live leaves"),
      configure<FullMemory, OnRequest, kAll>("five levels live and beside"),
  };
}

const std::vector<Configuration>& configurations() {
  static const std::vector<Configuration> all = [] {
    auto list = counted_configurations();
    for (auto& more : {uncounted_configurations(), live_configurations()}) {
      list.insert(list.end(), more.begin(), more.end());
    }
    return list;
  }();
  return all;
}

const Configuration& configuration(const std::string& name) {
  for (const Configuration& candidate : configurations()) {
    if (candidate.traits.name == name) return candidate;
  }
  throw std::invalid_argument("no configuration named " + name);
}

}  // namespace quintet::page_table::world
