// SPDX-License-Identifier: MIT
#include "pm_log/checksum.hpp"

#include <isa-l/crc.h>
#include <isa-l/crc64.h>

#include <algorithm>
#include <climits>

namespace quintet::pm_log {

std::uint64_t crc64(std::uint64_t start, std::span<const std::byte> bytes) noexcept {
  return crc64_ecma_refl(start, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

std::uint32_t crc32c(std::uint32_t start, std::span<const std::byte> bytes) noexcept {
  // ISA-L takes an int, and neither inverts at the start nor at the end.
  std::uint32_t state = ~start;
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min<std::size_t>(bytes.size(), INT_MAX / 2));
    auto* data = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(piece.data()));
    state = crc32_iscsi(data, static_cast<int>(piece.size()), state);
    bytes = bytes.subspan(piece.size());
  }
  return ~state;
}

}  // namespace quintet::pm_log
