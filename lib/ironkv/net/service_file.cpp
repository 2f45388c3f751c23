// SPDX-License-Identifier: MIT
#include "ironkv/net/service_file.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "ironkv/net/base64.hpp"
#include "ironkv/net/identity.hpp"

namespace quintet::ironkv {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostShown = 60;
constexpr std::string_view kEscaped = "+<>&'`";  // of what is ASCII
constexpr std::string_view kDigits = "0123456789ABCDEF";
constexpr std::string_view kAgain = "; correct it, or make the files again with ironkv-certs";

std::unexpected<std::string> wrong(const std::string& path, std::string_view what) {
  return std::unexpected(path + ": " + std::string(what) + std::string(kAgain));
}

// A value for an error: short, on one line, without control characters.
std::string shown(const Json& value) {
  std::string text = value.dump(-1, ' ', true);
  if (text.size() > kMostShown) text = text.substr(0, kMostShown) + "...";
  return text;
}

// Takes the fields of an object, and notes the first thing that is wrong. After that it answers
// nothing of value.
class Fields {
 public:
  // `owner` is whose fields they are, for errors: " of server 1", or nothing.
  Fields(const Json& object, std::string owner, std::string& error)
      : object_(object), owner_(std::move(owner)), error_(error) {
    if (!object_.is_object()) note("what should be an object" + owner_ + " is " + shown(object_));
  }

  std::string text(const char* name) {
    const Json* const value = find(name);
    if (value == nullptr) return {};
    if (!value->is_string()) return note(name, *value, "it must be a text"), std::string();
    return value->get<std::string>();
  }

  std::vector<std::byte> bytes(const char* name) {
    std::optional<std::vector<std::byte>> bytes = from_base64(text(name));
    if (!bytes)
      return note(std::string(name) + owner_ + " is not base64"), std::vector<std::byte>();
    return *std::move(bytes);
  }

  std::uint16_t port(const char* name) {
    const Json* const value = find(name);
    if (value == nullptr) return 0;
    const bool is_number = value->is_number_unsigned();
    if (!is_number || value->get<std::uint64_t>() - 1 >= UINT16_MAX) {
      return note(name, *value, "a port is a number from 1 to 65535"), std::uint16_t{0};
    }
    return value->get<std::uint16_t>();
  }

  bool flag(const char* name) {
    const Json* const value = find(name);
    if (value == nullptr) return false;
    if (!value->is_boolean()) return note(name, *value, "it must be true or false"), false;
    return value->get<bool>();
  }

  const Json* list(const char* name) {
    const Json* const value = find(name);
    if (value == nullptr || value->is_array()) return value;
    return note(name, *value, "it must be a list"), nullptr;
  }

 private:
  const Json* find(const char* name) {
    if (!error_.empty()) return nullptr;
    const auto found = object_.find(name);
    if (found != object_.end()) return &*found;
    note("the field " + std::string(name) + owner_ + " is missing");
    return nullptr;
  }
  void note(std::string what) {
    if (error_.empty()) error_ = std::move(what);
  }
  void note(const char* name, const Json& value, std::string_view rule) {
    note(name + owner_ + " is " + shown(value) + ": " + std::string(rule));
  }

