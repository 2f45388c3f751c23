// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <exception>
#include <expected>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ironkv/net/blocking_client.hpp"
#include "ironkv/test/e2e/server_process.hpp"
#include "ironkv/test/e2e/workload.hpp"

// ironkv-e2e-full-disk: a durable server whose disk is full, at the start and in the middle of
// work. It has to end in order, with a line that names the file, and nothing that was answered may
// be lost once there is space again. The disk is a small tmpfs in a mount namespace of this
// process, which goes away with it.
namespace quintet::ironkv {
namespace {

constexpr int kSkipped = 77;
constexpr std::uint32_t kKeys = 4'000;  // whose values are more than is left of the disk
constexpr std::uint32_t kBatch = 50;

class Disk {
 public:
  // None: it cannot be made here.
  static std::optional<std::string> missing() {
    if (::unshare(CLONE_NEWNS) == 0 &&
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0) {
      return std::nullopt;
    }
    return std::string(std::strerror(errno));
  }
  Disk() {
    path_ = (std::filesystem::temp_directory_path() / "ironkv-disk-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error(path_ + " cannot be made");
  }
  ~Disk() {
    ::umount2(path_.c_str(), MNT_DETACH);
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  // Keeps what is on it, if there is something.
  void resize(std::uint32_t mib) {
    const std::string options = fmt::format("size={}m", mib);
    if (::mount("tmpfs", path_.c_str(), "tmpfs", is_mounted_ ? MS_REMOUNT : 0, options.c_str()) !=
        0) {
      throw std::runtime_error(fmt::format("a tmpfs of {} MiB: {}", mib, std::strerror(errno)));
    }
    is_mounted_ = true;
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool is_mounted_ = false;
};

class Trial {
 public:
  explicit Trial(std::string program) : program_(std::move(program)) {}

  // What went wrong; empty if nothing.
  std::string run() {
    disk_.resize(8);
    if (std::string error = refuses_to_start(); !error.empty()) return error;
    disk_.resize(18);
    if (std::string error = load_until_full(); !error.empty()) return error;
    if (std::string error = still_full(); !error.empty()) return error;
    disk_.resize(64);
    return is_all_there();
  }

 private:
  std::expected<ServerProcess, std::string> start() {
    if (port_ == 0) port_ = free_port();  // its name, too: the folder is of no other
    return ServerProcess::start(
        {program_, "--cluster", "1", "--port", std::to_string(port_), "--durability", "always",
         "--journal-mib", "16", "--data", disk_.path() + "/data"},
        log_.path() + "/server");
  }

  std::expected<BlockingClient, std::string> connect(std::chrono::milliseconds timeout) const {
    const std::string name = fmt::format("127.0.0.1:{}", port_);
    const auto key = std::as_bytes(std::span(name));
    ClientSettings settings;
    settings.servers.push_back({"127.0.0.1", port_, {key.begin(), key.end()}});
    return BlockingClient::create(settings, {.timeout = timeout});
  }

  std::string refuses_to_start() {
    auto server = start();
    if (server) return "a server has started on 8 MiB with a journal of 16";
    fmt::print("no space at the start: {}", server.error());
    return wrong_end(server.error(), 2,
                     "data/server1/journal: the disk has no room for a journal of 16 MiB");
  }

  // Of a server that has ended: what its last line and its status should have been.
  static std::string wrong_end(const std::string& said, int status, const std::string& file) {
    if (said.find(fmt::format("(status {})", status)) == std::string::npos) {
      return fmt::format("not status {}: {}", status, said);
    }
    return said.find(file) == std::string::npos ? fmt::format("no word of {}: {}", file, said) : "";
  }

  // One after the other, all keys again and again; a batch is not answered when the server is gone.
  std::string set_until_it_ends(ServerProcess& server) {
    auto client = connect(std::chrono::seconds(2));
    if (!client) return client.error();
    for (Key next = 0; server.is_running(); next = (next + kBatch) % kKeys) {
      if (++batches_ > 20'000) return "the disk does not get full";
      std::vector<std::vector<std::byte>> values;
      for (std::uint32_t i = 0; i < kBatch; ++i) {
        values.push_back(numbered_value(++numbers_, 1023));
        tried_[next + i].insert(numbers_);
      }
      std::vector<std::pair<Key, Bytes>> pairs;
      for (std::uint32_t i = 0; i < kBatch; ++i) pairs.emplace_back(next + i, values[i]);
      if (!client->multi_set(pairs)) continue;
      for (std::uint32_t i = 0; i < kBatch; ++i) {
        // It and what was tried later may be there, and nothing before.
        std::set<std::uint64_t>& tried = tried_[next + i];
        tried.erase(tried.begin(), tried.find(numbers_ - kBatch + 1 + i));
        answered_.insert(next + i);
      }
    }
    const std::string said = server.ending();
    fmt::print("no space in the middle of work: {}", said);
    return wrong_end(said, 1, "data/server1/");
  }

  std::string load_until_full() {
    auto server = start();
    if (!server) return server.error();
    if (std::string error = set_until_it_ends(*server); !error.empty()) return error;
    return answered_.empty() ? "nothing was answered" : "";
  }

  // Started again, it ends again before it answers a Set, or refuses to start.
  std::string still_full() {
    auto server = start();
    if (!server) return wrong_end(server.error(), 2, "data/server1/");
    return set_until_it_ends(*server);
  }

  std::string is_all_there() {
    auto server = start();
    if (!server) return server.error();
    auto client = connect(std::chrono::seconds(30));
    if (!client) return client.error();
    for (Key key = 0; key < kKeys; ++key) {
      const auto value = client->get(key);
      if (!value) return value.error().text;
      std::optional<std::uint64_t> number;
      if (*value) number = number_of_value(**value);
      const bool is_good =
          number ? tried_[key].contains(*number) : !*value && !answered_.contains(key);
      if (!is_good) {
        return fmt::format("key {} has {} instead of {} or later", key, number.value_or(0),
                           tried_[key].empty() ? 0 : *tried_[key].begin());
      }
    }
    const auto done = client->set(1, numbered_value(1, 1023));
    if (!done) return done.error().text;
    fmt::print("with space again: {} keys are what was answered, after {} values\n",
               answered_.size(), numbers_);
    return server->stop() == 0 ? "" : "it did not end in order";
  }

  struct LogFolder {
    LogFolder() {
      name = (std::filesystem::temp_directory_path() / "ironkv-e2e-XXXXXX").string();
      if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error(name + " cannot be made");
    }
    ~LogFolder() {
      std::error_code ignored;
      std::filesystem::remove_all(name, ignored);
    }
    LogFolder(const LogFolder&) = delete;
    LogFolder& operator=(const LogFolder&) = delete;
    [[nodiscard]] const std::string& path() const { return name; }
    std::string name;
  };

  std::string program_;
  Disk disk_;
  LogFolder log_;
  std::uint16_t port_ = 0;
  std::map<Key, std::set<std::uint64_t>> tried_;  // what a key may have
  std::set<Key> answered_;
  std::uint64_t numbers_ = 0;
  std::uint64_t batches_ = 0;
};

}  // namespace
}  // namespace quintet::ironkv

int main(int count, char** arguments) {
  using namespace quintet::ironkv;
  std::string program;
  CLI::App app("Fills the disk of a durable server", "ironkv-e2e-full-disk");
  app.add_option("server", program, "The program ironkv-server")->required();
  CLI11_PARSE(app, count, arguments);
  try {
    if (const auto missing = Disk::missing()) {
      fmt::print("SKIP: a mount namespace is needed, so root is: {}\n", *missing);
      return kSkipped;
    }
    const std::string error = Trial(program).run();
    if (error.empty()) return 0;
    fmt::print("FAILED: {}\n", error);
  } catch (const std::exception& error) {
    fmt::print("FAILED: {}\n", error.what());
  }
  return 1;
}
