// SPDX-License-Identifier: MIT
#pragma once

#include <expected>

#include "ironkv/app/load_settings.hpp"

// The command line of ironkv-load.
namespace quintet::ironkv::app {

// Or the exit status, after a message.
[[nodiscard]] std::expected<LoadSettings, int> load_arguments(int count,
                                                              const char* const* arguments);

}  // namespace quintet::ironkv::app
