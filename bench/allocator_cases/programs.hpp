// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

// Where the programs are that run under an allocator: our own ones in the build folder, others on
// the PATH.
namespace quintet::bench::allocator_cases {

// The path of one that is built with this benchmark, for example "allocator_micro" or
// "workloads/cfrac". It need not be there.
[[nodiscard]] std::string own_program(std::string_view name);

// The path of a library of ours, for example "libquintet-malloc.so". It need not be there.
[[nodiscard]] std::string own_library(std::string_view name);

// Where an installed program is; nothing if the PATH does not have it.
[[nodiscard]] std::optional<std::string> installed_program(std::string_view name);

// A new folder for the files of one case, which is gone with this.
class TemporaryFolder {
 public:
  // Throws std::system_error where none can be made.
  explicit TemporaryFolder(const std::filesystem::path& parent);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  // The path of a file in it.
  [[nodiscard]] std::string file(std::string_view name) const;

 private:
  std::filesystem::path path_;
};

}  // namespace quintet::bench::allocator_cases
