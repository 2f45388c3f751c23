// SPDX-License-Identifier: MIT
#include "testing/tcp_proxy.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <span>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "testing/random.hpp"

namespace quintet::testing {
namespace {

constexpr std::size_t kPieceBytes = 4096;
constexpr std::uint64_t kNever = ~std::uint64_t{0};

std::uint64_t now_us() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

Descriptor checked(int number, const char* what) {
  if (number < 0) throw std::system_error(errno, std::generic_category(), what);
  return Descriptor(number);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void set_option(int socket, int level, int option, const auto& value) {
  ::setsockopt(socket, level, option, &value, sizeof(value));
}

void prepare(int socket) {
  ::fcntl(socket, F_SETFL, O_NONBLOCK);
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
}

// One direction of a connection: a piece at a time.
struct Pump {
  int from;
  int to;
  Random random;
  std::vector<std::byte> piece{};
  std::size_t sent = 0;
  std::uint64_t release_at = 0;
  bool is_dribbling = false;
  bool resets_after_piece = false;
  bool has_ended = false;   // nothing more comes
  bool has_passed = false;  // and the other side knows

  [[nodiscard]] bool is_empty() const { return sent == piece.size(); }
};

struct Link {
  Descriptor client;
  Descriptor server;
  std::array<Pump, 2> pumps;
  bool is_closed = false;
};

}  // namespace

class TcpProxy::Impl {
 public:
  Impl(std::uint16_t target, std::uint64_t seed, ProxyFaults faults)
      : listener_(checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
                          "a socket of the proxy")),
        wake_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "an event of the proxy")),
        seed_(seed),
        faults_(faults),
        target_(target) {
    sockaddr_in address = loopback(0);
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    if (::bind(listener_.get(), raw, size) != 0 || ::listen(listener_.get(), 1024) != 0 ||
        ::getsockname(listener_.get(), raw, &size) != 0) {
      throw std::system_error(errno, std::generic_category(), "a port for the proxy");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t told = ::write(wake_.get(), &one, sizeof(one));
    thread_.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  void set_faults(const ProxyFaults& faults) {
    const std::lock_guard lock(mutex_);
    faults_ = faults;
  }
  void set_target(std::uint16_t port) {
    const std::lock_guard lock(mutex_);
    target_ = port;
  }
  [[nodiscard]] ProxyCounters counters() const {
    const std::lock_guard lock(mutex_);
    return counters_;
  }

 private:
  void run() {
    std::vector<pollfd> polls;
    for (;;) {
      const std::uint64_t wait_until = gather(polls);
      const std::uint64_t now = now_us();
      const std::uint64_t wait = wait_until > now ? wait_until - now : 0;
      const int wait_ms = static_cast<int>(std::min<std::uint64_t>((wait + 999) / 1000, 60'000));
      ::poll(polls.data(), polls.size(), wait_ms);
      const std::lock_guard lock(mutex_);
      if (is_stopping_) return;
      if ((polls[1].revents & POLLIN) != 0) accept_all();
      for (Link& link : links_) serve(link);
      std::erase_if(links_, [](const Link& link) { return link.is_closed; });
    }
  }

  // What to wait for, and until when at most.
  std::uint64_t gather(std::vector<pollfd>& polls) const {
    polls.assign({pollfd{wake_.get(), POLLIN, 0}, pollfd{listener_.get(), POLLIN, 0}});
    std::uint64_t until = kNever;
    const std::uint64_t now = now_us();
    for (const Link& link : links_) {
      for (const Pump& pump : link.pumps) {
        if (!pump.is_empty() && pump.release_at > now) {
          until = std::min(until, pump.release_at);
        } else if (!pump.is_empty()) {
          polls.push_back({pump.to, POLLOUT, 0});
        } else if (!pump.has_ended) {
          polls.push_back({pump.from, POLLIN, 0});
        }
      }
    }
    return until;
  }

  void accept_all() {
    for (;;) {
      Descriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (client.get() < 0) return;
      ++counters_.connections;
      Descriptor server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      const sockaddr_in address = loopback(target_);
      if (::connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
          0) {
        ++counters_.unreachable;
        continue;
      }
      prepare(client.get());
      prepare(server.get());
      const std::uint64_t seed = seed_ + 2 * counters_.connections;
      const int a = client.get();
      const int b = server.get();
      links_.push_back({std::move(client),
                        std::move(server),
                        {Pump{a, b, Random(seed)}, Pump{b, a, Random(seed + 1)}}});
    }
  }

  void serve(Link& link) {
    for (Pump& pump : link.pumps) {
      if (link.is_closed) return;
      if (pump.is_empty() && !pump.has_ended) take(link, pump);
      if (link.is_closed) return;
      if (!pump.is_empty() && pump.release_at <= now_us()) pass(link, pump);
    }
    link.is_closed = link.is_closed || (link.pumps[0].has_passed && link.pumps[1].has_passed);
  }

  void take(Link& link, Pump& pump) {
    pump.piece.resize(kPieceBytes);
    const ssize_t got = ::recv(pump.from, pump.piece.data(), pump.piece.size(), 0);
    const bool would_wait = got < 0 && (errno == EAGAIN || errno == EINTR);
    pump.piece.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    pump.sent = 0;
    if (got > 0) return treat(pump);
    if (would_wait) return;
    if (got < 0) return reset(link);
    pump.has_ended = true;
    ::shutdown(pump.to, SHUT_WR);
    pump.has_passed = true;
  }

  void treat(Pump& pump) {
    ++counters_.pieces;
    counters_.bytes += pump.piece.size();
    pump.release_at = 0;
    pump.is_dribbling = false;
    std::uint32_t roll = pump.random.below(1000);
    const auto hits = [&](std::uint32_t permille) {
      if (roll < permille) return true;
      roll -= permille;
      return false;
    };
    if (hits(faults_.resets)) {
      ++counters_.resets;
      pump.piece.resize(pump.random.below(static_cast<std::uint32_t>(pump.piece.size())) + 1);
      pump.resets_after_piece = true;
    } else if (hits(faults_.stalls)) {
      ++counters_.stalls;
      pump.release_at = now_us() + faults_.stall_us;
    } else if (hits(faults_.delays)) {
      ++counters_.delays;
      pump.release_at = now_us() + pump.random.below(std::max(faults_.delay_most_us, 1U));
    } else if (hits(faults_.dribbles)) {
      ++counters_.dribbles;
      pump.is_dribbling = true;
    }
  }

  void pass(Link& link, Pump& pump) {
    const std::size_t left = pump.piece.size() - pump.sent;
    const ssize_t put =
        ::send(pump.to, pump.piece.data() + pump.sent, pump.is_dribbling ? 1 : left, MSG_NOSIGNAL);
    if (put < 0) {
      if (errno != EAGAIN && errno != EINTR) reset(link);
      return;
    }
    pump.sent += static_cast<std::size_t>(put);
    if (pump.is_empty() && pump.resets_after_piece) reset(link);
  }

  static void reset(Link& link) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    set_option(link.client.get(), SOL_SOCKET, SO_LINGER, at_once);
    set_option(link.server.get(), SOL_SOCKET, SO_LINGER, at_once);
    link.is_closed = true;
  }

  Descriptor listener_;
  Descriptor wake_;
  const std::uint64_t seed_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;  // what follows, but for the links, which are the thread's
  ProxyFaults faults_;
  std::uint16_t target_;
  ProxyCounters counters_;
  bool is_stopping_ = false;
  std::vector<Link> links_;
  std::thread thread_;
};

TcpProxy::TcpProxy(std::uint16_t target_port, std::uint64_t seed, ProxyFaults faults)
    : impl_(std::make_unique<Impl>(target_port, seed, faults)) {}
TcpProxy::~TcpProxy() = default;
std::uint16_t TcpProxy::port() const { return impl_->port(); }
void TcpProxy::set_faults(const ProxyFaults& faults) { impl_->set_faults(faults); }
void TcpProxy::set_target(std::uint16_t port) { impl_->set_target(port); }
ProxyCounters TcpProxy::counters() const { return impl_->counters(); }

}  // namespace quintet::testing
