// SPDX-License-Identifier: MIT
#include "ironkv/net/base64.hpp"

#include <string_view>
#include <utility>

#include "ironkv/test/bytes.hpp"
#include "testing/catch.hpp"

using namespace quintet::ironkv;

TEST_CASE("base64 gives the examples of RFC 4648") {
  using Example = std::pair<std::string_view, std::string_view>;
  for (const auto& [plain, coded] :
       {Example{"", ""}, Example{"f", "Zg=="}, Example{"fo", "Zm8="}, Example{"foo", "Zm9v"},
        Example{"foob", "Zm9vYg=="}, Example{"fooba", "Zm9vYmE="}, Example{"foobar", "Zm9vYmFy"}}) {
    CHECK(to_base64(owned_bytes(plain)) == coded);
    CHECK(from_base64(coded) == owned_bytes(plain));
  }
  CHECK(to_base64(owned_bytes("\xfb\xff\xbf")) == "+/+/");
  CHECK(from_base64("+/+/") == owned_bytes("\xfb\xff\xbf"));
}

TEST_CASE("base64 refuses every text that it would not write itself") {
  for (const std::string_view text :
       {"Zg",       "Zg=",  "Zg===",   "Z",      "Zm9vZ",    "=",    "====",
        "Zg==Zg==", "Zm=v", " Zm9v",   "Zm9v\n", "Zm9v    ", "Zm 9", "Zm9v\nZm9v\n\n\n",
        "Zm9-",     "Zm9_", "Zm9\xff", "Zh==",   "Zm9=",     "A==="}) {
    INFO(text);
    CHECK_FALSE(from_base64(text));
  }
  CHECK_FALSE(from_base64(std::string_view("Zm9\0", 4)));
}
