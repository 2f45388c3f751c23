// SPDX-License-Identifier: MIT
#include "ironkv/net/ring.hpp"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "platform/clock.hpp"

namespace quintet::ironkv {
namespace {

constexpr unsigned kSubmissions = 256;
constexpr unsigned kCompletions = 4096;
constexpr int kMostTold = 256;  // by one call of serve()
// What is written waits for the rest of its turn, so that one call sends all, but no longer than
// this: else those who wait for it have nothing to do while we work, and then we while they do.
// Chosen by ironkv/get/quintet_tls, whose turns are long, and by ironkv/get/quintet, whose turns
// of ten clients are shorter and better sent as a whole.
constexpr std::int64_t kLongestWaitNs = 15'000;
// What a completion is of: the line, and in the lowest bit which of its two requests.
constexpr std::uint64_t kSendBit = 1;

}  // namespace

int Ring::make() {
  io_uring_params wanted{};
  wanted.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                 IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
  wanted.cq_entries = kCompletions;
  if (const int error = io_uring_queue_init_params(kSubmissions, &ring_, &wanted); error != 0) {
    return -error;
  }
  is_made_ = true;
  if (const int error = buffers_.register_with(ring_)) return error;
  event_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event_ < 0) return errno;
  if (const int error = io_uring_register_eventfd(&ring_, event_); error != 0) return -error;
  io_uring_cq_eventfd_toggle(&ring_, false);
  io_uring_register_ring_fd(&ring_);  // a little cheaper; in vain is no harm
  return 0;
}

io_uring_sqe& Ring::next_submission() {
  io_uring_sqe* entry = io_uring_get_sqe(&ring_);
  while (entry == nullptr) {  // full
    io_uring_submit(&ring_);
    entry = io_uring_get_sqe(&ring_);
  }
  return *entry;
}

Line& Ring::add(int descriptor) {
  auto line = std::make_unique<Line>();
  line->descriptor = descriptor;
  line->place = lines_.size();
  lines_.push_back(std::move(line));
  ++sockets_;
  return *lines_.back();
}

void Ring::receive(Line& line) {
  io_uring_sqe& entry = next_submission();
  io_uring_prep_recv_multishot(&entry, line.descriptor, nullptr, 0, 0);
  entry.flags |= IOSQE_BUFFER_SELECT;
  entry.buf_group = RingBuffers::kGroup;
  io_uring_sqe_set_data(&entry, &line);
  line.is_receiving = true;
  written();
}

void Ring::send(Line& line) {
  io_uring_sqe& entry = next_submission();
  io_uring_prep_send(&entry, line.descriptor, line.sending.data() + line.sent,
                     line.sending.size() - line.sent, MSG_NOSIGNAL | MSG_WAITALL);
  io_uring_sqe_set_data64(&entry, reinterpret_cast<std::uint64_t>(&line) | kSendBit);
  line.is_sending = true;
  written();
}

// Requests that name the descriptor leave before it is closed, as it may soon be another's; those
// that wait end with the connection.
void Ring::remove(Line& line) {
  const auto gone = std::exchange(line.watcher, nullptr);
  if (io_uring_sq_ready(&ring_) > 0) flush();
  ::shutdown(line.descriptor, SHUT_RDWR);
  ::close(std::exchange(line.descriptor, -1));
  line.arrived = {};
  bury(line);
  if (--sockets_ == 0 && owner_ != nullptr) owner_->on_empty();
}

void Ring::end() {
  owner_ = nullptr;
  std::vector<std::shared_ptr<Socket::Watcher>> gone;
  for (const auto& line : lines_) gone.push_back(std::exchange(line->watcher, nullptr));
}

void Ring::clear_dead() {
  for (Line* const line : std::exchange(dead_, {})) {
    lines_.back()->place = line->place;
    std::swap(lines_[line->place], lines_.back());
    lines_.pop_back();
  }
}

