// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

// Where the programs are that cases start: our own ones in the build folder, others on the PATH.
namespace quintet::bench {

// The path of a file of this build, for example "lib/ironkv/app/ironkv-server". It need not be
// there.
[[nodiscard]] std::string built_file(std::string_view path);

// The path of a program of the benchmarks, for example "allocator_micro" or "workloads/cfrac".
[[nodiscard]] std::string own_program(std::string_view name);

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
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace quintet::bench
