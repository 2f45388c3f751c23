// SPDX-License-Identifier: MIT
#include "baselines/initial_pm_log.hpp"

#include <isa-l/crc64.h>
#include <libpmem.h>

#include <cstring>

namespace quintet::baselines {
namespace initial_log {
namespace {

// Far apart, so that no few flipped bits make one of the other.
constexpr std::uint64_t kFirst = 0x5A17C3E8946B2D0F;
constexpr std::uint64_t kSecond = ~kFirst;

std::uint64_t word_at(std::span<const std::uint8_t> bytes, std::size_t index) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data() + index * 8, 8);
  return word;
}

// Not inlined: g++ 12 sees an overflow in it that is none.
[[gnu::noinline]] void append(std::vector<std::uint8_t>& bytes,
                              const std::vector<std::uint8_t>& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

std::uint64_t crc64(std::span<const std::uint8_t> bytes) {
  return crc64_ecma_refl(0, bytes.data(), bytes.size());
}

}  // namespace

std::vector<std::uint8_t> serialize(std::uint64_t word) {
  std::vector<std::uint8_t> bytes(8);
  std::memcpy(bytes.data(), &word, 8);
  return bytes;
}

std::vector<std::uint8_t> serialize(const Header& header) {
  std::vector<std::uint8_t> fields = serialize(header.head);
  append(fields, serialize(header.tail));
  append(fields, serialize(header.length));
  std::vector<std::uint8_t> bytes = serialize(crc64(fields));
  append(bytes, fields);
  return bytes;
}

std::vector<std::uint8_t> serialize_choice(bool second) {
  return serialize(second ? kSecond : kFirst);
}

InitialLogResult<Header> parse_header(std::span<const std::uint8_t> bytes) {
  if (bytes.size() != kHeaderBytes || word_at(bytes, 0) != crc64(bytes.subspan(8))) {
    return std::unexpected(InitialLogError::kCorrupt);
  }
  const Header header{word_at(bytes, 1), word_at(bytes, 2), word_at(bytes, 3)};
  if (header.head > header.tail || header.tail - header.head >= header.length) {
    return std::unexpected(InitialLogError::kCorrupt);
  }
  return header;
}

InitialLogResult<bool> parse_choice(std::span<const std::uint8_t> bytes) {
  if (bytes.size() == 8 && word_at(bytes, 0) == kFirst) return false;
  if (bytes.size() == 8 && word_at(bytes, 0) == kSecond) return true;
  return std::unexpected(InitialLogError::kCorrupt);
}

}  // namespace initial_log

void PmemMedia::persist(std::uint64_t offset, std::span<const std::byte> bytes) {
  pmem_memcpy_persist(memory_.data() + offset, bytes.data(), bytes.size());
}

bool PmemMedia::read(std::uint64_t offset, std::span<std::byte> bytes) const {
  if (!bytes.empty()) std::memcpy(bytes.data(), memory_.data() + offset, bytes.size());
  return true;
}

}  // namespace quintet::baselines
