// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "ironkv/app/load_requests.hpp"
#include "ironkv/message.hpp"

// Values that say who wrote them: a stamp, and then bytes that follow from it. So a value that was
// read is known to be one that was written, to that key, and as a whole.
namespace quintet::ironkv::app {

struct Stamp {
  std::uint64_t run = 0;  // of the program
  Key key = 0;
  std::uint64_t writer = 0;  // a client of that run
  std::uint64_t number = 0;  // of the writer's writes

  bool operator==(const Stamp&) const = default;
};

// Shorter values have only the beginning of a stamp.
inline constexpr std::size_t kStampBytes = 32;

// Fills `value`.
inline void write_value(const Stamp& stamp, std::span<std::byte> value) {
  const std::array words = {stamp.run, stamp.key, stamp.writer, stamp.number};
  static_assert(sizeof(words) == kStampBytes);
  std::memcpy(value.data(), words.data(), std::min(value.size(), kStampBytes));
  std::uint64_t state = mix64(stamp.run ^ mix64(stamp.key ^ mix64(stamp.writer)) ^ stamp.number);
  for (std::size_t at = kStampBytes; at < value.size(); at += sizeof(state)) {
    const std::uint64_t word = mix64(++state);
    std::memcpy(value.data() + at, &word, std::min(sizeof(word), value.size() - at));
  }
}

// The stamp, if these are exactly the bytes that write_value() makes of it.
[[nodiscard]] inline std::optional<Stamp> read_value(Bytes value) {
  if (value.size() < kStampBytes || value.size() > kMostValueBytes) return std::nullopt;
  std::array<std::uint64_t, 4> words;
  std::memcpy(words.data(), value.data(), kStampBytes);
  const Stamp stamp{words[0], words[1], words[2], words[3]};
  std::array<std::byte, kMostValueBytes> expected;
  const std::span<std::byte> same_size = std::span(expected).first(value.size());
  write_value(stamp, same_size);
  if (!std::ranges::equal(value, same_size)) return std::nullopt;
  return stamp;
}

}  // namespace quintet::ironkv::app
