// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "pm_log/multi_log.hpp"
#include "pm_log/spec/abstract_pool.hpp"
#include "pm_log/test/world/operation.hpp"
#include "pm_log/test/world/plain_memory.hpp"

// Random histories: a script is numbers, and its player makes operations of them that are mostly
// legal and often just not. After each operation the log is compared with the spec, and what
// differs is reported by the name of the property that it breaks (P1 to P26, as the paper's proofs
// number them in test/README.md).
namespace quintet::pm_log::world {

struct Draw {
  int what = 0;
  int log = 0;
  int size = 0;
  int aim = 0;
};

struct Script {
  int logs = 1;
  int lines = 2;  // of the first log's ring; others have fewer
  bool fast = false;
  std::vector<Draw> draws{};
};

template <Fault kFault>
class Player {
 public:
  using Pool = MultiLog<PlainMemoryRef, kFault>;

  explicit Player(const Script& script)
      : script_(script),
        capacities_(capacities_of(script)),
        model_(capacities_),
        memory_(bytes_for(capacities_)),
        pool_(create()) {}

  // The names of the properties that broke: the first only, or none.
  std::string play() {
    created();
    for (const Draw& draw : script_.draws) {
      if (!broken_.empty()) break;
      step(draw);
      compare();
    }
    if (broken_.empty()) reopen();
    return broken_;
  }

 private:
  static std::vector<std::uint64_t> capacities_of(const Script& script) {
    std::vector<std::uint64_t> capacities;
    for (int i = 0; i < script.logs; ++i) {
      capacities.push_back(64 * static_cast<std::uint64_t>(std::max(1, script.lines - i)));
    }
    return capacities;
  }
  static std::uint64_t bytes_for(const std::vector<std::uint64_t>& capacities) {
    return data_start(capacities.size()) + kPageBytes * (capacities.size() + 1);
  }
  Pool create() {
    std::vector<LogSpec> specs;
    for (const std::uint64_t capacity : capacities_) specs.push_back({.capacity = capacity});
    return *Pool::create(PlainMemoryRef(memory_), specs,
                         {.commit = script_.fast ? Commit::kFast : Commit::kStrict});
  }

  void check(bool holds, const char* property) {
    if (!holds && broken_.empty()) broken_ = property;
  }

  void created() {
    for (std::uint32_t i = 0; i < capacities_.size(); ++i) {
      check(pool_.info(i) == Info{.capacity = capacities_[i]}, "P1");
    }
    check(pool_.logs() == capacities_.size(), "P1");
    std::uint64_t sum = 0;
    for (const std::uint64_t capacity : capacities_) sum += capacity;
    check(sum <= memory_.size(), "P3");
  }

  void step(const Draw& draw) {
    // One more log than there is.
    const auto log = static_cast<std::uint32_t>(draw.log) %
                     static_cast<std::uint32_t>(capacities_.size() + (draw.aim % 8 == 0 ? 1 : 0));
    const auto size = static_cast<std::uint64_t>(draw.size);
    switch (draw.what % 10) {
      case 0:
      case 1:
        return append(log, size);
      case 2:
        return gather(log, size);
      case 3:
        return reserve(log, size, static_cast<std::uint64_t>(draw.aim));
      case 4:
      case 5:
        model_.commit();
        return check(pool_.commit().has_value(), "P14");
      case 6:
        return advance(log, draw.aim);
      case 7:
        return read(log, draw.aim, size);
      case 8:
        if (draw.aim % 4 != 0) return advance(log, 2);
        ++salt_;
        model_.abort();
        return pool_.abort();
      default:
        return draw.aim % 2 == 0 ? reopen() : append(log, size);
    }
  }

  std::vector<std::byte> next_bytes(std::uint32_t log, std::uint64_t size) const {
    const auto info = model_.info(log);
    return content(log, info ? info->pending_tail : 0, size, salt_);
  }

  // P8 to P10 of an append that the spec made, too.
  void answered(const Result<Position>& got, const Result<std::uint64_t>& expected) {
    if (expected) return check(got == expected, "P8");
    check(got == expected, expected.error().code == Errc::kInvalidLog ? "P10" : "P9");
  }

