// SPDX-License-Identifier: MIT
#include "ironkv_cases/server_process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <thread>
#include <utility>

namespace quintet::bench::ironkv_cases {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto kStartTime = std::chrono::seconds(30);
constexpr auto kEndTime = std::chrono::seconds(5);
constexpr int kNotStarted = 127;

// In the child, between fork and exec: system calls only.
[[noreturn]] void become(const char* program, char* const* words, const cpu_set_t* cpus, int output,
                         bool is_spinning, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kNotStarted);
  if (is_spinning) {
    const sched_param none{};
    ::sched_setscheduler(0, SCHED_OTHER, &none);
  }
  if (cpus != nullptr) ::sched_setaffinity(0, sizeof(*cpus), cpus);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execv(program, words);
  ::_exit(kNotStarted);
}

bool is_listening(std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected =
      ::connect(descriptor, reinterpret_cast<const sockaddr*>(&at), sizeof(at)) == 0;
  ::close(descriptor);
  return connected;
}

// Whether it has ended, which stays to be asked for.
bool has_ended(pid_t pid) {
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT);
  return info.si_pid == pid;
}

bool ends_in_time(pid_t pid) {
  for (const auto end = steady_clock::now() + kEndTime; steady_clock::now() < end;) {
    if (has_ended(pid)) return true;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return false;
}

}  // namespace

std::expected<ServerProcess, std::string> ServerProcess::start(
    const ServerCommand& command, const std::vector<platform::ProcessingUnit>& units) {
  std::vector<std::string> texts{command.called.empty() ? command.program : command.called};
  texts.insert(texts.end(), command.arguments.begin(), command.arguments.end());
  std::vector<char*> words;
  for (std::string& text : texts) words.push_back(text.data());
  words.push_back(nullptr);
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  for (const auto& unit : units) CPU_SET(unit.os_index, &cpus);
  std::string name = texts[0].substr(texts[0].rfind('/') + 1);
  const int output = ::memfd_create("server", MFD_CLOEXEC);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    become(command.program.c_str(), words.data(), units.empty() ? nullptr : &cpus, output,
           command.is_spinning, parent);
  }
  if (pid < 0) {
    ::close(output);
    return std::unexpected(fmt::format("{} cannot be started: {}", name, std::strerror(errno)));
  }
  return ServerProcess(std::move(name), pid, output);
}

ServerProcess::ServerProcess(ServerProcess&& other) noexcept
    : name_(std::move(other.name_)),
      pid_(std::exchange(other.pid_, 0)),
      output_(std::exchange(other.output_, -1)) {}

ServerProcess::~ServerProcess() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGTERM);
  if (!ends_in_time(pid_)) ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  ::close(output_);
}

std::expected<void, std::string> ServerProcess::await_port(std::uint16_t port) const {
  const auto end = steady_clock::now() + kStartTime;
  for (;;) {
    if (has_ended(pid_)) return std::unexpected(fmt::format("{} ended: {}", name_, last_line()));
    if (is_listening(port)) return {};
    if (steady_clock::now() > end) {
      return std::unexpected(fmt::format("{} does not listen after 30 s: {}", name_, last_line()));
    }
    std::this_thread::sleep_for(milliseconds(2));
  }
}

double ServerProcess::cpu_seconds() const {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::string ServerProcess::last_line() const {
  std::array<char, 4096> chunk;
  const off_t size = ::lseek(output_, 0, SEEK_END);
  const off_t from = size > off_t{chunk.size()} ? size - off_t{chunk.size()} : 0;
  const ssize_t got = ::pread(output_, chunk.data(), chunk.size(), from);
  std::string text(chunk.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text.empty() ? "it said nothing" : text.substr(text.rfind('\n') + 1);
}

std::vector<std::uint16_t> free_ports(std::size_t count) {
  std::vector<int> held;
  std::vector<std::uint16_t> ports;
  for (std::size_t i = 0; i < count; ++i) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(at);
    ::bind(descriptor, reinterpret_cast<const sockaddr*>(&at), size);
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&at), &size);
    held.push_back(descriptor);
    ports.push_back(ntohs(at.sin_port));
  }
  for (const int descriptor : held) ::close(descriptor);
  return ports;
}

}  // namespace quintet::bench::ironkv_cases
