// SPDX-License-Identifier: MIT
#include "support/output_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

namespace quintet::bench {
namespace {

// For the signal handler, which may only touch plain memory; empty: nothing to remove.
char removed_on_signal[PATH_MAX];

extern "C" void remove_temporary(int signal) {
  if (removed_on_signal[0] != '\0') ::unlink(removed_on_signal);
  ::raise(signal);  // the default action: SA_RESETHAND took this handler off
}

void remove_on_signals(const std::string& path) {
  std::strncpy(removed_on_signal, path.c_str(), sizeof removed_on_signal - 1);
  struct sigaction action = {};
  action.sa_handler = remove_temporary;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGABRT}) ::sigaction(signal, &action, nullptr);
}

std::string error_text(int code) { return std::generic_category().message(code); }

}  // namespace

OutputFile::OutputFile(std::string path, std::string temporary) noexcept
    : path_(std::move(path)), temporary_(std::move(temporary)) {}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)), temporary_(std::exchange(other.temporary_, {})) {}

std::expected<OutputFile, std::string> OutputFile::create(const std::string& path) {
  OutputFile file(path, fmt::format("{}.tmp.{}", path, ::getpid()));
  if (file.temporary_.size() >= sizeof removed_on_signal) {
    return std::unexpected(fmt::format("cannot write {}: {}", path, error_text(ENAMETOOLONG)));
  }
  remove_on_signals(file.temporary_);  // before there is something to remove
  errno = 0;
  if (!std::ofstream(file.temporary_)) {
    const int code = errno;
    return std::unexpected(fmt::format("cannot write {}: {}", path, error_text(code)));
  }
  return file;
}

OutputFile::~OutputFile() {
  if (temporary_.empty()) return;
  ::unlink(temporary_.c_str());
  removed_on_signal[0] = '\0';
}

std::expected<void, std::string> OutputFile::commit() {
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int code = errno;
    return std::unexpected(fmt::format("cannot write {}: {}", path_, error_text(code)));
  }
  removed_on_signal[0] = '\0';
  temporary_.clear();
  return {};
}

}  // namespace quintet::bench
