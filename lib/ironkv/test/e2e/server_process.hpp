// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <string>
#include <utility>
#include <vector>

// A server in a process of its own. It does not outlive who started it: neither an early return
// nor a crash of the test leaves one behind.
// Threading: one thread, which has to stay: the kernel kills the children of a thread that ends.
namespace quintet::ironkv {

class ServerProcess {
 public:
  // Runs `command` with its output in the file `log`, and waits until it says [[READY]].
  // Errors: ending().
  [[nodiscard]] static std::expected<ServerProcess, std::string> start(
      const std::vector<std::string>& command, const std::string& log);
  ServerProcess(ServerProcess&& other) noexcept
      : log_(std::move(other.log_)), pid_(std::exchange(other.pid_, 0)), status_(other.status_) {}
  ServerProcess& operator=(ServerProcess&& other) noexcept {
    std::swap(log_, other.log_);
    std::swap(pid_, other.pid_);
    std::swap(status_, other.status_);
    return *this;
  }
  ~ServerProcess() { kill(); }

  // As if the power failed: SIGKILL.
  void kill();
  // SIGTERM. Returns its exit status, or -1 if a signal ended it.
  [[nodiscard]] int stop();
  // It has not ended by itself.
  [[nodiscard]] bool is_running();
  // Of one that has: what it said, and its status in brackets.
  [[nodiscard]] std::string ending() const;
  [[nodiscard]] std::uint64_t resident_bytes() const;

 private:
  ServerProcess(std::string log, pid_t pid) : log_(std::move(log)), pid_(pid) {}
  void ended(int status);

  std::string log_;
  pid_t pid_;  // 0: ended
  int status_ = -1;
};

// A port that nobody listens on and that no connection is given by chance. Someone else may take it
// before it is used: then the server says so.
[[nodiscard]] std::uint16_t free_port();

}  // namespace quintet::ironkv
