// SPDX-License-Identifier: MIT
#include <string>
#include <string_view>

#include "ironkv/net/base64.hpp"
#include "ironkv/net/service_file.hpp"
#include "ironkv/test/bytes.hpp"
#include "ironkv/test/net/folder.hpp"
#include "testing/catch.hpp"

using namespace quintet::ironkv;

namespace {

constexpr std::string_view kAgain = "; correct it, or make the files again with ironkv-certs";

std::string service_text() {
  return R"({"FriendlyName":"shop","ServiceType":"IronSHT","Servers":[)"
         R"({"FriendlyName":"s1","PublicKey":"a2V5IDE=","HostNameOrAddress":"h1","Port":4001},)"
         R"({"FriendlyName":"s2","PublicKey":"a2V5IDI=","HostNameOrAddress":"h2","Port":4002},)"
         R"({"FriendlyName":"s3","PublicKey":"a2V5IDM=","HostNameOrAddress":"h3","Port":4003}],)"
         R"("UseSsl":true})";
}

std::string private_text() {
  return R"({"FriendlyName":"s1","Pkcs12":"a2V5","HostNameOrAddress":"h1","Port":4001})";
}

std::string changed(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string why_no_service(std::string_view text) {
  const auto file = parse_service_file(text, "the file");
  return file ? "it is a service file" : file.error();
}

std::string why_no_private(std::string_view text) {
  const auto file = parse_private_file(text, "the file");
  return file ? "it is a private file" : file.error();
}

// The sentence about a field that was changed.
std::string of_service(std::string_view from, std::string_view to) {
  const std::string why = why_no_service(changed(service_text(), from, to));
  REQUIRE(why.starts_with("the file: "));
  REQUIRE(why.ends_with(kAgain));
  return why.substr(10, why.size() - 10 - kAgain.size());
}

std::string of_private(std::string_view from, std::string_view to) {
  const std::string why = why_no_private(changed(private_text(), from, to));
  REQUIRE(why.starts_with("the file: "));
  REQUIRE(why.ends_with(kAgain));
  return why.substr(10, why.size() - 10 - kAgain.size());
}

}  // namespace

TEST_CASE("the files that other tests change are valid") {
  CHECK(why_no_service(service_text()) == "it is a service file");
  CHECK(why_no_private(private_text()) == "it is a private file");
}

TEST_CASE("what is not JSON is refused with the place") {
  CHECK(why_no_service("") ==
        "the file is not JSON from byte 1 on: give a file that ironkv-certs wrote, whole");
  CHECK(
      why_no_service(service_text().substr(0, 100)).starts_with("the file is not JSON from byte"));
  CHECK(why_no_service(service_text() + "x").starts_with("the file is not JSON from byte 3"));
  CHECK(why_no_service(changed(service_text(), "shop", "sh\xffop"))
            .starts_with("the file is not JSON from byte 2"));
  CHECK(why_no_private(std::string(100'000, '[')).starts_with("the file is not JSON"));
  CHECK(why_no_private("[1]") == "the file: is JSON, but no object" + std::string(kAgain));
  CHECK(why_no_private("17").starts_with("the file: is JSON, but no object"));
}

TEST_CASE("a file of the other kind is refused by its kind") {
  CHECK(why_no_service(private_text()) ==
        "the file is a server's private file: give the service file, whose name ends in "
        ".service.txt");
  CHECK(why_no_private(service_text()) ==
        "the file is a service file: give a server's private file, whose name ends in "
        ".private.txt");
}

TEST_CASE("every missing field of a service file is named") {
  CHECK(of_service(R"("FriendlyName":"shop",)", "") == "the field FriendlyName is missing");
  CHECK(of_service(R"("ServiceType":"IronSHT",)", "") == "the field ServiceType is missing");
  CHECK(of_service(R"("Servers")", R"("Servants")") == "the field Servers is missing");
  CHECK(of_service(R"(,"UseSsl":true)", "") == "the field UseSsl is missing");
  CHECK(of_service(R"("FriendlyName":"s2",)", "") ==
        "the field FriendlyName of server 2 is missing");
  CHECK(of_service(R"("PublicKey":"a2V5IDI=",)", "") ==
        "the field PublicKey of server 2 is missing");
  CHECK(of_service(R"("HostNameOrAddress":"h2",)", "") ==
        "the field HostNameOrAddress of server 2 is missing");
  CHECK(of_service(R"(,"Port":4002)", "") == "the field Port of server 2 is missing");
  CHECK(why_no_service("{}") ==
        "the file: the field FriendlyName is missing" + std::string(kAgain));
}

TEST_CASE("every missing field of a private file is named") {
  CHECK(of_private(R"("FriendlyName":"s1",)", "") == "the field FriendlyName is missing");
  CHECK(of_private(R"("Pkcs12":"a2V5",)", "") == "the field Pkcs12 is missing");
  CHECK(of_private(R"("HostNameOrAddress":"h1",)", "") == "the field HostNameOrAddress is missing");
  CHECK(of_private(R"(,"Port":4001)", "") == "the field Port is missing");
}

TEST_CASE("a field of another type is refused with its value") {
  CHECK(of_service(R"("shop")", "17") == "FriendlyName is 17: it must be a text");
  CHECK(of_service(R"("a2V5IDI=")", "null") == "PublicKey of server 2 is null: it must be a text");
  CHECK(of_service("true", R"("true")") == R"(UseSsl is "true": it must be true or false)");
  CHECK(of_service("4002", R"("4002")") ==
        R"(Port of server 2 is "4002": a port is a number from 1 to 65535)");
  const std::string many(1000, '7');
  CHECK(of_service(R"("h1")", "[" + many.substr(0, 15) + R"(,"\u001b"])") ==
        R"(HostNameOrAddress of server 1 is [777777777777777,"\u001b"]: it must be a text)");
  CHECK(of_service("true", '"' + many + '"') ==
        "UseSsl is \"" + many.substr(0, 59) + "...: it must be true or false");
  CHECK(why_no_service(R"({"FriendlyName":"a","ServiceType":"IronSHT","Servers":{},"UseSsl":true})")
            .starts_with("the file: Servers is {}: it must be a list"));
  CHECK(
      why_no_service(R"({"FriendlyName":"a","ServiceType":"IronSHT","Servers":[7],"UseSsl":true})")
          .starts_with("the file: what should be an object of server 1 is 7"));
}

TEST_CASE("a port that is none is refused") {
  for (const std::string_view port :
       {"0", "65536", "70000", "-1", "4001.5", "1e3", "99999999999999999999"}) {
    INFO(port);
    CHECK(of_service("4003", port).ends_with(": a port is a number from 1 to 65535"));
    CHECK(of_private("4001", port).ends_with(": a port is a number from 1 to 65535"));
  }
  CHECK(of_service("4003", "65536") ==
        "Port of server 3 is 65536: a port is a number from 1 to 65535");
  CHECK(of_service("4003", "70000") ==
        "Port of server 3 is 70000: a port is a number from 1 to 65535");
}

TEST_CASE("a service of another type is refused") {
  CHECK(of_service("IronSHT", "IronRSLKV") ==
        R"(ServiceType is "IronRSLKV": here it must be "IronSHT")");
}

TEST_CASE("a service has servers whose keys are there and differ") {
  CHECK(why_no_service(R"({"FriendlyName":"a","ServiceType":"IronSHT","Servers":[],"UseSsl":true})")
            .starts_with("the file: Servers is empty: a service has at least one server"));
  CHECK(of_service("a2V5IDM=", "a2V5IDE=") ==
        "servers 1 and 3 have the same PublicKey: each needs its own");
  CHECK(of_service("a2V5IDI=", "") == "PublicKey of server 2 is empty");
  CHECK(of_private("a2V5", "") == "Pkcs12 is empty");
}

TEST_CASE("keys that are not base64 are refused") {
  for (const std::string_view text : {"a2V5IDI", "a2V5 IDI=", "a2V5IDJ=", "!", "a2V5IDI=\\n"}) {
    INFO(text);
    CHECK(of_service("a2V5IDI=", text) == "PublicKey of server 2 is not base64");
    CHECK(of_private("a2V5", text) == "Pkcs12 is not base64");
  }
}

TEST_CASE("a key has less than 1 MiB") {
  const std::string most = to_base64(owned_bytes(std::string(kMostPublicKeyBytes, 'k')));
  CHECK(parse_service_file(changed(service_text(), "a2V5IDI=", most), "file"));
  const std::string more = to_base64(owned_bytes(std::string(kMostPublicKeyBytes + 1, 'k')));
  CHECK(of_service("a2V5IDI=", more) ==
        "PublicKey of server 2 has 1048576 bytes: at most 1048575 are allowed");
}

TEST_CASE("names and addresses are not empty") {
  CHECK(of_service("shop", "") == "FriendlyName is empty");
  CHECK(of_service("s3", "") == "FriendlyName of server 3 is empty");
  CHECK(of_private("s1", "") == "FriendlyName is empty");
  CHECK(of_service("h3", "") ==
        R"(HostNameOrAddress of server 3 is "": write a host name or an IP address)");
  CHECK(of_private("h1", "a\\u0007b") ==
        R"(HostNameOrAddress is "a\u0007b": write a host name or an IP address)");
}

TEST_CASE("what could not be read is not written either") {
  const Folder folder;
  ServiceFile service = parse_service_file(service_text(), "file").value();
  service.servers[2].public_key = service.servers[0].public_key;
  const auto refused = write_service_file(folder / "service", service);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().starts_with(folder / "service" + ": servers 1 and 3 have the same"));
  PrivateFile secret = parse_private_file(private_text(), "file").value();
  secret.port = 0;
  CHECK_FALSE(write_private_file(folder / "private", secret));
  CHECK(folder.count() == 0);
}

TEST_CASE("a file that cannot be read is named") {
  const Folder folder;
  for (const auto& why :
       {read_service_file(folder / "x").error(), read_private_file(folder / "x").error(),
        read_any_file(folder / "x").error()}) {
    CHECK(why.starts_with(folder / "x" + " cannot be read: No such file"));
  }
}
