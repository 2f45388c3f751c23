// SPDX-License-Identifier: MIT
#pragma once

#include "ironkv/app/load_settings.hpp"

// The workload f of the reference's client, which is a test of moving keys: key 150 is read,
// keys 125 to 174 are moved to the second server, the first one redirects then, and the second one
// answers.
namespace quintet::ironkv::app {

// Requires: two servers. Costs a few milliseconds, and some seconds if it fails.
[[nodiscard]] Outcome<void> move_and_look(const LoadSettings& settings);

}  // namespace quintet::ironkv::app
