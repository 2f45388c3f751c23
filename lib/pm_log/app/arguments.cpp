// SPDX-License-Identifier: MIT
#include "pm_log/app/arguments.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

#include "pm_log/app/commands.hpp"

namespace quintet::pm_log::app {
namespace {

constexpr const char* kAbout =
    "Makes, shows, checks and changes pools of crash-safe logs in persistent memory or files.";
constexpr const char* kFooter =
    "Positions count all bytes ever appended; write them as 1000 or 0x3e8. Sizes are 4096, 64KiB,\n"
    "16M (units of 1024) or 1GB (of 1000).\n"
    "Exit status: 0 done, 1 refused, failed or damage found, 2 wrong arguments.";

// Of counts; signed, so that it complains of a minus.
const CLI::Range kCount(std::int64_t{0}, std::int64_t{1} << 62);

// A subcommand that runs `run` with the arguments that `declare` fills.
template <class Arguments>
CLI::App* add(CLI::App& app, Command& chosen, const char* name, const char* about,
              Outcome<void> (*run)(const Arguments&), std::shared_ptr<Arguments>& arguments) {
  arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand(name, about);
  command->footer(kFooter);
  command->callback([&chosen, arguments, run] { chosen = [=] { return run(*arguments); }; });
  return command;
}

void add_json(CLI::App* command, bool& json) {
  command->add_flag("--json", json, "Print JSON instead of text");
}
void add_path(CLI::App* command, std::string& path) {
  command->add_option("path", path, "The pool: a file, or a /dev/dax device")->required();
}
void add_log(CLI::App* command, Text& log) {
  command->add_option("--log", log, "The log, by name or number; needed if there are several");
}

void add_create(CLI::App& app, Command& chosen) {
  std::shared_ptr<CreateArguments> a;
  CLI::App* const command = add(app, chosen, "create", "Make a pool", create, a);
  add_path(command, a->path);
  command->add_option("--size", a->size, "Bytes of the file, e.g. 64MiB; not for devices");
  command
      ->add_option("--log", a->logs,
                   "A log, NAME or NAME:CAPACITY; may be repeated. Without a capacity it shares "
                   "what the others leave. Without --log there is one log, of all the room")
      ->allow_extra_args(false);
  command->add_flag("--fast", a->fast,
                    "One fence per commit instead of two: a checksum decides whether the last "
                    "commit happened");
  command->add_flag("--records", a->records, "The logs hold records with checksums, not bytes");
  command->add_option("--id", a->id, "The pool's UUID; random if not given");
  command->add_flag("--force", a->force, "Replace what is at PATH, once the new pool is whole");
  add_json(command, a->json);
}

void add_info(CLI::App& app, Command& chosen) {
  std::shared_ptr<InfoArguments> a;
  CLI::App* const command =
      add(app, chosen, "info", "Show what a pool is and how full its logs are", info, a);
  add_path(command, a->path);
  add_json(command, a->json);
}

void add_verify(CLI::App& app, Command& chosen) {
  std::shared_ptr<VerifyArguments> a;
  CLI::App* const command = add(
      app, chosen, "verify", "Check all of a pool and list all damage; change nothing", verify, a);
  add_path(command, a->path);
  add_json(command, a->json);
}

void add_dump(CLI::App& app, Command& chosen) {
  std::shared_ptr<DumpArguments> a;
  CLI::App* const command = add(app, chosen, "dump", "Show a log's bytes in hexadecimal", dump, a);
  add_path(command, a->path);
  add_log(command, a->log);
  command->add_option("--from", a->from, "Position to start at; the head if not given");
  command->add_option("--count", a->count, "Bytes to show; all up to the tail if not given");
  command->add_flag("--metadata", a->metadata,
                    "Show every line of the pool's metadata instead, with [OK] or [BAD]");
  add_json(command, a->json);
}

void add_append(CLI::App& app, Command& chosen) {
  std::shared_ptr<AppendArguments> a;
  CLI::App* const command = add(app, chosen, "append", "Append to a log, durably", append, a);
  add_path(command, a->path);
  command->add_option("payload", a->payload,
                      "What to append, each argument by itself; the standard input if there is "
                      "none. Write -- before one that starts with a dash");
  add_log(command, a->log);
  command->add_flag("--lines", a->lines,
                    "Append each line of the input by itself: records without the newline, bytes "
                    "with it");
  command->add_option("--batch", a->batch, "Commit after so many")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
  command->add_flag("--make-room", a->make_room, "Drop the oldest if there is no room");
  command->add_flag("-v,--verbose", a->verbose, "Print each position once it is durable");
  add_json(command, a->json);
}

void add_cat(CLI::App& app, Command& chosen) {
  std::shared_ptr<CatArguments> a;
  CLI::App* const command =
      add(app, chosen, "cat", "Print what a log holds: the records' payload, or its bytes", cat, a);
  add_path(command, a->path);
  add_log(command, a->log);
  command->add_option("--from", a->from, "Position to start at; the head if not given");
  command->add_option("--count", a->count, "Records (of a log of records) or bytes to print")
      ->check(kCount);
  command->add_flag("--raw", a->raw, "Bytes as they lie in the log, also of records");
  command->add_flag("--lines", a->lines, "A newline after each record");
}

void add_follow(CLI::App& app, Command& chosen) {
  std::shared_ptr<FollowArguments> a;
  CLI::App* const command =
      add(app, chosen, "follow", "Print what a log holds and what is appended, until interrupted",
          follow, a);
  add_path(command, a->path);
  add_log(command, a->log);
  command->add_option("--from", a->from, "Position to start at; the head if not given");
  command->add_flag("--lines", a->lines, "A newline after each record");
  command->add_option("--interval-ms", a->interval_ms, "Time between two looks, 100 if not given")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{3'600'000}));
  command
      ->add_option("--until-idle", a->until_idle_ms,
                   "End when nothing came for so many milliseconds")
      ->check(kCount);
}

