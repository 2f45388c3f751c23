// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "ironkv/value.hpp"

// Bytes as tests write them.
namespace quintet::ironkv {

// Those of the text, which stays theirs.
[[nodiscard]] inline Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
// A copy of them.
[[nodiscard]] inline std::vector<std::byte> owned_bytes(std::string_view text) {
  const Bytes bytes = bytes_of(text);
  return {bytes.begin(), bytes.end()};
}

}  // namespace quintet::ironkv