  void append(std::uint32_t log, std::uint64_t size) {
    const auto bytes = next_bytes(log, size);
    const auto expected = model_.tentative_append(log, bytes);
    answered(pool_.tentative_append(log, bytes), expected);
  }
  void gather(std::uint32_t log, std::uint64_t size) {
    const auto bytes = next_bytes(log, size);
    const auto all = std::span<const std::byte>(bytes);
    const std::array<std::span<const std::byte>, 3> pieces{all.first(size / 3), all.subspan(0, 0),
                                                           all.subspan(size / 3)};
    const auto expected = model_.tentative_append(log, bytes);
    answered(pool_.tentative_append(log, pieces), expected);
  }
  // In place, and only a part of what was reserved.
  void reserve(std::uint32_t log, std::uint64_t size, std::uint64_t unused) {
    const auto room = pool_.reserve(log, size);
    if (!room) {
      const Errc code = room.error().code;
      if (code == Errc::kNotContiguous) return;
      AbstractPool copy = model_;
      return answered(std::unexpected(room.error()),
                      copy.tentative_append(log, next_bytes(log, size)));
    }
    const auto bytes = next_bytes(log, size - std::min(size, unused % 8));
    std::copy(bytes.begin(), bytes.end(), room->begin());
    const auto expected = model_.tentative_append(log, bytes);
    answered(pool_.publish(log, bytes.size()), expected);
  }

  void advance(std::uint32_t log, int aim) {
    const auto info = model_.info(log);
    std::uint64_t to = 0;
    if (info) {
      const std::array<std::uint64_t, 6> targets{
          info->head,     info->head + (info->tail - info->head) / 2,
          info->tail,     info->tail + 1,
          info->head - 1, info->pending_tail};
      to = targets[static_cast<std::size_t>(aim) % targets.size()];
    }
    const auto expected = model_.advance_head(log, to);
    const auto got = pool_.advance_head(log, to);
    if (!expected && expected.error().code == Errc::kInvalidLog)
      return check(got == expected, "P10");
    check(got == expected, expected ? "P15" : "P17");
  }

  void read(std::uint32_t log, int aim, std::uint64_t size) {
    const auto info = model_.info(log);
    const std::uint64_t from =
        info ? info->head - 1 + static_cast<std::uint64_t>(aim) % (info->tail - info->head + 4) : 0;
    const auto before = memory_.image();
    const auto expected = model_.read(log, from, size);
    std::vector<std::byte> bytes(size);
    const auto got = pool_.read(log, from, bytes);
    check(memory_.image() == before, "P21");
    const auto view = pool_.view(log, from, size);
    if (!expected) {
      const char* property = expected.error().code == Errc::kInvalidLog ? "P10" : "P20";
      check(!got && got.error() == expected.error(), property);
      return check(!view && view.error() == expected.error(), property);
    }
    check(got && bytes == *expected, "P18");
    if (!view) return check(false, "P18");
    // P19: every byte from a place of its own, in the log's area.
    const auto [first, second] = *view;
    std::vector<std::byte> viewed(first.begin(), first.end());
    viewed.insert(viewed.end(), second.begin(), second.end());
    check(viewed == *expected, "P18");
    const auto& place = pool_.state().logs[log].place;
    const std::byte* area = memory_.data() + place.area;
    const auto inside = [&](std::span<const std::byte> piece) {
      return piece.empty() ||
             (piece.data() >= area && piece.data() + piece.size() <= area + place.length);
    };
    check(inside(first) && inside(second), "P19");
    const bool apart =
        first.empty() || second.empty() || second.data() + second.size() <= first.data();
    check(apart, "P19");
  }

  void reopen() {
    auto opened = Pool::open(PlainMemoryRef(memory_));
    if (!opened) return check(false, "P6");
    model_ = model_.crashed();
    for (std::uint32_t i = 0; i < capacities_.size(); ++i) {
      check(opened->info(i)->pending_tail == opened->info(i)->tail, "P7");
      check(opened->info(i) == model_.info(i), "P4");
    }
    pool_ = *std::move(opened);
  }

  // P12, P22, P26.
  void compare() {
    pool_.check_invariants();
    for (std::uint32_t i = 0; i < capacities_.size(); ++i) {
      const Info info = *model_.info(i);
      check(pool_.info(i) == info, "P22");
      if (!broken_.empty()) return;
      std::vector<std::byte> bytes(info.tail - info.head);
      check(pool_.read(i, info.head, bytes) && bytes == *model_.read(i, info.head, bytes.size()),
            "P26");
    }
  }

  using AbstractPool = spec::AbstractPool;

  const Script& script_;
  std::vector<std::uint64_t> capacities_;
  AbstractPool model_;
  PlainMemory memory_;
  Pool pool_;
  std::uint64_t salt_ = 0;
  std::string broken_{};
};

}  // namespace quintet::pm_log::world
