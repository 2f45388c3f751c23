// SPDX-License-Identifier: MIT
#pragma once
#include <string>

#include "base/result.hpp"

// Why the operating system refused: the errno value, what was being done, and what to do about it.
namespace quintet::platform {

struct OsError {
  int code = 0;             // errno
  const char* action = "";  // what was tried, e.g. "map anonymous memory"
  const char* remedy = "";  // what the user can do; may be empty

  // One line: "<action>: <text of errno> (<remedy>)".
  [[nodiscard]] std::string message() const;
};

template <class T>
using Result = quintet::Result<T, OsError>;

}  // namespace quintet::platform
