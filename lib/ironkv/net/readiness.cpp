// SPDX-License-Identifier: MIT
#include "ironkv/net/readiness.hpp"

#include <sys/epoll.h>

#include <array>
#include <span>
#include <utility>

namespace quintet::ironkv {
namespace {

constexpr int kMostEvents = 64;
// In a row, before timers and what else the loop has get their turn.
constexpr int kMostRounds = 4;

std::uint32_t slot_of(std::uint64_t ticket) { return static_cast<std::uint32_t>(ticket); }

}  // namespace

asio::execution_context::id Readiness::id;

Readiness::Readiness(asio::execution_context& loop)
    : service(loop), set_(static_cast<asio::io_context&>(loop), ::epoll_create1(EPOLL_CLOEXEC)) {}

Readiness::~Readiness() = default;

void Readiness::shutdown() {
  error_code ignored;
  set_.close(ignored);
  const auto gone = std::exchange(slots_, {});  // what ends with it may still call remove()
}

std::uint64_t Readiness::add(int descriptor, std::shared_ptr<Watcher> watcher) {
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
  if (::epoll_ctl(set_.native_handle(), EPOLL_CTL_ADD, descriptor, &event) != 0) {
    slot.watcher = nullptr;
    free_.push_back(place);
    return 0;
  }
  ++watched_;
  arm();
  return ticket;
}

void Readiness::watch_writing(int descriptor, std::uint64_t ticket, bool is_wanted) {
  epoll_event event{.events = EPOLLIN, .data = {.u64 = ticket}};
  if (is_wanted) event.events |= EPOLLOUT;
  ::epoll_ctl(set_.native_handle(), EPOLL_CTL_MOD, descriptor, &event);
}

void Readiness::remove(int descriptor, std::uint64_t ticket) {
  if (!watcher_of(ticket)) return;
  ::epoll_ctl(set_.native_handle(), EPOLL_CTL_DEL, descriptor, nullptr);
  slots_[slot_of(ticket)].watcher = nullptr;
  free_.push_back(slot_of(ticket));
  error_code ignored;
  if (--watched_ == 0) set_.cancel(ignored);
}

std::shared_ptr<Readiness::Watcher> Readiness::watcher_of(std::uint64_t ticket) const {
  const std::uint32_t place = slot_of(ticket);
  if (place >= slots_.size() || slots_[place].use != ticket >> 32) return nullptr;
  return slots_[place].watcher;
}

void Readiness::arm() {
  if (is_armed_ || watched_ == 0) return;
  is_armed_ = true;
  set_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const error_code& error) {
    is_armed_ = false;
    if (!error) serve();
    arm();
  });
}

bool Readiness::serve() {
  std::array<epoll_event, kMostEvents> events;
  for (int round = 0; round < kMostRounds; ++round) {
    const int count = ::epoll_wait(set_.native_handle(), events.data(), kMostEvents, 0);
    if (count <= 0) return round > 0;
    for (const epoll_event& event : std::span(events).first(static_cast<std::size_t>(count))) {
      if ((event.events & ~std::uint32_t{EPOLLOUT}) != 0) {
        if (const auto watcher = watcher_of(event.data.u64)) watcher->on_readable();
      }
      if ((event.events & EPOLLOUT) != 0) {
        if (const auto watcher = watcher_of(event.data.u64)) watcher->on_writable();
      }
    }
  }
  return true;
}

}  // namespace quintet::ironkv
