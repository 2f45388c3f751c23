// SPDX-License-Identifier: MIT
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string>

#include "ironkv/net/server.hpp"
#include "ironkv/net/socket.hpp"
#include "ironkv/test/net/cluster.hpp"
#include "testing/catch.hpp"

// Where io_uring is forbidden, as in many containers.
namespace quintet::ironkv {
namespace {

// For this process, from now on.
bool forbid_io_uring() {
  constexpr auto kNumberAt = static_cast<std::uint32_t>(offsetof(seccomp_data, nr));
  std::array<sock_filter, 4> code{{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kNumberAt),
                                   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
                                   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                                   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
  const sock_fprog program{.len = code.size(), .filter = code.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// What `check` returns in a process without io_uring.
template <class Check>
bool holds_without_io_uring(Check check) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(forbid_io_uring() && check() ? 0 : 1);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_CASE("socket engine: epoll where io_uring is forbidden") {
  CHECK(holds_without_io_uring([] {
    const auto set = make_socket_set(SocketEngine::kAuto);
    return set && (*set)->engine() == SocketEngine::kEpoll;
  }));
}

TEST_CASE("socket engine: who insists on io_uring is told what is missing") {
  CHECK(holds_without_io_uring([] {
    const auto server =
        Server::create({.servers = cluster_of(1), .sockets = SocketEngine::kIoUring});
    return !server && server.error() ==
                          "no io_uring here: Operation not permitted; it takes Linux 6.1, and a "
                          "container that allows it: use epoll";
  }));
}

}  // namespace
}  // namespace quintet::ironkv
