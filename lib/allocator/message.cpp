// SPDX-License-Identifier: MIT
#include "allocator/message.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace quintet::allocator {

std::string_view to_string(Misuse misuse) {
  switch (misuse) {
    case Misuse::kForeign:
      return "pointer that is not from this allocator";
    case Misuse::kMisaligned:
      return "pointer at which no block in use begins";
    case Misuse::kDoubleFree:
      return "double free of the block";
    case Misuse::kOverflow:
      return "write behind the block";
    case Misuse::kUnderflow:
      return "write before the block";
    case Misuse::kAfterFree:
      return "write to the free block";
    case Misuse::kWrongSize:
      return "delete with a size that is not that of the block";
    case Misuse::kWrongKind:
      return "mismatched free or delete of the block";
  }
  return "misuse";
}

Message& Message::text(std::string_view text) {
  const std::size_t count = std::min(text.size(), line_.size() - 1 - size_);
  std::copy_n(text.data(), count, line_.data() + size_);
  size_ += count;
  return *this;
}

Message& Message::quoted(std::string_view text, std::size_t most) {
  for (const char& c : std::string_view(text.data(), std::min(text.size(), most))) {
    const bool is_printable = c >= ' ' && c <= '~';
    this->text(is_printable ? std::string_view(&c, 1) : "?");
  }
  return text.size() > most ? this->text("...") : *this;
}

Message& Message::number(std::uint64_t number) {
  std::array<char, 20> digits{};
  std::size_t at = digits.size();
  do {
    digits[--at] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  return text({digits.data() + at, digits.size() - at});
}

Message& Message::address(const void* pointer) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  auto word = reinterpret_cast<std::uintptr_t>(pointer);
  std::array<char, 18> digits{};
  std::size_t at = digits.size();
  do {
    digits[--at] = kDigits[word % 16];
    word /= 16;
  } while (word != 0);
  digits[--at] = 'x';
  digits[--at] = '0';
  return text({digits.data() + at, digits.size() - at});
}

// A line that cannot be written has nowhere else to go.
void Message::send() { send_to(STDERR_FILENO); }

int Message::send_to(int file) {
  line_[size_] = '\n';
  // write(3) is a cancellation point.
  const auto written = ::syscall(SYS_write, file, line_.data(), size_ + 1);
  line_[size_] = '\0';
  if (written < 0) return errno;
  return static_cast<std::size_t>(written) == size_ + 1 ? 0 : ENOSPC;  // where a part was written
}

}  // namespace quintet::allocator
