// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ironkv/message.hpp"

// Where a server of the cluster is, and who.
namespace quintet::ironkv {

struct ServerAddress {
  std::string address;  // a host name or an IP address
  std::uint16_t port = 0;
  std::vector<std::byte> public_key;  // its SHA-256 is the server's end point
  std::string name{};                 // the common name of its certificate; only for TLS

  [[nodiscard]] std::string to_string() const {
    const bool is_v6 = address.find(':') != std::string::npos;
    return (is_v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
  }
};

// The end point of whoever has (or, on a plain connection, says) this key.
[[nodiscard]] EndPoint end_point_of_key(Bytes public_key);

}  // namespace quintet::ironkv
