// SPDX-License-Identifier: MIT
#include "support/programs.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <system_error>

namespace quintet::bench {

std::string built_file(std::string_view path) {
  return std::string(QT_BUILD_FOLDER "/").append(path);
}

std::string own_program(std::string_view name) { return built_file("bench/").append(name); }

std::optional<std::string> installed_program(std::string_view name) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/usr/bin:/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::string file = folder + "/" + std::string(name);
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return std::nullopt;
}

TemporaryFolder::TemporaryFolder(const std::filesystem::path& parent) {
  std::string name = parent / "quintet-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(),
                            "cannot make the folder " + name + " for files of a case");
  }
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::file(std::string_view name) const { return path_ / name; }

}  // namespace quintet::bench
