// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ironkv/net/base64.hpp"
#include "ironkv/net/service_file.hpp"
#include "ironkv/test/bytes.hpp"
#include "testing/rapidcheck.hpp"

using namespace quintet::ironkv;

namespace {

// Any letters of UTF-8, escaped ones among them.
std::string some_name() {
  const auto pieces = *rc::gen::nonEmpty<std::vector<std::string>>(
      rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
          "a", "Z", "0", " ", "+", "<", ">", "&", "'", "`", "\"", "\\", "/", "\n", "\x7f", "\x01",
          "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x94\x91")));
  std::string name;
  for (const std::string& piece : pieces) name += piece;
  return name;
}

std::string some_address() {
  return *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('!', '\x7f')));
}

std::uint16_t some_port() {
  return static_cast<std::uint16_t>(*rc::gen::inRange<std::uint32_t>(1, 65536));
}

ServiceFile some_service_file() {
  ServiceFile file{
      .friendly_name = some_name(), .servers = {}, .use_ssl = *rc::gen::arbitrary<bool>()};
  const int count = *rc::gen::inRange(1, 5);
  for (int i = 0; i < count; ++i) {
    // The number in front makes keys differ.
    const std::string key = std::to_string(i) + *rc::gen::arbitrary<std::string>();
    file.servers.push_back({.friendly_name = some_name(),
                            .public_key = owned_bytes(key),
                            .address = some_address(),
                            .port = some_port()});
  }
  return file;
}

}  // namespace

TEST_CASE("base64 of any bytes is read back") {
  rc::prop("from_base64 undoes to_base64", [](const std::string& plain) {
    const std::string text = to_base64(owned_bytes(plain));
    RC_ASSERT(text.size() == (plain.size() + 2) / 3 * 4);
    const bool is_read_back = from_base64(text) == owned_bytes(plain);
    RC_ASSERT(is_read_back);
  });
}

TEST_CASE("every valid file is one line of ASCII that is read back") {
  rc::prop("service files", [] {
    const ServiceFile file = some_service_file();
    const std::string text = format(file);
    for (const char c : text) RC_ASSERT(c >= ' ' && c < 0x7f && c != '+');
    const auto parsed = parse_service_file(text, "file");
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(*parsed == file);
  });
  rc::prop("private files", [] {
    const PrivateFile file{.friendly_name = some_name(),
                           .pkcs12 = owned_bytes("1" + *rc::gen::arbitrary<std::string>()),
                           .address = some_address(),
                           .port = some_port()};
    const auto parsed = parse_private_file(format(file), "file");
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(*parsed == file);
  });
}

TEST_CASE("a file with bytes changed or cut off is read as another valid one or refused by name") {
  rc::prop("service files", [] {
    std::string text = format(some_service_file());
    const auto size = static_cast<std::uint32_t>(text.size());
    if (*rc::gen::arbitrary<bool>()) {
      text.resize(*rc::gen::inRange<std::uint32_t>(0, size));
    } else {
      text[*rc::gen::inRange<std::uint32_t>(0, size)] = *rc::gen::arbitrary<char>();
    }
    const auto parsed = parse_service_file(text, "the file");
    if (parsed) {
      const bool is_read_back = parse_service_file(format(*parsed), "file") == parsed;
      RC_ASSERT(is_read_back);
    } else {
      RC_ASSERT(parsed.error().starts_with("the file"));
      RC_ASSERT(parsed.error().find('\n') == std::string::npos);
    }
  });
}
