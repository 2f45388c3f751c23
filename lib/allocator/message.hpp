// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "allocator/os_memory.hpp"

// A line for stderr, or several, made without allocating and without stdio. Too long ones are cut.
// Threading: one thread a message; lines of several threads do not mix.
namespace quintet::allocator {

// What the line says of a misuse.
[[nodiscard]] std::string_view to_string(Misuse misuse);

class Message {
 public:
  Message& text(std::string_view text);
  // What others wrote, such as the value of an option: its first bytes, then "..."; `?` for each
  // byte that is no printable ASCII.
  Message& quoted(std::string_view text, std::size_t most = 40);
  Message& number(std::uint64_t number);
  Message& address(const void* pointer);
  // With a new line, in one write(2).
  void send();
  // The error number of that write(2), or 0.
  int send_to(int file);
  // A zero follows it.
  [[nodiscard]] std::string_view view() const { return {line_.data(), size_}; }

 private:
  std::array<char, 2048> line_{};
  std::size_t size_ = 0;
};

}  // namespace quintet::allocator
