// SPDX-License-Identifier: MIT
#include "platform/os_error.hpp"

#include <system_error>

namespace quintet::platform {

std::string OsError::message() const {
  std::string text = std::string(action) + ": " + std::generic_category().message(code);
  if (*remedy != '\0') text += std::string(" (") + remedy + ")";
  return text;
}

}  // namespace quintet::platform