// Whether a look into the memory that is shared with the kernel says that something is there.
bool Ring::has_work() const {
  constexpr unsigned kSomething = IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW;
  return io_uring_cq_ready(&ring_) > 0 || io_uring_sq_ready(&ring_) > 0 ||
         (__atomic_load_n(ring_.sq.kflags, __ATOMIC_RELAXED) & kSomething) != 0;
}

void Ring::wait(int wait_ms) {
  if (wait_ms == 0) {
    io_uring_submit_and_get_events(&ring_);
  } else if (wait_ms < 0) {
    io_uring_submit_and_wait(&ring_, 1);
  } else {
    __kernel_timespec time{.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1'000'000LL};
    io_uring_cqe* first = nullptr;
    io_uring_submit_and_wait_timeout(&ring_, &first, 1, &time, nullptr);
  }
}

bool Ring::before_sleep() {
  io_uring_cq_eventfd_toggle(&ring_, true);
  is_signalled_ = true;
  return !has_work();
}

bool Ring::serve(int wait_ms) {
  if (std::exchange(is_signalled_, false)) {
    io_uring_cq_eventfd_toggle(&ring_, false);
    eventfd_t ignored = 0;
    ::eventfd_read(event_, &ignored);
  }
  if (wait_ms == 0 && !has_work()) return false;
  wait(wait_ms);
  is_serving_ = true;
  std::int64_t sent_at = platform::now_ns();
  int told = 0;
  io_uring_cqe* completion = nullptr;
  while (told < kMostTold && io_uring_peek_cqe(&ring_, &completion) == 0) {
    const std::uint64_t of = completion->user_data;
    const int result = completion->res;
    const std::uint32_t flags = completion->flags;
    io_uring_cqe_seen(&ring_, completion);
    ++told;
    Line& line = *reinterpret_cast<Line*>(of & ~kSendBit);
    if ((of & kSendBit) != 0) {
      on_sent(line, result);
    } else {
      on_received(line, result, flags);
    }
    if (io_uring_sq_ready(&ring_) == 0) continue;
    if (const std::int64_t now = platform::now_ns(); now - sent_at >= kLongestWaitNs) {
      flush();
      sent_at = now;
    }
  }
  clear_dead();
  is_serving_ = false;
  return told > 0;
}

void Ring::on_received(Line& line, int result, std::uint32_t flags) {
  if ((flags & IORING_CQE_F_MORE) == 0) line.is_receiving = false;
  if (result <= 0 && result != -ENOBUFS) {
    line.has_ended = true;
    line.error = -result;
  }
  const auto buffer = static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT);
  if (result != -ENOBUFS) {
    const auto bytes = static_cast<std::size_t>(std::max(result, 0));
    tell_arrived(line, bytes > 0 ? buffers_.used(buffer, bytes) : Bytes());
  }
  if ((flags & IORING_CQE_F_BUFFER) != 0) buffers_.give_back(buffer);
  if (line.descriptor < 0) {
    bury(line);
  } else if (!line.is_receiving && !line.has_ended) {
    receive(line);
  }
}

void Ring::tell_arrived(Line& line, Bytes bytes) {
  const auto watcher = line.watcher;
  if (!watcher) return;
  if (line.kept.empty()) {
    line.arrived = bytes;
  } else {
    line.kept.insert(line.kept.end(), bytes.begin(), bytes.end());
  }
  watcher->on_readable();
  line.kept.insert(line.kept.end(), line.arrived.begin(), line.arrived.end());
  line.arrived = {};
}

void Ring::on_sent(Line& line, int result) {
  line.is_sending = false;
  if (result > 0) line.sent += static_cast<std::size_t>(result);
  if (line.descriptor < 0) return bury(line);
  const auto watcher = line.watcher;
  if (result <= 0) {
    line.error = result == 0 ? EPIPE : -result;
    line.has_ended = true;
    if (watcher) watcher->on_readable();
  } else if (line.sent < line.sending.size()) {
    send(line);
  } else if (line.wants_to_write && watcher) {
    watcher->on_writable();
  }
}

}  // namespace quintet::ironkv
