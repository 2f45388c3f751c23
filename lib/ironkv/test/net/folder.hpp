// SPDX-License-Identifier: MIT
#pragma once

#include <stdlib.h>

#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>

#include "testing/catch.hpp"

// A folder for a test's files that goes away with it.
namespace quintet::ironkv {

class Folder {
 public:
  Folder() {
    path_ = (std::filesystem::temp_directory_path() / "ironkv-XXXXXX").string();
    REQUIRE(::mkdtemp(path_.data()) != nullptr);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::string& path() const { return path_; }
  // How many entries are in it.
  [[nodiscard]] std::ptrdiff_t count() const {
    return std::distance(std::filesystem::directory_iterator(path_), {});
  }
  friend std::string operator/(const Folder& folder, const std::string& name) {
    return folder.path_ + "/" + name;
  }

 private:
  std::string path_;
};

}  // namespace quintet::ironkv
