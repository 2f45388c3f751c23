// SPDX-License-Identifier: MIT
#include "support/output_file.hpp"

#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "testing/catch.hpp"
#include "testing/child.hpp"

namespace {

using quintet::bench::OutputFile;
namespace fs = std::filesystem;

// An empty folder that goes away with the test.
class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("quintet-output-" + std::to_string(::getpid()))) {
    fs::create_directory(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  [[nodiscard]] std::string file() const { return path_ / "out.json"; }
  [[nodiscard]] std::ptrdiff_t entries() const {
    return std::distance(fs::directory_iterator(path_), fs::directory_iterator());
  }

 private:
  fs::path path_;
};

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_CASE("a file appears whole when committed") {
  const Folder folder;
  std::ofstream(folder.file()) << "old";
  auto output = OutputFile::create(folder.file()).value();
  std::ofstream(output.temporary_path()) << "new";
  CHECK(contents(folder.file()) == "old");
  REQUIRE(output.commit());
  CHECK(contents(folder.file()) == "new");
  CHECK(folder.entries() == 1);
}

TEST_CASE("an uncommitted file leaves nothing and keeps the old one") {
  const Folder folder;
  std::ofstream(folder.file()) << "old";
  {
    auto output = OutputFile::create(folder.file()).value();
  }
  CHECK(contents(folder.file()) == "old");
  CHECK(folder.entries() == 1);
}

TEST_CASE("a signal or an abort leaves nothing") {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGABRT}) {
    const Folder folder;
    const auto child = quintet::testing::run_child([&] {
      auto output = OutputFile::create(folder.file()).value();
      ::raise(signal);
    });
    CHECK(child.signal == signal);
    CHECK(folder.entries() == 0);
  }
}

TEST_CASE("a place that cannot be written is one line") {
  CHECK(OutputFile::create("/nonexistent/out.json").error() ==
        "cannot write /nonexistent/out.json: No such file or directory");
  CHECK_FALSE(OutputFile::create(std::string(5000, 'x')));
}

}  // namespace
