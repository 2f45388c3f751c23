// SPDX-License-Identifier: MIT
#pragma once
#include <functional>
#include <map>
#include <string>

// What a reader of results must know about the machine and the build. Every key starts with qt_,
// every value is text, `unknown` where the system does not tell. No host name, no paths.
namespace quintet::bench {

// The facts of this machine and this build, and our flags as qt_flag_<name>.
[[nodiscard]] std::map<std::string, std::string> context_facts();

// Adds a fact that only one family knows; it is asked for when the context is written. Requires: a
// key of its own that starts with qt_.
void add_fact(std::string key, std::function<std::string()> value);

// Adds them to the context of Google Benchmark's reports. Call once, before running.
void add_context();

}  // namespace quintet::bench
