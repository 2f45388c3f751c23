// SPDX-License-Identifier: MIT
#include "ironkv/app/config_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>
#include <string_view>
#include <vector>

#include "ironkv/app/outcome.hpp"

namespace quintet::ironkv::app {
namespace {

using Options = std::set<const CLI::Option*>;

// What CLI11 says, with the key as the file has it.
std::string without_dashes(std::string_view text) {
  if (text.starts_with("--")) text.remove_prefix(2);
  return std::string(text);
}

bool is_cut_off(const std::string& value) {
  return !value.empty() && (value.front() == '"' || value.front() == '\'') &&
         (value.size() == 1 || value.back() != value.front());
}

void give(CLI::Option& option, const CLI::App& app, const CLI::ConfigItem& item) {
  if (option.get_expected_min() == 0) {
    option.add_result(option.get_flag_value(item.name, app.get_config_formatter()->to_flag(item)));
  } else {
    option.add_result(item.inputs);
  }
  option.run_callback();  // checks it first
}

// One line of the file. Returns what is wrong with it, or nothing.
std::string apply(CLI::App& app, const CLI::ConfigItem& item, const Options& said, Options& done) {
  if (!item.parents.empty()) {
    return item.parents.front() + ": there are no sections: begin with the keys";
  }
  const std::string key = item.name;
  CLI::Option* option = app.get_option_no_throw("--" + key);
  if (option == nullptr) option = app.get_option_no_throw(key);
  if (option == nullptr || !option->get_configurable()) {
    return key + ": no such key: see --help, or --print-config for a file with all keys";
  }
  if (said.contains(option)) return "";
  if (item.inputs.size() == 1 && item.inputs[0].empty()) return "";  // as --print-config has it
  if (!done.insert(option).second) return key + ": given twice: give it once";
  if (option->get_items_expected_max() <= 1 && item.inputs.size() > 1) {
    return key + ": more than one value: give the key once, and put the value in double quotes";
  }
  if (std::ranges::any_of(item.inputs, is_cut_off)) {
    return key + ": the quote has no end: a # begins a comment, also within quotes";
  }
  for (const CLI::Option* other : option->get_excludes()) {
    if (said.contains(other)) return "";
    if (done.contains(other)) {
      return fmt::format("{} and {}: give one of them", key, without_dashes(other->get_name()));
    }
  }
  try {
    give(*option, app, item);
  } catch (const CLI::ParseError& error) {
    const std::string text = without_dashes(error.what());
    return text.starts_with(key) ? text : key + ": " + text;
  }
  return "";
}

std::string apply_file(CLI::App& app, const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return "is a folder: name a file";
  std::vector<CLI::ConfigItem> items;
  try {
    items = app.get_config_formatter()->from_file(path);
  } catch (const CLI::Error&) {
    return "cannot be read: see whether it is there";
  }
  Options said;
  for (const CLI::Option* option : app.get_options()) {
    if (option->count() > 0) said.insert(option);
  }
  Options done;
  for (const CLI::ConfigItem& item : items) {
    if (auto wrong = apply(app, item, said, done); !wrong.empty()) return wrong;
  }
  return "";
}

}  // namespace

std::expected<void, int> parse_with_config(CLI::App& app, int count, const char* const* arguments) {
  std::string path;
  bool is_to_print = false;
  app.add_option("--config", path,
                 "A file with lines `key = value`; keys are the names of these options without "
                 "dashes, # begins a comment. The command line overrides it")
      ->configurable(false);
  app.add_flag("--print-config", is_to_print, "Print such a file of the settings in force, and end")
      ->configurable(false);
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    return std::unexpected(app.exit(error) == 0 ? 0 : kBadInput);
  }
  if (app.get_option("--config")->count() > 0) {
    if (const std::string wrong = apply_file(app, path); !wrong.empty()) {
      fmt::print(stderr, "{}: {}: {}\n", app.get_name(), path, wrong);
      return std::unexpected(kBadInput);
    }
  }
  if (!is_to_print) return {};
  fmt::print("{}", app.config_to_str(true, true));
  std::fflush(stdout);
  return std::unexpected(0);
}

std::string config_remark(const CLI::App& app) {
  const CLI::Option* const option = app.get_option("--config");
  return option->count() == 0 ? ""
                              : fmt::format(" (with the settings of {})", option->results()[0]);
}

}  // namespace quintet::ironkv::app
