// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "baselines/ironfleet/socket.hpp"
#include "ironkv/net/blocking_client.hpp"
#include "ironkv/test/collecting_sinks.hpp"
#include "ironkv/test/net/raw_socket.hpp"
#include "testing/catch.hpp"

// The program ironfleet-host, seen from outside.
namespace quintet::baselines::ironfleet {
namespace {

using ironkv::bytes_of;
using ironkv::ServerAddress;

// A process whose standard output and error this test reads.
class Program {
 public:
  explicit Program(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), QT_IRONFLEET_HOST);
    std::vector<char*> texts;
    for (std::string& argument : arguments) texts.push_back(argument.data());
    texts.push_back(nullptr);
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    REQUIRE(::posix_spawn(&id_, texts[0], &actions, nullptr, texts.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    output_ = ends[0];
  }
  ~Program() {
    if (id_ > 0) ::kill(id_, SIGKILL);
    if (id_ > 0) ::waitpid(id_, nullptr, 0);
    ::close(output_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Until the end of a line, or of the program.
  std::string line() {
    std::string text;
    char one = 0;
    while (::read(output_, &one, 1) == 1 && one != '\n') text += one;
    return text;
  }
  void terminate() const { ::kill(id_, SIGTERM); }
  // -1: ended by a signal.
  int status() {
    int status = 0;
    REQUIRE(::waitpid(std::exchange(id_, 0), &status, 0) > 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t id_ = 0;
  int output_ = -1;
};

// Three of them, on ports that were free a moment ago.
class Fleet {
 public:
  explicit Fleet(const std::vector<std::string>& flags = {}) {
    std::vector<Socket> taken;
    std::string list;
    for (int i = 0; i < 3; ++i) {
      auto socket = Socket::listen({"127.0.0.1", 0, {}});
      REQUIRE(socket.has_value());
      const std::string name = "127.0.0.1:" + std::to_string(socket->port());
      servers.push_back({"127.0.0.1", socket->port(), ironkv::end_point(name)});
      list += (i == 0 ? "" : ",") + name;
      taken.push_back(std::move(*socket));
    }
    taken.clear();
    for (int i = 0; i < 3; ++i) {
      std::vector<std::string> arguments{"--servers", list, "--me", std::to_string(i)};
      arguments.insert(arguments.end(), flags.begin(), flags.end());
      programs.push_back(std::make_unique<Program>(arguments));
    }
    for (const auto& program : programs) REQUIRE(program->line() == "[[READY]]");
  }
  [[nodiscard]] ironkv::BlockingClient client() const {
    return ironkv::BlockingClient::create({.servers = servers},
                                          {.timeout = std::chrono::seconds(30)})
        .value();
  }

  std::vector<ServerAddress> servers;
  std::vector<std::unique_ptr<Program>> programs;
};

TEST_CASE("three ironfleet-hosts serve our client and end at once with status 0") {
  Fleet fleet;
  {
    auto client = fleet.client();
    for (Key key = 0; key < 100; ++key) {
      REQUIRE(client.set(key, bytes_of("value " + std::to_string(key))).has_value());
    }
    for (Key key = 0; key < 100; ++key) {
      const auto value = client.get(key);
      REQUIRE(value.has_value());
      REQUIRE(*value == ironkv::end_point("value " + std::to_string(key)));
    }
    REQUIRE(client.erase(7).has_value());
    CHECK(client.get(7).value() == std::nullopt);
    // A range moves from host to host; the client is sent after it.
    REQUIRE(client.shard(0, KeyRange::between(20, 40), 2).has_value());
    CHECK(client.get(30).value() == ironkv::end_point("value 30"));
    REQUIRE(client.set(30, bytes_of("moved")).has_value());
    CHECK(client.get(30).value() == ironkv::end_point("moved"));
    CHECK(client.get(40).value() == ironkv::end_point("value 40"));
  }
  for (const auto& program : fleet.programs) program->terminate();
  for (const auto& program : fleet.programs) CHECK(program->status() == 0);
}

TEST_CASE("an ironfleet-host with the reference's ways of sending serves as well") {
  Fleet fleet({"--nagle", "--split-frames"});
  auto client = fleet.client();
  REQUIRE(client.set(1, bytes_of("one")).has_value());
  CHECK(client.get(1).value() == ironkv::end_point("one"));
}

TEST_CASE("an ironfleet-host drops what it does not know without an acknowledgement") {
  Fleet fleet;
  ironkv::RawSocket socket(fleet.servers[0].port);
  REQUIRE(socket.send_frame(bytes_of("somebody")));
  REQUIRE(socket.send_frame(ironkv::from_hex("10 0100000000000000")));
  REQUIRE(socket.send_frame(bytes_of(
      ironkv::FrameView{.number = 1, .message = {.kind = ironkv::MessageKind::kGet, .key = 7}})));
  // The first thing it says is of the second frame.
  std::array<std::byte, 17> first;
  REQUIRE(::recv(socket.descriptor(), first.data(), first.size(), MSG_WAITALL) == 17);
  CHECK(ironkv::to_hex(first) == "0000000000000009010100000000000000");
}

TEST_CASE("an ironfleet-host names what is wrong with its arguments and ends with status 2") {
  const auto complaint = [](std::vector<std::string> arguments) {
    Program program(std::move(arguments));
    std::string text = program.line();
    CHECK(program.line().empty());
    CHECK(program.status() == 2);
    return text;
  };
  CHECK(complaint({}) == "ironfleet-host: --servers is required; --help shows the arguments");
  CHECK(complaint({"--servers", "nowhere", "--me", "0"}).starts_with("ironfleet-host: 'nowhere'"));
  CHECK(complaint({"--servers", "127.0.0.1:4001", "--me", "1"}) ==
        "ironfleet-host: --me 1: there are 1 servers, name one from 0 to 0");
  const auto socket = Socket::listen({"127.0.0.1", 0, {}});
  const std::string taken = "127.0.0.1:" + std::to_string(socket->port());
  CHECK(complaint({"--servers", taken, "--me", "0"})
            .starts_with("ironfleet-host: cannot listen on " + taken + ": "));
}

}  // namespace
}  // namespace quintet::baselines::ironfleet
