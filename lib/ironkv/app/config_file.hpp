// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <expected>
#include <string>

// Settings of a program from a file: --config FILE with lines `key = value`, where a key is the
// name of an option without its dashes; without a value it is as if it was not there. What the
// command line says comes before what the file says. Only options are in a file that are
// configurable(), as they are if nothing else is said.
namespace quintet::ironkv::app {

// Adds --config and --print-config, which prints a file of the settings in force and ends the
// program. Or the exit status, after a message; one about the file names it and the key.
// Requires: `app` is fully declared, has the program's name, and none of its options is required().
[[nodiscard]] std::expected<void, int> parse_with_config(CLI::App& app, int count,
                                                         const char* const* arguments);

// The file that was named, if one was, as a remark at the end of a message.
[[nodiscard]] std::string config_remark(const CLI::App& app);

}  // namespace quintet::ironkv::app