  const Json& object_;
  std::string owner_;
  std::string& error_;
};

std::string of_server(std::size_t index) { return " of server " + std::to_string(index + 1); }

// What is wrong with what a server and a private file have in common; empty if nothing is.
std::string complaint(const std::string& name, const std::string& address, std::uint16_t port,
                      const std::string& owner) {
  if (name.empty()) return "FriendlyName" + owner + " is empty";
  if (!is_address(address)) {
    return "HostNameOrAddress" + owner + " is " + shown(address) +
           ": write a host name or an IP address";
  }
  if (port == 0) return "Port" + owner + " is 0: a port is a number from 1 to 65535";
  return {};
}

std::string complaint(const ServerEntry& server, std::size_t index) {
  std::string what = complaint(server.friendly_name, server.address, server.port, of_server(index));
  if (!what.empty()) return what;
  if (server.public_key.empty()) return "PublicKey" + of_server(index) + " is empty";
  if (server.public_key.size() > kMostPublicKeyBytes) {
    return "PublicKey" + of_server(index) + " has " + std::to_string(server.public_key.size()) +
           " bytes: at most " + std::to_string(kMostPublicKeyBytes) + " are allowed";
  }
  return {};
}

std::string complaint(const ServiceFile& file) {
  if (file.friendly_name.empty()) return "FriendlyName is empty";
  if (file.service_type != kServiceType) {
    return "ServiceType is " + shown(file.service_type) + ": here it must be \"" +
           std::string(kServiceType) + '"';
  }
  if (file.servers.empty()) return "Servers is empty: a service has at least one server";
  std::map<Sha256, std::size_t> numbers;
  for (std::size_t i = 0; i < file.servers.size(); ++i) {
    if (std::string what = complaint(file.servers[i], i); !what.empty()) return what;
    const auto [other, is_new] = numbers.emplace(end_point_of(file.servers[i].public_key), i + 1);
    if (!is_new) {
      return "servers " + std::to_string(other->second) + " and " + std::to_string(i + 1) +
             " have the same PublicKey: each needs its own";
    }
  }
  return {};
}

std::string complaint(const PrivateFile& file) {
  std::string what = complaint(file.friendly_name, file.address, file.port, "");
  if (what.empty() && file.pkcs12.empty()) what = "Pkcs12 is empty";
  return what;
}

std::expected<Json, std::string> json_from(std::string_view text, const std::string& path) {
  try {
    Json json = Json::parse(text);
    if (json.is_object()) return json;
    return wrong(path, "is JSON, but no object");
  } catch (const Json::parse_error& error) {
    return std::unexpected(path + " is not JSON from byte " + std::to_string(error.byte) +
                           " on: give a file that ironkv-certs wrote, whole");
  }
}

bool is_private(const Json& json) { return json.contains("Pkcs12") && !json.contains("Servers"); }

template <class File>
std::expected<File, std::string> checked(File file, std::string what, const std::string& path) {
  if (what.empty()) what = complaint(file);
  if (!what.empty()) return wrong(path, what);
  return file;
}

std::expected<ServiceFile, std::string> service_from(const Json& json, const std::string& path) {
  if (is_private(json)) {
    return std::unexpected(path +
                           " is a server's private file: give the service file, whose name "
                           "ends in .service.txt");
  }
  std::string error;
  ServiceFile file;
  Fields fields(json, "", error);
  file.friendly_name = fields.text("FriendlyName");
  file.service_type = fields.text("ServiceType");
  if (const Json* const servers = fields.list("Servers"); servers != nullptr) {
    for (const Json& one : *servers) {
      Fields entry(one, of_server(file.servers.size()), error);
      file.servers.push_back({.friendly_name = entry.text("FriendlyName"),
                              .public_key = entry.bytes("PublicKey"),
                              .address = entry.text("HostNameOrAddress"),
                              .port = entry.port("Port")});
      if (!error.empty()) break;
    }
  }
  file.use_ssl = fields.flag("UseSsl");
  return checked(std::move(file), std::move(error), path);
}

std::expected<PrivateFile, std::string> private_from(const Json& json, const std::string& path) {
  if (json.contains("Servers") && !json.contains("Pkcs12")) {
    return std::unexpected(path +
                           " is a service file: give a server's private file, whose name "
                           "ends in .private.txt");
  }
  std::string error;
  PrivateFile file;
  Fields fields(json, "", error);
  file.friendly_name = fields.text("FriendlyName");
  file.pkcs12 = fields.bytes("Pkcs12");
  file.address = fields.text("HostNameOrAddress");
  file.port = fields.port("Port");
  return checked(std::move(file), std::move(error), path);
}

// One line. .NET writes what HTML might take for its own as \u and four digits, and so do we.
std::string line_of(const Json& json) {
  std::string text;
  for (const char c : json.dump(-1, ' ', true, Json::error_handler_t::replace)) {
    if (kEscaped.find(c) == std::string_view::npos) {
      text += c;
    } else {
      text.append("\\u00").append({kDigits[static_cast<unsigned>(c) >> 4], kDigits[c & 15]});
    }
  }
  return text;
}

}  // namespace

std::expected<ServiceFile, std::string> parse_service_file(std::string_view text,
                                                           const std::string& path) {
  const auto json = json_from(text, path);
  if (!json) return std::unexpected(json.error());
  return service_from(*json, path);
}

std::expected<PrivateFile, std::string> parse_private_file(std::string_view text,
                                                           const std::string& path) {
  const auto json = json_from(text, path);
  if (!json) return std::unexpected(json.error());
  return private_from(*json, path);
}

std::string format(const ServiceFile& file) {
  Json servers = Json::array();
  for (const ServerEntry& server : file.servers) {
    servers.push_back(Json{{"FriendlyName", server.friendly_name},
                           {"PublicKey", to_base64(server.public_key)},
                           {"HostNameOrAddress", server.address},
                           {"Port", server.port}});
  }
  return line_of(Json{{"FriendlyName", file.friendly_name},
                      {"ServiceType", file.service_type},
                      {"Servers", std::move(servers)},
                      {"UseSsl", file.use_ssl}});
}

std::string format(const PrivateFile& file) {
  return line_of(Json{{"FriendlyName", file.friendly_name},
                      {"Pkcs12", to_base64(file.pkcs12)},
                      {"HostNameOrAddress", file.address},
                      {"Port", file.port}});
}

std::expected<ServiceFile, std::string> read_service_file(const std::string& path) {
  const auto text = read_text_file(path);
  if (!text) return std::unexpected(text.error());
  return parse_service_file(*text, path);
}

std::expected<PrivateFile, std::string> read_private_file(const std::string& path) {
  const auto text = read_text_file(path);
  if (!text) return std::unexpected(text.error());
  return parse_private_file(*text, path);
}

std::expected<std::variant<ServiceFile, PrivateFile>, std::string> read_any_file(
    const std::string& path) {
  const auto text = read_text_file(path);
  if (!text) return std::unexpected(text.error());
  const auto json = json_from(*text, path);
  if (!json) return std::unexpected(json.error());
  if (is_private(*json)) return private_from(*json, path);
  return service_from(*json, path);
}

std::expected<void, std::string> write_service_file(const std::string& path,
                                                    const ServiceFile& file, IfThere if_there) {
  if (const std::string what = complaint(file); !what.empty()) return wrong(path, what);
  return write_text_file(path, format(file), Readers::kAnyone, if_there);
}

std::expected<void, std::string> write_private_file(const std::string& path,
                                                    const PrivateFile& file, IfThere if_there) {
  if (const std::string what = complaint(file); !what.empty()) return wrong(path, what);
  return write_text_file(path, format(file), Readers::kOwnerOnly, if_there);
}

std::string server_name(std::string_view service, std::string_view type, std::size_t number) {
  std::string name(service);
  return name.append(".").append(type).append(".server").append(std::to_string(number));
}

std::string service_file_name(std::string_view service, std::string_view type) {
  std::string name(service);
  return name.append(".").append(type).append(".service.txt");
}

std::string private_file_name(std::string_view server) {
  return std::string(server) + ".private.txt";
}

bool is_address(std::string_view text) {
  return !text.empty() && text.size() <= kMostAddressBytes &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace quintet::ironkv
