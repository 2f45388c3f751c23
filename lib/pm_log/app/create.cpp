// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <span>

#include "pm_log/app/commands.hpp"
#include "pm_log/app/files.hpp"
#include "pm_log/app/json.hpp"
#include "pm_log/app/open_pool.hpp"
#include "pm_log/app/parse.hpp"
#include "pm_log/describe.hpp"
#include "pm_log/placement.hpp"

namespace quintet::pm_log::app {
namespace {

Outcome<std::vector<LogSpec>> specs_from(const CreateArguments& arguments) {
  std::vector<LogSpec> specs;
  for (const std::string& text : arguments.logs) {
    auto spec = log_spec_from(text);
    if (!spec) return std::unexpected(spec.error());
    for (const LogSpec& other : specs) {
      if (other.name == spec->name) {
        return misused(fmt::format("--log '{}': two logs cannot have the same name", spec->name));
      }
    }
    specs.push_back(*std::move(spec));
  }
  if (specs.empty()) specs.emplace_back();
  for (LogSpec& spec : specs) spec.records = arguments.records;
  return specs;
}

Outcome<CreateOptions> options_from(const CreateArguments& arguments) {
  CreateOptions options{.commit = arguments.fast ? Commit::kFast : Commit::kStrict,
                        .created_unix = now_unix(),
                        .overwrite = arguments.force};
  if (arguments.id) {
    const auto id = uuid_from_text(*arguments.id);
    if (!id) {
      return misused(fmt::format("--id '{}' is no UUID: write 32 hexadecimal digits as 8-4-4-4-12",
                                 *arguments.id));
    }
    options.id = *id;
    return options;
  }
  const auto id = random_uuid();
  if (!id) return failed(describe(id.error(), "getrandom"));
  options.id = *id;
  return options;
}

// Bytes of the new file; 0 for a device, which has its size.
Outcome<std::uint64_t> file_size_from(const CreateArguments& arguments, bool is_device) {
  if (!arguments.size) {
    if (is_device) return 0;
    return misused("--size is missing: say how large the file shall be, e.g. --size 64MiB");
  }
  const auto size = size_from(*arguments.size);
  if (!size) {
    return misused(fmt::format("--size '{}' is no size: use, for example, 4096, 64MiB or 1GB",
                               *arguments.size));
  }
  return *size;
}

Outcome<void> make(const std::string& path, std::uint64_t size, std::span<const LogSpec> specs,
                   const CreateOptions& options, const std::string& shown) {
  auto memory = MappedPm::create(path, size, {});
  if (!memory) return failed(describe(memory.error(), shown));
  auto pool = Pool::create(*std::move(memory), specs, options);
  if (!pool) return failed(describe(pool.error(), shown));
  return {};
}

// A file: whole, or not there. What it replaces stays until then.
Outcome<void> make_pool_file(const std::string& path, std::uint64_t size,
                             std::span<const LogSpec> specs, const CreateOptions& options) {
  if (const auto places = place_logs(size, specs); !places) {
    return failed(describe(places.error(), path));
  }
  if (!options.overwrite || !is_there(path)) {
    return make_file(path, [&] { return make(path, size, specs, options, path); });
  }
  // Whoever writes to what is there keeps it.
  const auto old = MappedPm::open(path, {});
  if (!old && old.error().code != Errc::kNotALog) return failed(describe(old.error(), path));
  return replace_file(
      path, [&](const std::string& draft) { return make(draft, size, specs, options, path); });
}

}  // namespace

Outcome<void> create(const CreateArguments& arguments) {
  const auto specs = specs_from(arguments);
  if (!specs) return std::unexpected(specs.error());
  const auto options = options_from(arguments);
  if (!options) return std::unexpected(options.error());
  const bool is_device = is_character_device(arguments.path);
  const auto size = file_size_from(arguments, is_device);
  if (!size) return std::unexpected(size.error());
  auto made = is_device ? make(arguments.path, *size, *specs, *options, arguments.path)
                        : make_pool_file(arguments.path, *size, *specs, *options);
  if (!made) return made;
  if (!arguments.json) {
    return put(fmt::format("{}: a pool of {}, id {}\n", arguments.path,
                           specs->size() == 1 ? "1 log" : fmt::format("{} logs", specs->size()),
                           to_text(options->id)));
  }
  return info({.path = arguments.path, .json = true});
}

}  // namespace quintet::pm_log::app
