// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "platform/topology.hpp"

// Servers in processes of their own, which end with this one, however it ends.
// Threading: the one that starts them.
namespace quintet::bench::ironkv_cases {

struct ServerCommand {
  std::string program;                 // a path
  std::vector<std::string> arguments;  // without the program's own name
  std::string called = {};             // what the program is told it is called; empty: program
  // It spins, so it gets its share like anybody else, also where this process is put before others.
  bool is_spinning = false;
};

class ServerProcess {
 public:
  // Starts it on `units`, or wherever the system likes if there are none.
  [[nodiscard]] static std::expected<ServerProcess, std::string> start(
      const ServerCommand& command, const std::vector<platform::ProcessingUnit>& units);
  ServerProcess(ServerProcess&& other) noexcept;
  ServerProcess& operator=(ServerProcess&&) = delete;
  // Ends it: kindly, and after some seconds by force.
  ~ServerProcess();

  // Until somebody listens on this port of the loopback interface. Error: it ended, with its last
  // line, or it took too long.
  [[nodiscard]] std::expected<void, std::string> await_port(std::uint16_t port) const;
  // So much time of processors it has taken.
  [[nodiscard]] double cpu_seconds() const;

 private:
  ServerProcess(std::string name, pid_t pid, int output)
      : name_(std::move(name)), pid_(pid), output_(output) {}
  [[nodiscard]] std::string last_line() const;

  std::string name_;
  pid_t pid_;
  int output_;  // a file of memory with what it prints
};

// Ports of the loopback interface that nobody has at this moment.
[[nodiscard]] std::vector<std::uint16_t> free_ports(std::size_t count);

}  // namespace quintet::bench::ironkv_cases
