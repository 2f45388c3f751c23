// SPDX-License-Identifier: MIT
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cstddef>
#include <span>
#include <string>
#include <variant>

#include "ironkv/app/certs_commands.hpp"
#include "ironkv/app/certs_text.hpp"
#include "ironkv/net/identity.hpp"
#include "ironkv/net/service_file.hpp"

namespace quintet::ironkv::certs {
namespace {

std::string key_text(std::span<const std::byte> public_key) {
  const auto bits = key_bits_of(public_key);
  return bits
             ? fmt::format("RSA, {} bits", *bits)
             : fmt::format("{} bytes that are no RSA key: TLS does not take it", public_key.size());
}

std::string time_text(std::chrono::sys_seconds time) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(time));
}

std::string text_of(const std::string& path, const ServiceFile& file) {
  std::string text = fmt::format("{}: service file of {}, {}\n", path, file.service_type,
                                 describe(file.servers.size(), file.use_ssl));
  text += fmt::format("  name         {}\n", printable(file.friendly_name));
  for (std::size_t i = 0; i < file.servers.size(); ++i) {
    const ServerEntry& server = file.servers[i];
    text += fmt::format(
        "  server {}\n"
        "    name       {}\n"
        "    address    {}\n"
        "    end point  {}\n"
        "    key        {}\n",
        i + 1, printable(server.friendly_name), host_and_port(server.address, server.port),
        hex(end_point_of(server.public_key)), key_text(server.public_key));
  }
  return text;
}

// What its owner should hear about a private file; empty if nothing.
std::string warnings(const std::string& path, const PrivateFile& file, const Identity& identity) {
  std::string text;
  const std::string subject = common_name_of(identity.certificate());
  if (subject != file.friendly_name) {
    text += fmt::format("  warning      the certificate is for '{}': peers refuse it\n",
                        printable(subject));
  }
  if (!is_valid_now(identity.certificate())) {
    text += "  warning      the certificate is not valid now: make the files again\n";
  }
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & 077) != 0) {
    text += fmt::format("  warning      others may read this secret: chmod 600 {}\n", path);
  }
  return text;
}

Outcome<std::string> text_of(const std::string& path, const PrivateFile& file) {
  const auto identity = Identity::from_pkcs12(file.pkcs12);
  if (!identity) return bad_input(fmt::format("{}: Pkcs12: {}", path, identity.error()));
  return fmt::format(
             "{}: private file of a server\n"
             "  name         {}\n"
             "  address      {}\n"
             "  end point    {}\n"
             "  key          {}\n"
             "  valid from   {}\n"
             "  valid until  {}\n",
             path, printable(file.friendly_name), host_and_port(file.address, file.port),
             hex(identity->end_point()), key_text(identity->public_key()),
             time_text(valid_from(identity->certificate())),
             time_text(valid_until(identity->certificate()))) +
         warnings(path, file, *identity);
}

}  // namespace

Outcome<void> show(const std::string& path) {
  const auto file = read_any_file(path);
  if (!file) return bad_input(file.error());
  if (const auto* const service = std::get_if<ServiceFile>(&*file)) {
    return put(text_of(path, *service));
  }
  const auto text = text_of(path, std::get<PrivateFile>(*file));
  if (!text) return std::unexpected(text.error());
  return put(*text);
}

}  // namespace quintet::ironkv::certs
