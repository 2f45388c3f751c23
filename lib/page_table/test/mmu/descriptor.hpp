// SPDX-License-Identifier: MIT
#pragma once

// A file descriptor that closes itself, and the last system error in words. Threading: none.

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace quintet::page_table::mmu {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

/// "<what>: <errno in words>".
inline std::string system_error(const std::string& what) {
  return what + ": " + std::strerror(errno);
}

}  // namespace quintet::page_table::mmu
