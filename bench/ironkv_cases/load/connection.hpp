// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "ironkv_cases/load/load.hpp"

// One connection of the load. Threading: one thread.
namespace quintet::bench::ironkv_cases {

class LoadConnection {
 public:
  // Connects and shakes hands; blocks meanwhile.
  explicit LoadConnection(const LoadTarget& target);
  ~LoadConnection();
  LoadConnection(const LoadConnection&) = delete;
  LoadConnection& operator=(const LoadConnection&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }
  // To be sent at flush(); `since` is where its latency begins.
  void ask(Request request, std::uint64_t keys, std::int64_t since);
  void flush();
  // Reads what has arrived. `answered(since)` is called for each answer, in their order.
  template <class Answered>
  void read(Answered answered) {
    do {
      for (std::uint32_t i = read_some(); i > 0; --i) {
        const std::int64_t since = since_.front();
        since_.pop_front();
        answered(since);
      }
    } while (stream_->has_pending());
    session_->end_turn(output_);
  }
  [[nodiscard]] std::size_t waiting() const { return since_.size(); }

 private:
  // Returns the number of answers.
  std::uint32_t read_some();
  void shake_hands();
  void wait(short events) const;

  int descriptor_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<ironkv::Stream> stream_;
  Output output_;
  std::array<std::byte, 64 * 1024> input_;
  std::size_t arrived_ = 0;
  std::deque<std::int64_t> since_;
  std::uint64_t asked_ = 0;
};

}  // namespace quintet::bench::ironkv_cases
