// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ironkv/app/client_commands.hpp"

// ironkv: reads and changes the table of an IronKV service.
namespace quintet::ironkv::app {
namespace {

constexpr const char* kAbout = "Reads and changes the table of an IronKV service.";
constexpr const char* kFooter =
    "Keys are numbers from 0 to 18446744073709551615, also as 0x1f. Values have at most 1023 "
    "bytes.\n"
    "Exit status: 0 done, 1 the key is absent, 2 wrong arguments, 3 no answer in time.";

using Arguments = std::shared_ptr<ClientArguments>;

CLI::App* add(CLI::App& app, Command& chosen, const Arguments& arguments, const char* name,
              const char* about, Outcome<void> (*run)(const ClientArguments&)) {
  CLI::App* const command = app.add_subcommand(name, about);
  command->fallthrough();  // --servers may come last
  command->callback([&chosen, arguments, run] { chosen = [=] { return run(*arguments); }; });
  return command;
}

std::string what_is_wrong(const CLI::App* app, const CLI::Error& error) {
  const std::vector<std::string> unknown = app->remaining();
  if (!app->get_subcommands().empty() || unknown.empty()) {
    return CLI::FailureMessage::simple(app, error);
  }
  return fmt::format("ironkv: '{}' is no command: see ironkv --help\n", unknown.front());
}

void add_key(CLI::App* command, const Arguments& arguments) {
  command->add_option("key", arguments->key, "The key")->required();
}

}  // namespace

std::expected<Command, int> client_command(int count, const char* const* arguments) {
  Command chosen;
  const auto a = std::make_shared<ClientArguments>();
  CLI::App app(kAbout, "ironkv");
  app.require_subcommand(1);
  app.footer(kFooter);
  app.failure_message(what_is_wrong);
  app.set_version_flag("--version", IRONKV_VERSION);
  auto* const file = app.add_option("--service", a->service, "The service file");
  app.add_option("--servers", a->servers,
                 "All servers of a plain service without a file, as ironkv-server --cluster prints "
                 "them: HOST:PORT,...")
      ->excludes(file);
  app.add_option("--timeout-ms", a->timeout_ms,
                 "Time for an answer, and for a step of reshard and balance; 5000 if not given")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{3'600'000}));
  CLI::App* const getter = add(app, chosen, a, "get", "Print the value of a key", get);
  add_key(getter, a);
  getter->add_flag("--raw", a->raw, "Print no newline after it: just the bytes that were set");
  CLI::App* const setter = add(app, chosen, a, "set", "Give a key a value", set);
  add_key(setter, a);
  setter->add_option("value", a->value, "The value; - reads it from the standard input")
      ->required();
  add_key(add(app, chosen, a, "del", "Make a key absent", del), a);
  add(app, chosen, a, "ping", "See which servers answer", ping);
  add_key(add(app, chosen, a, "where", "See which server has a key", where), a);
  CLI::App* const mover =
      add(app, chosen, a, "reshard",
          "Move a range of keys to a server, whoever has them, while clients go on", reshard);
  mover->add_option("low", a->key, "The first key")->required();
  mover->add_option("high", a->high, "The key after the last one, or: end")->required();
  mover->add_option("server", a->server, "Its number in the list, from 1, or HOST:PORT")
      ->required();
  add(app, chosen, a, "balance", "Move keys such that all servers have equally many", balance);
  add(app, chosen, a, "stats", "Print the counters of all servers", stats);
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    return std::unexpected(app.exit(error) == 0 ? 0 : kBadInput);
  }
  return chosen;
}

}  // namespace quintet::ironkv::app

int main(int count, char** arguments) {
  namespace app = quintet::ironkv::app;
  try {
    const auto command = app::client_command(count, arguments);
    if (!command) return command.error();
    const auto done = (*command)();
    if (done) return 0;
    fmt::print(stderr, "ironkv: {}\n", done.error().text);
    return done.error().status;
  } catch (const std::exception& error) {  // memory, for one
    fmt::print(stderr, "ironkv: {}\n", error.what());
    return app::kBadInput;
  }
}
