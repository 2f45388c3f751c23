// SPDX-License-Identifier: MIT
#include "page_table/frame_set.hpp"

#include <random>
#include <set>

#include "testing/catch.hpp"
#include "testing/child.hpp"

namespace quintet::page_table {
namespace {

FrameSet set_of(std::uint32_t capacity) {
  auto set = FrameSet::create(capacity);
  REQUIRE(set.has_value());
  return std::move(*set);
}

TEST_CASE("an empty set gives nothing, again and again") {
  FrameSet set = set_of(1);
  CHECK(set.take() == FrameSet::kNone);
  set.insert(0);
  CHECK(set.size() == 1);
  CHECK(set.take() == 0);
  CHECK(set.take() == FrameSet::kNone);
  CHECK(set.size() == 0);
}

TEST_CASE("numbers come out in ascending order, whatever the order they went in") {
  // One to four levels, and numbers at both ends of words.
  for (const std::uint32_t capacity : {64U, 65U, 4096U, 4097U, 262'145U}) {
    FrameSet set = set_of(capacity);
    std::set<std::uint32_t> model;
    for (const std::uint32_t n : {capacity - 1, capacity / 2, 63U, 0U, capacity / 3, 1U}) {
      if (model.insert(n).second) set.insert(n);
    }
    for (const std::uint32_t expected : model) CHECK(set.take() == expected);
    CHECK(set.take() == FrameSet::kNone);
  }
}

TEST_CASE("a set does what an ordered set does under random insertion and removal") {
  for (const std::uint32_t capacity : {50U, 300U, 5'000U, 300'000U}) {
    FrameSet set = set_of(capacity);
    std::set<std::uint32_t> model;
    std::mt19937 random(capacity);
    // Fills and drains in turn, so that words empty and come back.
    for (int step = 0; step < 40'000; ++step) {
      const bool filling = step / 500 % 2 == 0;
      if (random() % 4 != 0 ? filling : !filling) {
        const auto n = static_cast<std::uint32_t>(random() % capacity);
        if (model.insert(n).second) set.insert(n);
      } else if (model.empty()) {
        REQUIRE(set.take() == FrameSet::kNone);
      } else {
        REQUIRE(set.take() == *model.begin());
        model.erase(model.begin());
      }
      REQUIRE(set.size() == model.size());
    }
  }
}

#ifndef NDEBUG
TEST_CASE("giving a number back twice ends a debug build with words") {
  for (const std::uint32_t twice : {3U, 500U}) {  // in the lowest word and in another
    const auto outcome = testing::run_child([twice] {
      auto set = FrameSet::create(1000);
      set->insert(3);
      set->insert(500);
      set->insert(twice);
    });
    CHECK(outcome.signal != 0);
    CHECK(outcome.error_output.find("given back twice") != std::string::npos);
  }
}
#endif

}  // namespace
}  // namespace quintet::page_table
