// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

// Files that are read and written as a whole. Errors are sentences that begin with the path.
namespace quintet::ironkv {

// Of service and private files; larger ones are none.
inline constexpr std::size_t kMostTextBytes = std::size_t{64} << 20;

[[nodiscard]] std::expected<std::string, std::string> read_text_file(
    const std::string& path, std::size_t most_bytes = kMostTextBytes);

enum class Readers : std::uint8_t {
  kAnyone,     // as the umask allows
  kOwnerOnly,  // mode 0600, from the first moment on
};
enum class IfThere : std::uint8_t { kRefuse, kReplace };

// Writes `path`: all of it, durably, or nothing. What is replaced stays until the new file is
// whole.
[[nodiscard]] std::expected<void, std::string> write_text_file(const std::string& path,
                                                               std::string_view text,
                                                               Readers readers, IfThere if_there);

}  // namespace quintet::ironkv
