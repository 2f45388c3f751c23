// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

// The file that all logs lie in, one after the other. Where a file's pages are in memory makes
// large appends up to a fifth faster or slower, so that logs in different files do not compare.
// Everything here throws std::runtime_error, which fails the case, with what to do about it.
namespace quintet::bench::pm_log_cases {

class PoolFile {
 public:
  // A file of pool_bytes() in pm_dir(), all of it allocated and mapped. It has no name unless
  // keep_pool(): however the process ends, it is gone then.
  PoolFile();
  ~PoolFile();
  PoolFile(const PoolFile&) = delete;
  PoolFile& operator=(const PoolFile&) = delete;

  [[nodiscard]] std::span<std::byte> memory() const { return memory_; }
  // A path to the open file, for libraries that want one.
  [[nodiscard]] std::string path() const;

 private:
  int file_;
  std::span<std::byte> memory_;
};

// The one of this process, made at first use.
[[nodiscard]] PoolFile& pool_file();

// A name in pm_dir() for a file of one case; what is there at the end is removed.
class ScratchPath {
 public:
  // Makes sure of room for `bytes`.
  explicit ScratchPath(std::uint64_t bytes);
  ~ScratchPath();
  ScratchPath(const ScratchPath&) = delete;
  ScratchPath& operator=(const ScratchPath&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Maps all pages of a mapping now, and not at first touch.
void populate(std::byte* memory, std::uint64_t bytes);

// For the context: the type of a folder's file system, and whether its files are mapped directly.
[[nodiscard]] std::string filesystem_of(const std::filesystem::path& folder);
[[nodiscard]] bool is_dax(const std::filesystem::path& folder);

}  // namespace quintet::bench::pm_log_cases
