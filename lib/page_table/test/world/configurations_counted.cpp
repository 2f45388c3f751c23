// SPDX-License-Identifier: MIT
#include "page_table/test/world/configurations.hpp"
#include "page_table/test/world/subject_of.hpp"

namespace quintet::page_table::world {

std::vector<Configuration> counted_configurations() {
  constexpr Policy kNoCache{.walk_cache = false};
  return {
      configure<FullMemory, NoInvalidation, kDefaultPolicy>("default"),
      configure<TracedMemory, NoInvalidation, kDefaultPolicy>(
          "four operations", {.maxphyaddr = 46, .nx = true, .gib_pages = true}),
      configure<FullMemory, EachOperation, kNoCache>("no walk cache"),
      configure<TracedMemory, EachOperation, kDefaultPolicy>(
          "flush each operation", {.maxphyaddr = 40, .nx = false, .gib_pages = false}),
      configure<TracedMemory, OnRequest, kDefaultPolicy>("flush on request"),
  };
}

}  // namespace quintet::page_table::world
