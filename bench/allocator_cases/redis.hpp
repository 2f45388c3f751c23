// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "allocator_cases/child.hpp"
#include "support/programs.hpp"

// Redis under an allocator: the server is measured, and redis-benchmark drives it through a socket
// in a folder of its own.
namespace quintet::bench::allocator_cases {

struct Redis {
  std::string server;  // one file is the server and the checker of its files, by the name it is
                       // called; the package of the tools has it as the latter
  std::string benchmark;
  std::string client;
};

// Nothing if the PATH lacks one of them.
[[nodiscard]] std::optional<Redis> find_redis();

// `requests` that put nine words at the head of one list; then the list's length must be right. The
// report is the server's, from its start to its end. Its socket and files are in `folder`.
[[nodiscard]] ChildResult drive_redis(const Redis& redis, const std::string& preload,
                                      const TemporaryFolder& folder, std::uint64_t requests,
                                      double limit_seconds);

}  // namespace quintet::bench::allocator_cases
