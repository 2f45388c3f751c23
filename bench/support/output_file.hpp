// SPDX-License-Identifier: MIT
#pragma once
#include <expected>
#include <string>

// A result file that exists whole or not at all: written as FILE.tmp.<pid>, renamed to FILE by
// commit(), removed by the destructor, by SIGINT, SIGTERM, SIGHUP and by abort. Only SIGKILL and a
// crash leave the temporary file. One per process.
namespace quintet::bench {

class OutputFile {
 public:
  // Error: one line that says why the file cannot be written.
  [[nodiscard]] static std::expected<OutputFile, std::string> create(const std::string& path);

  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  // Where to write.
  [[nodiscard]] const std::string& temporary_path() const noexcept { return temporary_; }

  // Error: one line that says why FILE could not be replaced.
  [[nodiscard]] std::expected<void, std::string> commit();

 private:
  OutputFile(std::string path, std::string temporary) noexcept;

  std::string path_;
  std::string temporary_;  // empty when there is nothing to remove
};

}  // namespace quintet::bench
