// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/sanitizers.hpp"
#include "ironkv/test/e2e/process_cluster.hpp"
#include "ironkv/test/e2e/workload.hpp"
#include "ironkv/test/net/raw_socket.hpp"
#include "testing/random.hpp"

// ironkv-e2e-garbage: two server processes, strangers that send them garbage as fast as they can,
// and a client that must get right answers meanwhile. Afterwards the servers have given back the
// connections, and hold not much more memory than after the first second.
// Strangers may be anybody but a server; so what they say may be carried out: they have keys of
// their own, and may move ranges.
namespace quintet::ironkv {
namespace {

using Clock = std::chrono::steady_clock;
using testing::Random;

constexpr std::uint32_t kStrangers = 4;  // at each server
constexpr std::size_t kMostKept = 20;    // half-open connections of each
constexpr Key kOwnKeys = 0x5A5A'5A5A'0000'0000;
constexpr std::uint32_t kOwnKeyCount = 50;
// What a server may grow by: buffers of connections at their largest, what strangers' few good
// frames set, and what malloc keeps. AddressSanitizer keeps what is freed.
constexpr std::uint64_t kMostGrowth = std::uint64_t{QT_ASAN != 0 ? 512 : 2} << 20;

struct Sent {
  std::atomic<std::uint64_t> connections = 0, frames = 0, bytes = 0;
};

std::vector<std::byte> random_bytes(Random& random, std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.next() >> 56);
  return bytes;
}

// A frame as a client sends it; with numbers that are often right.
std::vector<std::byte> good_frame(Random& random, const std::vector<EndPoint>& servers) {
  using internal::append_bytes;
  using internal::append_number;
  const auto byte = [](std::uint32_t value) { return static_cast<std::byte>(value); };
  std::vector<std::byte> frame{byte(random.below(20) == 0 ? 1 : 0)};
  append_number(frame, 1 + random.below(4));
  if (frame[0] == std::byte{1}) return frame;
  append_bytes(frame, servers[0]);
  const std::uint32_t kind = random.below(6);
  frame.push_back(byte(kind));
  const Key low = random.below(1'000);
  if (kind < 4) {
    append_number(frame, low);
    if (kind == 0) return frame;
    if (kind == 3) {
      append_bytes(frame, servers[1]);
      return frame;
    }
    frame.push_back(byte(1));
    append_bytes(frame, numbered_value(random.next(), 8 + random.below(40)));
    return frame;
  }
  internal::append_bound(frame, KeyBound<Key>::at(low));
  internal::append_bound(frame, KeyBound<Key>::at(low + random.below(100)));
  if (kind == 4) {
    append_bytes(frame, servers[random.below(2)]);
    return frame;
  }
  append_number(frame, 1);
  append_number(frame, low);
  append_bytes(frame, numbered_value(1, 8));
  return frame;
}

// A few bytes changed, cut off or added.
void mutate(Random& random, std::vector<std::byte>& frame) {
  const auto place = [&] { return random.below(static_cast<std::uint32_t>(frame.size())); };
  const std::uint32_t changes = random.below(4);
  for (std::uint32_t i = 0; i < changes; ++i)
    frame[place()] = static_cast<std::byte>(random.next());
  if (random.below(5) == 0) frame.resize(place() + 1);
  if (random.below(5) == 0) frame.push_back(std::byte{0});
}

class Stranger {
 public:
  Stranger(std::uint16_t port, const std::vector<EndPoint>& servers, std::uint64_t seed, Sent& sent)
      : port_(port), servers_(servers), random_(seed), sent_(sent) {}

  void run(const std::atomic<bool>& is_over) {
    while (!is_over) {
      auto made = std::make_unique<RawSocket>(port_);
      RawSocket& socket = *made;
      ++sent_.connections;
      if (random_.below(2) == 0) ends_with_reset(socket);
      switch (random_.below(5)) {
        case 0:
          send(socket, random_bytes(random_, 1 + random_.below(60'000)));
          break;
        case 1:
          half_open(socket);
          // Some stay open, until the server has had enough of them.
          if (random_.below(20) == 0) kept_.push_back(std::move(made));
          if (kept_.size() > kMostKept) kept_.pop_front();
          break;
        case 2:
          too_long(socket);
          break;
        default:
          frames(socket, is_over);
      }
    }
  }

 private:
  bool send(RawSocket& socket, const std::vector<std::byte>& bytes) {
    sent_.bytes += bytes.size();
    return socket.send(bytes);
  }
  static void ends_with_reset(const RawSocket& socket) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket.descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  }
  // Some of the eight bytes of a length, or some of a name.
  void half_open(RawSocket& socket) {
    std::array<std::byte, kLengthBytes> length;
    store_be64(length.data(), 32);
    std::vector<std::byte> some(length.begin(), length.end());
    some.resize(1 + random_.below(39), std::byte{5});
    send(socket, some);
  }
  void too_long(RawSocket& socket) {
    if (random_.below(2) == 0) socket.send_frame(random_bytes(random_, 32));
    std::array<std::byte, kLengthBytes> length;
    store_be64(length.data(), random_.next() >> random_.below(43));
    send(socket, {length.begin(), length.end()});
    send(socket, random_bytes(random_, random_.below(5'000)));
  }
  // Answers are not read; so the server may cut it off.
  void frames(RawSocket& socket, const std::atomic<bool>& is_over) {
    if (!socket.send_frame(random_bytes(random_, 32))) return;
    const std::uint32_t count = 1 + random_.below(300);
    for (std::uint32_t i = 0; i < count && !is_over; ++i) {
      std::vector<std::byte> frame = random_.below(4) == 0
                                         ? random_bytes(random_, random_.below(300))
                                         : good_frame(random_, servers_);
      if (!frame.empty() && random_.below(3) != 0) mutate(random_, frame);
      sent_.bytes += frame.size() + kLengthBytes;
      ++sent_.frames;
      if (!socket.send_frame(frame)) return;
    }
  }

  std::uint16_t port_;
  const std::vector<EndPoint>& servers_;
  Random random_;
  Sent& sent_;
  std::deque<std::unique_ptr<RawSocket>> kept_;
};

// The counters of one server.
std::map<std::string, std::uint64_t> counters_of(BlockingClient& client, ServerId server) {
  std::map<std::string, std::uint64_t> counters;
  const auto answer = client.ask(server, {.kind = AdminKind::kStatistics});
  if (!answer) return counters;
  const std::string_view text = answer->text;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    const std::size_t space = std::min(line.find(' '), line.size() - 1);
    std::uint64_t value = 0;
    std::from_chars(line.data() + space + 1, line.data() + line.size(), value);
    counters[std::string(line.substr(0, space))] = value;
    at = end + 1;
  }
  return counters;
}

struct Arguments {
  ClusterSettings cluster{};
  double seconds = 3;
};

class Trial {
 public:
  explicit Trial(const Arguments& arguments) : a_(arguments), random_(arguments.cluster.seed) {}

  // What went wrong; empty if nothing.
  std::string run() {
    auto cluster = ProcessCluster::create(a_.cluster);
    if (!cluster) return cluster.error();
    cluster_ = std::move(*cluster);
    const ClientSettings servers = cluster_->client_settings();
    auto client = BlockingClient::create(servers, {.timeout = std::chrono::seconds(30)});
    if (!client) return client.error();
    client_.emplace(std::move(*client));
    for (const ServerAddress& server : servers.servers) {
      end_points_.push_back(end_point_of_key(server.public_key));
    }
    // Until the servers have spoken with each other, over a connection that stays.
    for (std::uint32_t i = 0; i < kOwnKeyCount || connections() < 4; ++i) {
      if (i % 10 == 0) client_->shard(0, KeyRange::between(i, i + 1), 1);
      if (std::string error = set_and_get(); !error.empty()) return error;
    }
    idle_ = connections();
    idle_peers_ = peers();
    std::string error = under_garbage();
    if (error.empty()) error = afterwards();
    report();
    return error;
  }

 private:
  std::string set_and_get() {
    const Key key = kOwnKeys + random_.below(kOwnKeyCount);
    const std::uint64_t number = ++calls_;
    if (const auto done = client_->set(key, numbered_value(number, random_.below(1023))); !done) {
      return done.error().text;
    }
    written_[key] = number;
    const Key other = kOwnKeys + random_.below(kOwnKeyCount);
    const auto value = client_->get(other);
    if (!value) return value.error().text;
    std::optional<std::uint64_t> found;
    if (*value) found = number_of_value(**value);
    const auto wanted = written_.find(other);
    const bool is_right = wanted == written_.end() ? !value->has_value() : found == wanted->second;
    return is_right ? "" : fmt::format("key {} has not what was set", other);
  }

  std::string under_garbage() {
    std::atomic<bool> is_over = false;
    std::vector<std::jthread> threads;
    for (std::uint32_t i = 0; i < 2 * kStrangers; ++i) {
      threads.emplace_back([&, i] {
        Stranger(cluster_->port(i % 2), end_points_, a_.cluster.seed + i, sent_).run(is_over);
      });
    }
    std::string error;
    const auto began = Clock::now();
    const auto until = began + std::chrono::milliseconds(static_cast<int>(a_.seconds * 1000));
    while (error.empty() && Clock::now() < until) {
      error = set_and_get();
      if (resident_.empty() && Clock::now() > began + std::chrono::seconds(1)) {
        resident_ = residents();
      }
    }
    is_over = true;
    return error;
  }

  std::string afterwards() {
    const auto until = Clock::now() + std::chrono::seconds(30);
    while (connections() > idle_ || peers() > idle_peers_) {
      if (Clock::now() > until) {
        return fmt::format("{} connections and {} names are left", connections() - idle_,
                           peers() - idle_peers_);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    for (std::uint32_t i = 0; i < kOwnKeyCount; ++i) {
      if (std::string error = set_and_get(); !error.empty()) return error;
    }
    const auto resident = residents();
    for (std::size_t i = 0; i < resident.size(); ++i) {
      if (!cluster_->server(i).is_running()) return fmt::format("server {} has ended", i + 1);
      if (resident[i] > resident_[i] + kMostGrowth) {
        return fmt::format("server {} has grown from {} to {} KiB", i + 1, resident_[i] / 1024,
                           resident[i] / 1024);
      }
    }
    const auto few = std::min(total("ironkv_bad_frames_total"), total("ironkv_gaps_total"));
    if (few < 1'000 || total("ironkv_handshakes_late_total") == 0) {
      return "there was hardly any garbage: run it for longer, --seconds";
    }
    return {};
  }

  void report() {
    fmt::print(
        "seed {}: garbage of {} connections, {} frames, {} bytes; {} calls of the client answered "
        "right\n"
        "servers: {} bad frames, {} gaps, {} duplicates, {} late handshakes, {} keys, {} peers "
        "known\n",
        a_.cluster.seed, sent_.connections.load(), sent_.frames.load(), sent_.bytes.load(),
        2 * calls_, total("ironkv_bad_frames_total"), total("ironkv_gaps_total"),
        total("ironkv_duplicates_total"), total("ironkv_handshakes_late_total"),
        total("ironkv_keys"), total("ironkv_peers"));
    const auto now = residents();
    for (std::size_t i = 0; i < resident_.size(); ++i) {
      fmt::print("server {}: {} KiB after the first second, {} KiB at the end\n", i + 1,
                 resident_[i] / 1024, now[i] / 1024);
    }
  }

  std::uint64_t total(const std::string& name) {
    return counters_of(*client_, 0)[name] + counters_of(*client_, 1)[name];
  }
  std::uint64_t connections() { return total("ironkv_connections"); }
  std::uint64_t peers() { return total("ironkv_peers"); }
  std::vector<std::uint64_t> residents() {
    return {cluster_->server(0).resident_bytes(), cluster_->server(1).resident_bytes()};
  }

  const Arguments& a_;
  Random random_;
  std::unique_ptr<ProcessCluster> cluster_;
  std::optional<BlockingClient> client_;
  std::vector<EndPoint> end_points_;
  std::map<Key, std::uint64_t> written_;
  std::uint64_t calls_ = 0;
  std::uint64_t idle_ = 0;  // connections before the garbage
  std::uint64_t idle_peers_ = 0;
  std::vector<std::uint64_t> resident_;
  Sent sent_;
};

}  // namespace
}  // namespace quintet::ironkv

int main(int count, char** arguments) {
  quintet::ironkv::Arguments a;
  CLI::App app("Sends garbage to real servers", "ironkv-e2e-garbage");
  app.add_option("server", a.cluster.server, "The program ironkv-server")->required();
  app.add_option("--seconds", a.seconds, "So long")
      ->envname("QT_IRONKV_E2E_SECONDS")
      ->check(CLI::Range(2, 100'000));
  app.add_option("--seed", a.cluster.seed, "Of all choices")->envname("QT_IRONKV_E2E_SEED");
  CLI11_PARSE(app, count, arguments);
  a.cluster.size = 2;
  // What strangers leave behind is given back soon, so that growth shows what is not.
  a.cluster.flags = {"--handshake-ms",     "1000",  "--idle-identity-seconds", "1",
                     "--max-output-bytes", "262144"};
  try {
    const std::string error = quintet::ironkv::Trial(a).run();
    if (error.empty()) return 0;
    fmt::print("FAILED: {}\n", error);
  } catch (const std::exception& error) {
    fmt::print("FAILED: {}\n", error.what());
  }
  return 1;
}
