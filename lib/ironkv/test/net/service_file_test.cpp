// SPDX-License-Identifier: MIT
#include "ironkv/net/service_file.hpp"

#include <sys/stat.h>

#include <string>
#include <string_view>
#include <variant>

#include "ironkv/test/bytes.hpp"
#include "ironkv/test/net/folder.hpp"
#include "testing/catch.hpp"

using namespace quintet::ironkv;

namespace {

// As .NET writes it: the keys are fb ff bf, which is "+/+/", and "key 2".
constexpr std::string_view kServiceText =
    R"({"FriendlyName":"shop","ServiceType":"IronSHT","Servers":[)"
    R"({"FriendlyName":"shop.IronSHT.server1","PublicKey":"\u002B/\u002B/",)"
    R"("HostNameOrAddress":"127.0.0.1","Port":4001},)"
    R"({"FriendlyName":"shop.IronSHT.server2","PublicKey":"a2V5IDI=",)"
    R"("HostNameOrAddress":"::1","Port":65535}],"UseSsl":true})";

constexpr std::string_view kPrivateText =
    R"({"FriendlyName":"shop.IronSHT.server1","Pkcs12":"\u002B/\u002B/",)"
    R"("HostNameOrAddress":"127.0.0.1","Port":4001})";

ServiceFile service_file() {
  return {.friendly_name = "shop",
          .servers = {{.friendly_name = "shop.IronSHT.server1",
                       .public_key = owned_bytes("\xfb\xff\xbf"),
                       .address = "127.0.0.1",
                       .port = 4001},
                      {.friendly_name = "shop.IronSHT.server2",
                       .public_key = owned_bytes("key 2"),
                       .address = "::1",
                       .port = 65535}},
          .use_ssl = true};
}

PrivateFile private_file() {
  return {.friendly_name = "shop.IronSHT.server1",
          .pkcs12 = owned_bytes("\xfb\xff\xbf"),
          .address = "127.0.0.1",
          .port = 4001};
}

}  // namespace

TEST_CASE("a service file is written as .NET writes it") {
  CHECK(format(service_file()) == kServiceText);
  CHECK(format(private_file()) == kPrivateText);
}

TEST_CASE("what HTML could take for its own and what is not ASCII is escaped") {
  PrivateFile file = private_file();
  file.friendly_name = "<a>&'`+\\\n\xc3\xa9\x7f";
  CHECK(format(file).starts_with(
      R"({"FriendlyName":"\u003Ca\u003E\u0026\u0027\u0060\u002B\\\n\u00e9\u007f",)"));
  CHECK(parse_private_file(format(file), "file") == file);
}

TEST_CASE("a service file is read with plus signs escaped or plain") {
  CHECK(parse_service_file(kServiceText, "file") == service_file());
  CHECK(parse_private_file(kPrivateText, "file") == private_file());
  std::string text(kServiceText);
  for (auto at = text.find("\\u002B"); at != std::string::npos; at = text.find("\\u002B")) {
    text.replace(at, 6, "+");
  }
  CHECK(parse_service_file(text, "file") == service_file());
}

TEST_CASE("order and spaces and unknown fields do not matter") {
  const std::string text = R"(
    { "Port": 4001, "Comment": [1, {"a": null}], "HostNameOrAddress": "127.0.0.1",
      "Pkcs12": "+/+/", "FriendlyName": "shop.IronSHT.server1" }
  )";
  CHECK(parse_private_file(text, "file") == private_file());
}

TEST_CASE("a service without TLS says so") {
  ServiceFile file = service_file();
  file.use_ssl = false;
  CHECK(format(file).ends_with(R"(}],"UseSsl":false})"));
  CHECK(parse_service_file(format(file), "file") == file);
}

TEST_CASE("files are written and read and told apart") {
  const Folder folder;
  REQUIRE(write_service_file(folder / "service", service_file()));
  REQUIRE(write_private_file(folder / "private", private_file()));
  CHECK(read_service_file(folder / "service") == service_file());
  CHECK(read_private_file(folder / "private") == private_file());
  CHECK(read_text_file(folder / "service") == kServiceText);
  const auto service = read_any_file(folder / "service");
  REQUIRE(service);
  CHECK(std::get<ServiceFile>(*service) == service_file());
  const auto secret = read_any_file(folder / "private");
  REQUIRE(secret);
  CHECK(std::get<PrivateFile>(*secret) == private_file());
}

TEST_CASE("a private file is readable for its owner only and is not overwritten unasked") {
  const Folder folder;
  const std::string path = folder / "private";
  REQUIRE(write_private_file(path, private_file()));
  struct stat status{};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  PrivateFile other = private_file();
  other.port = 1;
  const auto refused = write_private_file(path, other);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().starts_with(path + " exists"));
  CHECK(read_private_file(path) == private_file());
  REQUIRE(write_private_file(path, other, IfThere::kReplace));
  CHECK(read_private_file(path) == other);
}

TEST_CASE("files have the names that IronFleet gives them") {
  CHECK(service_file_name("shop", "IronSHT") == "shop.IronSHT.service.txt");
  CHECK(server_name("shop", "IronSHT", 12) == "shop.IronSHT.server12");
  CHECK(private_file_name("shop.IronSHT.server12") == "shop.IronSHT.server12.private.txt");
}

TEST_CASE("an address is printable and has no spaces") {
  for (const std::string_view text :
       {"127.0.0.1", "::1", "fe80::1%eth0", "kv-1.example.org", "a"}) {
    CHECK(is_address(text));
  }
  CHECK(is_address(std::string(253, 'a')));
  for (const std::string_view text : {"", " ", "a b", "a\n", "a\x7f", "caf\xc3\xa9"}) {
    CHECK_FALSE(is_address(text));
  }
  CHECK_FALSE(is_address(std::string(254, 'a')));
}
