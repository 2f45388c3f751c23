// SPDX-License-Identifier: MIT
#include "ironkv/net/base64.hpp"

#include <openssl/evp.h>

#include <climits>

#include "base/assert.hpp"

namespace quintet::ironkv {

std::string to_base64(std::span<const std::byte> bytes) {
  QT_CHECK(bytes.size() < INT_MAX / 2, "OpenSSL counts characters with int");
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // it adds a zero
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                  reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  text.pop_back();
  return text;
}

std::optional<std::vector<std::byte>> from_base64(std::string_view text) {
  if (text.size() % 4 != 0 || text.size() > INT_MAX / 2) return {};
  std::vector<std::byte> bytes(text.size() / 4 * 3);
  if (bytes.empty()) return bytes;
  const int decoded = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                      reinterpret_cast<const unsigned char*>(text.data()),
                                      static_cast<int>(text.size()));
  if (decoded != static_cast<int>(bytes.size())) return {};
  // It counts the padding as bytes, skips white space, and takes stray bits.
  for (std::size_t end = text.size(); end > text.size() - 2 && text[end - 1] == '='; --end) {
    bytes.pop_back();
  }
  if (to_base64(bytes) != text) return {};
  return bytes;
}

}  // namespace quintet::ironkv
