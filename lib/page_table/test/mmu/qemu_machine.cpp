// SPDX-License-Identifier: MIT
// QEMU as an MMU: one child process per run, guest memory shared through a memory file, no
// firmware but reset.S, no disk, display or network. The guest leaves by writing to the
// isa-debug-exit device.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "page_table/test/mmu/descriptor.hpp"
#include "page_table/test/mmu/machine.hpp"
#include "page_table/test/mmu/protocol.hpp"

namespace quintet::page_table::mmu {
namespace {

constexpr const char* kProgram = "qemu-system-x86_64";
constexpr int kGuestDone = 1;  // isa-debug-exit turns the written 0 into 0 * 2 + 1

// A nameless file that a child can open as /proc/self/fd/<n>.
int memory_file(const char* name, std::span<const std::byte> content) {
  const int fd = memfd_create(name, 0);
  if (fd < 0) return -1;
  if (write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size())) return fd;
  close(fd);
  return -1;
}

std::vector<std::string> command_line(int memory_fd, int firmware_fd) {
  const std::string mib = std::to_string(Guest::kEnd >> 20) + "M";
  const auto path = [](int fd) { return "/proc/self/fd/" + std::to_string(fd); };
  return {kProgram,
          "-nodefaults",
          "-no-user-config",
          "-no-reboot",
          "-display",
          "none",
          "-machine",
          "pc,accel=tcg,memory-backend=ram",
          "-cpu",
          "max",
          "-smp",
          "1",
          "-m",
          mib,
          "-object",
          "memory-backend-file,id=ram,share=on,size=" + mib + ",mem-path=" + path(memory_fd),
          "-device",
          "isa-debug-exit,iobase=0xf4,iosize=4",
          "-bios",
          path(firmware_fd)};
}

// Starts QEMU with both output streams in `log_fd`; it dies with this process.
pid_t start(std::vector<std::string> arguments, int log_fd) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child != 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  const int null = open("/dev/null", O_RDONLY);
  dup2(null, 0);
  dup2(log_fd, 1);
  dup2(log_fd, 2);
  execvp(argv[0], argv.data());
  _exit(127);
}

// Waits for the child; kills it when the time is up. Returns its wait status, or nothing.
std::expected<int, std::string> wait_or_kill(pid_t child, std::chrono::seconds timeout) {
  const Descriptor handle(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
  int status = 0;
  bool late = false;
  if (handle.get() >= 0) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    pollfd wanted{handle.get(), POLLIN, 0};
    int ready = -1;
    do {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - std::chrono::steady_clock::now());
      ready = poll(&wanted, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    } while (ready < 0 && errno == EINTR);
    late = ready <= 0;
  }
  const std::string why = handle.get() < 0
                              ? system_error("pidfd_open")
                              : "no end after " + std::to_string(timeout.count()) + " s; killed";
  if (late || handle.get() < 0) kill(child, SIGKILL);
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (late || handle.get() < 0) return std::unexpected(why);
  return status;
}

std::string first_line(int log_fd) {
  std::array<char, 300> text{};
  const ssize_t size = pread(log_fd, text.data(), text.size() - 1, 0);
  if (size <= 0) return "no output";
  const std::string all(text.data(), static_cast<std::size_t>(size));
  return all.substr(0, all.find('\n'));
}

class QemuMachine : public Machine {
 public:
  QemuMachine() : Machine("qemu") {}

 protected:
  std::expected<void, std::string> execute(Guest& guest) override {
    const Descriptor firmware(memory_file("quintet-mmu-firmware", reset_rom()));
    const Descriptor log(memory_file("quintet-mmu-log", {}));
    if (firmware.get() < 0 || log.get() < 0) return std::unexpected(system_error("memfd_create"));
    const pid_t child = start(command_line(guest.fd(), firmware.get()), log.get());
    if (child < 0) return std::unexpected(system_error("fork"));
    const auto status = wait_or_kill(child, timeout);
    if (!status) return std::unexpected(status.error());
    if (WIFEXITED(*status) && WEXITSTATUS(*status) == kGuestDone &&
        guest.word(kHeaderAddress) != 0) {
      return {};
    }
    if (WIFSIGNALED(*status)) {
      return std::unexpected("died of signal " + std::to_string(WTERMSIG(*status)) + ": " +
                             first_line(log.get()));
    }
    if (WEXITSTATUS(*status) == 0) return std::unexpected("the guest reset (triple fault)");
    return std::unexpected("exit status " + std::to_string(WEXITSTATUS(*status)) + ": " +
                           first_line(log.get()));
  }

  /// QEMU's CPU says that it is made by AMD, but ignores bit 8 of PML4 entries as Intel does.
  void correct(Limits& limits) const override { limits.amd_pml4_bit8 = false; }

  /// QEMU 7.2 clears P (bit 0) in the error code of a reserved-bit fault (bit 3); SDM 4.7 says that
  /// P is 1 then.
  void normalise(Answer& answer) const override {
    if (answer.vector == 14 && (answer.code & 8) != 0) answer.code |= 1;
  }
};

bool in_path(const char* program) {
  const char* path = std::getenv("PATH");
  std::string rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    const std::string candidate = rest.substr(0, colon) + "/" + program;
    if (access(candidate.c_str(), X_OK) == 0) return true;
    rest.erase(0, colon + 1);
  }
  return false;
}

}  // namespace

std::expected<std::unique_ptr<Machine>, Missing> open_qemu() {
  if (!in_path(kProgram)) {
    return std::unexpected(std::string("install qemu-system-x86 (") + kProgram +
                           " is not in PATH)");
  }
  return std::make_unique<QemuMachine>();
}

}  // namespace quintet::page_table::mmu
