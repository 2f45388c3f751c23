// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Base64 (RFC 4648, section 4): padded, without line breaks.
namespace quintet::ironkv {

[[nodiscard]] std::string to_base64(std::span<const std::byte> bytes);

// The bytes whose base64 is exactly `text`; nothing if there are none. So nothing is skipped, no
// padding is optional, and two texts never mean the same bytes.
[[nodiscard]] std::optional<std::vector<std::byte>> from_base64(std::string_view text);

}  // namespace quintet::ironkv