void add_import(CLI::App& app, Command& chosen) {
  std::shared_ptr<ImportArguments> a;
  CLI::App* const command = add(app, chosen, "import-pmemlog",
                                "Make a pool with the content and the capacity of a "
                                "libpmemlog pool",
                                import_pmemlog, a);
  command->add_option("pool", a->source, "The libpmemlog pool; it stays as it is")->required();
  add_path(command, a->path);
  command->add_flag("--fast", a->fast, "As for create");
  add_json(command, a->json);
}

void add_drop(CLI::App& app, Command& chosen) {
  std::shared_ptr<DropArguments> a;
  CLI::App* const command =
      add(app, chosen, "drop", "Drop the oldest content of a log, durably", drop, a);
  add_path(command, a->path);
  add_log(command, a->log);
  auto* const where = command->add_option_group("where")->require_option(1);
  where->add_option("--to", a->to, "The position that becomes the head");
  where->add_option("--records", a->records, "How many of the oldest records to drop")
      ->check(kCount);
  add_json(command, a->json);
}

bool is_command(const CLI::App& app, std::string_view name) {
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  return std::ranges::any_of(commands, [&](const auto* one) { return one->get_name() == name; });
}

}  // namespace

std::expected<Command, int> command_from(int count, const char* const* arguments) {
  Command chosen;
  CLI::App app(kAbout, "pmlog");
  app.require_subcommand(1);
  app.footer(kFooter);
  app.set_version_flag("--version", PMLOG_VERSION);
  for (const auto add_command : {add_create, add_info, add_verify, add_dump, add_append, add_cat,
                                 add_follow, add_drop, add_import}) {
    add_command(app, chosen);
  }
  if (count > 1 && arguments[1][0] != '-' && !is_command(app, arguments[1])) {
    std::cerr << "pmlog: no subcommand '" << arguments[1] << "': see `pmlog --help`\n";
    return std::unexpected(kMisused);
  }
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    return std::unexpected(app.exit(error) == 0 ? 0 : kMisused);
  }
  return chosen;
}

}  // namespace quintet::pm_log::app
