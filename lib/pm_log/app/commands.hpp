// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pm_log/app/outcome.hpp"

// The commands of pmlog, each with what its arguments say (arguments.cpp) and each in a file of its
// name.
namespace quintet::pm_log::app {

using Text = std::optional<std::string>;

struct CreateArguments {
  std::string path;
  Text size;
  std::vector<std::string> logs;
  Text id;
  bool fast = false;
  bool records = false;
  bool force = false;
  bool json = false;
};
[[nodiscard]] Outcome<void> create(const CreateArguments& arguments);

struct InfoArguments {
  std::string path;
  bool json = false;
};
[[nodiscard]] Outcome<void> info(const InfoArguments& arguments);

struct VerifyArguments {
  std::string path;
  bool json = false;
};
[[nodiscard]] Outcome<void> verify(const VerifyArguments& arguments);

struct DumpArguments {
  std::string path;
  Text log;
  Text from;
  Text count;
  bool metadata = false;
  bool json = false;
};
[[nodiscard]] Outcome<void> dump(const DumpArguments& arguments);
[[nodiscard]] Outcome<void> dump_metadata(const DumpArguments& arguments);

struct AppendArguments {
  std::string path;
  Text log;
  std::vector<std::string> payload;
  bool lines = false;
  std::uint64_t batch = 1;
  bool make_room = false;
  bool verbose = false;
  bool json = false;
};
[[nodiscard]] Outcome<void> append(const AppendArguments& arguments);

struct CatArguments {
  std::string path;
  Text log;
  Text from;
  std::optional<std::uint64_t> count;
  bool raw = false;
  bool lines = false;
};
[[nodiscard]] Outcome<void> cat(const CatArguments& arguments);

struct FollowArguments {
  std::string path;
  Text log;
  Text from;
  bool lines = false;
  std::uint64_t interval_ms = 100;
  std::optional<std::uint64_t> until_idle_ms;
};
[[nodiscard]] Outcome<void> follow(const FollowArguments& arguments);

struct ImportArguments {
  std::string source;
  std::string path;
  bool fast = false;
  bool json = false;
};
[[nodiscard]] Outcome<void> import_pmemlog(const ImportArguments& arguments);

struct DropArguments {
  std::string path;
  Text log;
  Text to;
  std::optional<std::uint64_t> records;
  bool json = false;
};
[[nodiscard]] Outcome<void> drop(const DropArguments& arguments);

}  // namespace quintet::pm_log::app
