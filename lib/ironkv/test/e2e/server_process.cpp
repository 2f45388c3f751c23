// SPDX-License-Identifier: MIT
#include "ironkv/test/e2e/server_process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <string_view>
#include <thread>

namespace quintet::ironkv {
namespace {

constexpr std::string_view kReady = "[[READY]]\n";
constexpr auto kPatience = std::chrono::seconds(60);

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// In the child: only what may be called between fork() and exec() of a program with threads.
[[noreturn]] void become(char* const* arguments, int output, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execv(arguments[0], arguments);
  ::_exit(127);
}

}  // namespace

std::expected<ServerProcess, std::string> ServerProcess::start(
    const std::vector<std::string>& command, const std::string& log) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (output < 0) return std::unexpected(log + " cannot be written");
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(arguments.data(), output, parent);
  ::close(output);
  if (pid < 0) return std::unexpected("no process for " + command[0]);
  ServerProcess process(log, pid);
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!content_of(log).ends_with(kReady)) {
    if (!process.is_running()) return std::unexpected(process.ending());
    if (std::chrono::steady_clock::now() > until) return std::unexpected("not ready: " + log);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return process;
}

void ServerProcess::kill() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

int ServerProcess::stop() {
  if (pid_ == 0) return -1;
  ::kill(pid_, SIGTERM);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  ended(status);
  return status_;
}

bool ServerProcess::is_running() {
  int status = 0;
  if (pid_ != 0 && ::waitpid(pid_, &status, WNOHANG) == pid_) ended(status);
  return pid_ != 0;
}

void ServerProcess::ended(int status) {
  pid_ = 0;
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string ServerProcess::ending() const {
  return content_of(log_) + "(status " + std::to_string(status_) + ")\n";
}

std::uint64_t ServerProcess::resident_bytes() const {
  std::ifstream file("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    std::uint64_t kib = 0;
    if (words >> name >> kib && name == "VmRSS:") return kib * 1024;
  }
  return 0;
}

std::uint16_t free_port() {
  static std::mt19937 random(std::random_device{}());
  for (;;) {
    // Below those that the kernel gives to connections.
    const auto port = static_cast<std::uint16_t>(10'000 + random() % 10'000);
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool is_free =
        ::bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    ::close(probe);
    if (is_free) return port;
  }
}

}  // namespace quintet::ironkv
