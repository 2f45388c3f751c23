// SPDX-License-Identifier: MIT
#include "ironkv/app/certs_arguments.hpp"

#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

#include "ironkv/app/certs_commands.hpp"
#include "ironkv/app/certs_settings.hpp"
#include "ironkv/net/identity.hpp"
#include "ironkv/net/service_file.hpp"

namespace quintet::ironkv::certs {
namespace {

constexpr const char* kAbout =
    "Makes what an IronKV service is known by: for each server a secret key, in a private file, "
    "and for all one service file with their addresses and public keys.";
constexpr const char* kFooter =
    "Example: a service `shop` of three servers on this machine\n"
    "  ironkv-certs --name shop --output certs \\\n"
    "    --server 127.0.0.1:4001 --server 127.0.0.1:4002 --server 127.0.0.1:4003\n"
    "makes certs/shop.IronSHT.service.txt, for all servers and clients, and\n"
    "certs/shop.IronSHT.server1.private.txt and so on, each for its server alone. Then\n"
    "  ironkv-certs show certs/shop.IronSHT.service.txt\n"
    "says what is in such a file.\n\n"
    "The arguments of IronFleet's tool mean the same here:\n"
    "  ironkv-certs outputdir=certs name=shop type=IronSHT addr1=127.0.0.1 port1=4001 "
    "usessl=true\n\n"
    "Exit status: 0 done, 1 failed, 2 wrong arguments or files.";

// What the options say; the rest is in the key=value arguments.
struct Given {
  Settings settings;
  std::vector<std::string> servers;
  std::vector<std::string> key_values;
  bool tls = false;
  bool plain = false;
  bool overwrite = false;
  bool verbose = false;
  unsigned bits = 4096;
  unsigned days = 3650;
  std::string shown_path;
};

void declare(CLI::App& app, Given& given) {
  app.set_version_flag("--version", IRONKV_VERSION);
  app.add_option("--name", given.settings.name,
                 "The service: letters, digits, dot, dash and underscore");
  app.add_option("--server", given.servers,
                 "HOST:PORT at which a server is reached; once for each. The first one owns all "
                 "keys at first")
      ->allow_extra_args(false);
  app.add_option("--output", given.settings.output,
                 "The folder for the files, made if it is not there; here if not given");
  app.add_option("--type", given.settings.type, "The kind of service: IronSHT, which is IronKV");
  auto* const tls = app.add_flag("--tls", given.tls, "Servers and clients speak TLS (the default)");
  app.add_flag("--plain", given.plain,
               "They do not: anyone on the network reads all, and can say to be a server")
      ->excludes(tls);
  app.add_option("--bits", given.bits, "Bits of the keys; 4096 if not given")
      ->check(CLI::Range(kFewestKeyBits, kMostKeyBits));
  app.add_option("--days", given.days, "Days until certificates expire; 3650 if not given")
      ->check(CLI::Range(1U, kMostDays));
  app.add_flag("--overwrite", given.overwrite, "Replace files that are there, and so their keys");
  app.add_flag("-v,--verbose", given.verbose, "Also print the servers' end points");
  app.add_option("key=value", given.key_values, "Arguments as of IronFleet's tool");
}

Outcome<MakeArguments> make_arguments(Given given) {
  Settings& settings = given.settings;
  for (const std::string& text : given.servers) {
    auto server = server_from(text);
    if (!server) return std::unexpected(server.error());
    settings.servers.push_back(*std::move(server));
  }
  if (given.tls || given.plain) settings.use_ssl = given.tls;
  if (given.verbose) settings.verbose = true;
  if (auto added = add_key_values(given.key_values, settings); !added) {
    return std::unexpected(added.error());
  }
  return MakeArguments{.name = settings.name.value_or(""),
                       .type = settings.type.value_or(std::string(kServiceType)),
                       .output = settings.output.value_or("."),
                       .servers = std::move(settings.servers),
                       .use_ssl = settings.use_ssl.value_or(true),
                       .bits = given.bits,
                       .days = given.days,
                       .overwrite = given.overwrite,
                       .verbose = settings.verbose.value_or(false)};
}

}  // namespace

std::expected<Command, int> command_from(int count, const char* const* arguments) {
  Given given;
  CLI::App app(kAbout, "ironkv-certs");
  app.footer(kFooter);
  declare(app, given);
  CLI::App* const show_command =
      app.add_subcommand("show", "Print what is in a service file or a private file");
  show_command->add_option("file", given.shown_path, "The file")->required();
  try {
    app.parse(count, arguments);
  } catch (const CLI::Success& help) {
    return std::unexpected(app.exit(help));
  } catch (const CLI::ParseError& error) {
    say(std::string(error.what()) + ": see `ironkv-certs --help`");
    return std::unexpected(kBadInput);
  }
  if (show_command->parsed()) return [path = given.shown_path] { return show(path); };
  auto made = make_arguments(std::move(given));
  if (!made) {
    say(made.error().text);
    return std::unexpected(made.error().status);
  }
  return [made = *std::move(made)] { return make(made); };
}

}  // namespace quintet::ironkv::certs
