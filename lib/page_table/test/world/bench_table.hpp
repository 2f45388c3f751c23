// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <utility>

#include "page_table/page_table.hpp"
#include "page_table/test/world/traced_memory.hpp"
#include "testing/catch.hpp"

// Short ways to a page table in unit tests.
namespace quintet::page_table::world {

inline constexpr std::uint64_t k4KiB = 0x1000, k2MiB = 0x20'0000, k1GiB = 0x4000'0000;

// A table over its own memory of `frames` frames.
template <Policy kPolicy = kDefaultPolicy, class Inv = NoInvalidation, class Memory = FullMemory>
struct Bench {
  explicit Bench(CpuFeatures features = {}, std::size_t frames = 64, Inv inv = {})
      : memory(frames), table(make(memory, features, std::move(inv))) {}
  using Table = PageTable<Memory, Inv, kPolicy>;

  Memory memory;
  Table table;

 private:
  static Table make(Memory& memory, CpuFeatures features, Inv inv) {
    auto made = Table::create(memory, features, std::move(inv));
    REQUIRE(made.has_value());
    return std::move(*made);
  }
};

// The error of a refused operation; fails the test when it was not refused.
template <class T>
Error error_of(const quintet::Result<T, Error>& result) {
  REQUIRE_FALSE(result.has_value());
  return result.error();
}
template <class T>
std::pair<std::size_t, Error> error_of(const quintet::Result<T, BatchError>& result) {
  REQUIRE_FALSE(result.has_value());
  return {result.error().index, result.error().error};
}

}  // namespace quintet::page_table::world
