// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ironkv/net/text_file.hpp"

// The two kinds of file that a service is described by, one line of JSON each, as the programs of
// IronFleet read and write them. The service file is for everyone and lists the servers; a private
// file holds the secret key of one of them.
// Errors are one sentence without a full stop that begins with the file's name and says what helps.
namespace quintet::ironkv {

inline constexpr std::string_view kServiceType = "IronSHT";
// The protocol has no longer end points; here they are hashes, but the same holds for their keys.
inline constexpr std::size_t kMostPublicKeyBytes = (std::size_t{1} << 20) - 1;
inline constexpr std::size_t kMostAddressBytes = 253;  // of a host name (RFC 1035)

struct ServerEntry {
  std::string friendly_name;          // the common name of its certificate
  std::vector<std::byte> public_key;  // Identity::public_key()
  std::string address;                // a host name or an IP address
  std::uint16_t port = 0;

  friend bool operator==(const ServerEntry&, const ServerEntry&) = default;
};

// Valid: it is of our type, has servers with keys that differ, and each server has a name, an
// address and a port. Only valid ones are read or written.
struct ServiceFile {
  std::string friendly_name;
  std::string service_type{kServiceType};
  std::vector<ServerEntry> servers;  // the first one owns all keys at first
  bool use_ssl = true;

  friend bool operator==(const ServiceFile&, const ServiceFile&) = default;
};

struct PrivateFile {
  std::string friendly_name;
  std::vector<std::byte> pkcs12;  // Identity::from_pkcs12(); not looked into here
  std::string address;
  std::uint16_t port = 0;

  friend bool operator==(const PrivateFile&, const PrivateFile&) = default;
};

// `path` is only what errors call the text. Fields that we do not know are ignored.
[[nodiscard]] std::expected<ServiceFile, std::string> parse_service_file(std::string_view text,
                                                                         const std::string& path);
[[nodiscard]] std::expected<PrivateFile, std::string> parse_private_file(std::string_view text,
                                                                         const std::string& path);
[[nodiscard]] std::string format(const ServiceFile& file);
[[nodiscard]] std::string format(const PrivateFile& file);

[[nodiscard]] std::expected<ServiceFile, std::string> read_service_file(const std::string& path);
[[nodiscard]] std::expected<PrivateFile, std::string> read_private_file(const std::string& path);
// Whichever of them it is.
[[nodiscard]] std::expected<std::variant<ServiceFile, PrivateFile>, std::string> read_any_file(
    const std::string& path);

[[nodiscard]] std::expected<void, std::string> write_service_file(
    const std::string& path, const ServiceFile& file, IfThere if_there = IfThere::kRefuse);
// Nobody but the owner may read it.
[[nodiscard]] std::expected<void, std::string> write_private_file(
    const std::string& path, const PrivateFile& file, IfThere if_there = IfThere::kRefuse);

// What they are called: "shop.IronSHT.service.txt", and, for server 1, "shop.IronSHT.server1",
// which is also its friendly name, and "shop.IronSHT.server1.private.txt".
[[nodiscard]] std::string service_file_name(std::string_view service, std::string_view type);
[[nodiscard]] std::string server_name(std::string_view service, std::string_view type,
                                      std::size_t number);
[[nodiscard]] std::string private_file_name(std::string_view server);

// Whether `text` can be a host name or an address: printable ASCII without spaces, not too long.
[[nodiscard]] bool is_address(std::string_view text);

}  // namespace quintet::ironkv
