// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "ironkv/app/load_run.hpp"
#include "ironkv/app/load_settings.hpp"

// What a load has shown, for people and for programs. Times are in microseconds.
namespace quintet::ironkv::app {

[[nodiscard]] std::string report_text(const LoadSettings& settings, const LoadResult& result);
// An object with `settings`, `requests_per_second`, `latency_us` and so on, and a line end.
[[nodiscard]] std::string report_json(const LoadSettings& settings, const LoadResult& result);

}  // namespace quintet::ironkv::app
