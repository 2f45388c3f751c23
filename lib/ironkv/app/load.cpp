// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <string>

#include "ironkv/app/load_arguments.hpp"
#include "ironkv/app/load_report.hpp"
#include "ironkv/app/load_run.hpp"
#include "ironkv/app/load_signals.hpp"

// ironkv-load: drives load against an IronKV service.
namespace quintet::ironkv::app {
namespace {

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

int say(int status, const std::string& text) {
  fmt::print(stderr, "ironkv-load: {}\n", text);
  return status;
}

bool write(std::FILE* file, const std::string& text) {
  return std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0;
}

int run(int count, const char* const* arguments) {
  const auto settings = load_arguments(count, arguments);
  if (!settings) return settings.error();
  const bool is_json_only = settings->json == "-";
  File json;  // opened now, so that it is known now if it cannot be
  if (!settings->json.empty() && !is_json_only) {
    json.reset(std::fopen(settings->json.c_str(), "w"));
    if (!json) {
      return say(kBadInput, fmt::format("--json: {}: {}: name a file that can be written, or -",
                                        settings->json, std::strerror(errno)));
    }
  }
  Signals signals;
  const auto result = run_load(*settings, signals);
  if (!result) return say(result.error().status, result.error().text);
  if (!settings->reference) {
    write(is_json_only ? stderr : stdout, report_text(*settings, *result));
  } else if (result->tally.failures() > 0) {
    say(kFailed, result->tally.trouble);
  }
  std::FILE* const to = is_json_only ? stdout : json.get();
  if (to != nullptr && !write(to, report_json(*settings, *result))) {
    return say(kBadInput, settings->json + ": " + std::strerror(errno));
  }
  return result->tally.failures() > 0 ? kFailed : 0;
}

}  // namespace
}  // namespace quintet::ironkv::app

int main(int count, char** arguments) {
  try {
    return quintet::ironkv::app::run(count, arguments);
  } catch (const std::exception& error) {  // memory, for one
    return quintet::ironkv::app::say(quintet::ironkv::app::kBadInput, error.what());
  }
}
