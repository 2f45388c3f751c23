// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/assert.hpp"

// When the requests of an open loop are due: all clients together have one each 1 / rate seconds,
// in turn. Nothing that a server does changes it. Times are nanoseconds.
namespace quintet::ironkv::app {

inline constexpr std::uint64_t kMostRate = 1'000'000'000;  // requests per second

class Schedule {
 public:
  Schedule(std::int64_t begin, std::uint64_t rate, std::uint32_t clients, std::uint32_t client)
      : begin_(begin), rate_(rate), clients_(clients), client_(client) {
    QT_ASSERT(rate > 0 && rate <= kMostRate && client < clients);
  }

  // Of this client's request number `n`, from 0.
  [[nodiscard]] std::int64_t due(std::uint64_t n) const {
    const std::uint64_t of_all = n * clients_ + client_;
    const std::uint64_t whole = of_all / rate_;
    return begin_ + static_cast<std::int64_t>(whole * kSecond + of_all % rate_ * kSecond / rate_);
  }

  // How many of this client's requests are due before `time`.
  [[nodiscard]] std::uint64_t due_before(std::int64_t time) const {
    if (time <= begin_) return 0;
    const auto passed = static_cast<std::uint64_t>(time - begin_);
    const std::uint64_t rest = passed % kSecond * rate_;
    const std::uint64_t of_all = passed / kSecond * rate_ + (rest + kSecond - 1) / kSecond;
    return of_all <= client_ ? 0 : (of_all - client_ + clients_ - 1) / clients_;
  }

 private:
  static constexpr std::uint64_t kSecond = 1'000'000'000;

  std::int64_t begin_;
  std::uint64_t rate_;
  std::uint64_t clients_;
  std::uint64_t client_;
};

}  // namespace quintet::ironkv::app
