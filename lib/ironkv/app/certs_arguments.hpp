// SPDX-License-Identifier: MIT
#pragma once

#include <expected>
#include <functional>

#include "ironkv/app/certs_outcome.hpp"

// The command line of ironkv-certs: the one file that knows CLI11.
namespace quintet::ironkv::certs {

using Command = std::function<Outcome<void>()>;

// The command to run, or the exit status after help or a complaint.
[[nodiscard]] std::expected<Command, int> command_from(int count, const char* const* arguments);

}  // namespace quintet::ironkv::certs
