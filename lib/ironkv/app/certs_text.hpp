// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// Values as people read them.
namespace quintet::ironkv::certs {

// "0a1b2c".
[[nodiscard]] inline std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  return text;
}

// On one line, and without effect on a terminal: control characters as \x1b.
[[nodiscard]] inline std::string printable(std::string_view text) {
  std::string shown;
  for (const char c : text) {
    const bool is_control = static_cast<unsigned char>(c) < ' ' || c == 0x7f;
    shown += is_control ? fmt::format("\\x{:02x}", static_cast<unsigned>(c)) : std::string(1, c);
  }
  return shown;
}

// "127.0.0.1:4001", "[::1]:4001".
[[nodiscard]] inline std::string host_and_port(std::string_view host, std::uint16_t port) {
  const bool is_ipv6 = host.contains(':');
  return is_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

// "1 server, TLS".
[[nodiscard]] inline std::string describe(std::size_t servers, bool use_ssl) {
  return fmt::format("{} server{}, {}", servers, servers == 1 ? "" : "s",
                     use_ssl ? "TLS" : "plain TCP without any protection");
}

}  // namespace quintet::ironkv::certs
