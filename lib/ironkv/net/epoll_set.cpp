// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include "ironkv/net/socket.hpp"

// Sockets stay armed in the set, so that a request takes no epoll_ctl(2).
namespace quintet::ironkv {
namespace {

constexpr int kMostEvents = 64;

using Watcher = Socket::Watcher;

// What outlives the set as long as there are sockets.
class Epoll {
 public:
  explicit Epoll(SocketSet::Owner* owner)
      : owner_(owner), descriptor_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  }
  ~Epoll() { ::close(descriptor_); }
  Epoll(const Epoll&) = delete;
  Epoll& operator=(const Epoll&) = delete;

  // A ticket for the calls below, or 0: errno says why.
  std::uint64_t add(int descriptor, std::shared_ptr<Watcher> watcher);
  void watch_writing(int descriptor, std::uint64_t ticket, bool is_wanted);
  void remove(int descriptor, std::uint64_t ticket);
  void joined() { ++sockets_; }
  void left() {
    if (--sockets_ == 0 && owner_ != nullptr) owner_->on_empty();
  }
  bool serve(int wait_ms);
  void end() {
    owner_ = nullptr;
    const auto gone = std::exchange(slots_, {});
  }
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  struct Slot {
    std::shared_ptr<Watcher> watcher{};  // none: free
    std::uint32_t use = 0;               // tells events of a former use from those of this one
  };

  static std::uint32_t slot_of(std::uint64_t ticket) { return static_cast<std::uint32_t>(ticket); }
  [[nodiscard]] std::shared_ptr<Watcher> watcher_of(std::uint64_t ticket) const;

  SocketSet::Owner* owner_;
  int descriptor_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::size_t sockets_ = 0;  // watched or not
};

std::uint64_t Epoll::add(int descriptor, std::shared_ptr<Watcher> watcher) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t place = free_.back();
  free_.pop_back();
  Slot& slot = slots_[place];
  slot.watcher = std::move(watcher);
  const std::uint64_t ticket = (std::uint64_t{++slot.use} << 32) | place;
  epoll_event event{.events = EPOLLIN, .data = {.u64 = ticket}};
  if (::epoll_ctl(descriptor_, EPOLL_CTL_ADD, descriptor, &event) != 0) {
    slot.watcher = nullptr;
    free_.push_back(place);
    return 0;
  }
  return ticket;
}

void Epoll::watch_writing(int descriptor, std::uint64_t ticket, bool is_wanted) {
  epoll_event event{.events = EPOLLIN, .data = {.u64 = ticket}};
  if (is_wanted) event.events |= EPOLLOUT;
  ::epoll_ctl(descriptor_, EPOLL_CTL_MOD, descriptor, &event);
}

void Epoll::remove(int descriptor, std::uint64_t ticket) {
  if (!watcher_of(ticket)) return;
  ::epoll_ctl(descriptor_, EPOLL_CTL_DEL, descriptor, nullptr);
  const auto gone = std::exchange(slots_[slot_of(ticket)].watcher, nullptr);
  free_.push_back(slot_of(ticket));
}

std::shared_ptr<Watcher> Epoll::watcher_of(std::uint64_t ticket) const {
  const std::uint32_t place = slot_of(ticket);
  if (place >= slots_.size() || slots_[place].use != ticket >> 32) return nullptr;
  return slots_[place].watcher;
}

bool Epoll::serve(int wait_ms) {
  std::array<epoll_event, kMostEvents> events;
  const int count = ::epoll_wait(descriptor_, events.data(), kMostEvents, wait_ms);
  if (count <= 0) return false;
  for (const epoll_event& event : std::span(events).first(static_cast<std::size_t>(count))) {
    if ((event.events & ~std::uint32_t{EPOLLOUT}) != 0) {
      if (const auto watcher = watcher_of(event.data.u64)) watcher->on_readable();
    }
    if ((event.events & EPOLLOUT) != 0) {
      if (const auto watcher = watcher_of(event.data.u64)) watcher->on_writable();
    }
  }
  return true;
}

class EpollSocket final : public Socket {
 public:
  EpollSocket(std::shared_ptr<Epoll> set, int descriptor)
      : set_(std::move(set)), descriptor_(descriptor), channel_(make_channel(descriptor)) {
    ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
    send_at_once(descriptor);
    set_->joined();
  }
  ~EpollSocket() override {
    set_->remove(descriptor_, ticket_);
    ::close(descriptor_);
    set_->left();
  }
  EpollSocket(const EpollSocket&) = delete;
  EpollSocket& operator=(const EpollSocket&) = delete;

  bool watch(std::shared_ptr<Watcher> watcher) override {
    ticket_ = set_->add(descriptor_, std::move(watcher));
    return ticket_ != 0;
  }
  void watch_writing(bool is_wanted) override {
    set_->watch_writing(descriptor_, ticket_, is_wanted);
  }
  IoResult read(std::span<std::byte> space) override { return channel_->read(space); }
  IoResult write(Bytes bytes) override { return channel_->write(bytes); }
  void acknowledge_now() override { ironkv::acknowledge_now(descriptor_); }
  [[nodiscard]] bool has_pending() const override { return false; }
  [[nodiscard]] bool is_sending() const override { return false; }
  [[nodiscard]] int error() const override { return channel_->error(); }

 private:
  std::shared_ptr<Epoll> set_;
  int descriptor_;
  std::unique_ptr<Channel> channel_;
  std::uint64_t ticket_ = 0;
};

class EpollSet final : public SocketSet {
 public:
  explicit EpollSet(Owner* owner) : epoll_(std::make_shared<Epoll>(owner)) {}
  ~EpollSet() override { epoll_->end(); }
  EpollSet(const EpollSet&) = delete;
  EpollSet& operator=(const EpollSet&) = delete;

  std::unique_ptr<Socket> adopt(int descriptor) override {
    return std::make_unique<EpollSocket>(epoll_, descriptor);
  }
  bool serve(int wait_ms) override { return epoll_->serve(wait_ms); }
  void flush() override {}
  bool before_sleep() override { return true; }
  [[nodiscard]] SocketEngine engine() const override { return SocketEngine::kEpoll; }
  [[nodiscard]] int descriptor() const override { return epoll_->descriptor(); }

 private:
  std::shared_ptr<Epoll> epoll_;
};

}  // namespace

std::unique_ptr<SocketSet> internal::make_epoll_set(SocketSet::Owner* owner) {
  return std::make_unique<EpollSet>(owner);
}

}  // namespace quintet::ironkv
