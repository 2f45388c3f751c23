// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "ironkv/host.hpp"
#include "ironkv_cases/counted_new.hpp"
#include "ironkv_cases/settings.hpp"
#include "platform/clock.hpp"
#include "support/case.hpp"

// The host alone: requests go in as bytes, answers come out as bytes, and nothing carries them.
// Three hosts as in the figure, of which one has all keys; end points of 32 bytes; keys one after
// the other, as the figure's clients ask for them; the client acknowledges every 64th answer.
// Requests are written beforehand: what is timed is reading, carrying out and answering.
namespace quintet::bench::ironkv_cases {
namespace {

using ironkv::Bytes;
using ironkv::EndPoint;
using ironkv::FrameView;
using ironkv::Host;
using ironkv::Key;
using ironkv::MessageKind;
using ironkv::PeerId;

constexpr std::uint64_t kAckEvery = 64;

// Answers are written to a buffer that is used again and again, as those of a connection are.
class AnswerBuffer {
 public:
  std::byte* frame(PeerId, std::size_t bytes) {
    if (used_ + bytes > buffer_.size()) used_ = 0;
    std::byte* const at = buffer_.data() + used_;
    used_ += bytes;
    return at;
  }
  void ack(PeerId, std::uint64_t) { ++acks_; }
  void executed(PeerId, Bytes) {}
  [[nodiscard]] std::uint64_t acks() const { return acks_; }

 private:
  std::array<std::byte, 64 * 1024> buffer_;
  std::size_t used_ = 0;
  std::uint64_t acks_ = 0;
};

Host make_host() {
  std::vector<EndPoint> hosts;
  for (int i = 0; i < 3; ++i) hosts.emplace_back(32, static_cast<std::byte>(i));
  auto host = Host::create({.hosts = std::move(hosts)});
  if (!host) throw std::logic_error("the host is refused");
  return std::move(*host);
}

// Frames of one client, which are written again with new numbers as they are used.
class Requests {
 public:
  Requests(MessageKind kind, std::size_t value_bytes) : value_(value_bytes, std::byte{7}) {
    frame_.message = {.kind = kind, .has_value = kind == MessageKind::kSet};
    if (kind == MessageKind::kSet) frame_.message.value = value_;
    bytes_.resize(ironkv::frame_bytes(frame_));
    ironkv::write_frame(frame_, bytes_.data());
  }
  // Number and key have fixed places: tag, number, length of no destination, tag, key.
  Bytes next(std::uint64_t number, Key key) {
    ironkv::store_le64(bytes_.data() + 1, number);
    ironkv::store_le64(bytes_.data() + 18, key);
    return bytes_;
  }

 private:
  std::vector<std::byte> value_;
  FrameView frame_{};
  std::vector<std::byte> bytes_;
};

class Client {
 public:
  explicit Client(Host& host) : host_(host), me_(host.peer(EndPoint(32, std::byte{9})).value()) {}

  void ask(Requests& requests, AnswerBuffer& answers) {
    ++number_;
    host_.on_frame(me_, requests.next(number_, number_ % keys()), answers);
    if (number_ % kAckEvery != 0) return;
    std::array<std::byte, ironkv::kAckBytes> ack;
    ironkv::write_ack(number_, ack.data());
    host_.on_frame(me_, ack, answers);
  }

 private:
  Host& host_;
  PeerId me_;
  std::uint64_t number_ = 0;
};

Outcome ask(MessageKind kind, std::size_t value_bytes) {
  Host host = make_host();
  Client client(host);
  AnswerBuffer answers;
  Requests sets(MessageKind::kSet, value_bytes);
  for (std::uint64_t i = 0; i < std::max<std::uint64_t>(keys(), 1'000); ++i) {
    client.ask(sets, answers);
  }
  Requests requests(kind, value_bytes);
  const std::uint64_t allocations_before = allocations();
  const platform::Stopwatch watch;
  for (std::uint64_t i = 0; i < operations(); ++i) client.ask(requests, answers);
  const double seconds = watch.seconds();
  const std::uint64_t allocated = allocations() - allocations_before;
  const auto count = static_cast<double>(operations());
  const auto& counters = host.counters();
  if (counters.gets + counters.sets != answers.acks()) return fail("a request was not carried out");
  return Sample::per_op(seconds, operations())
      .with("mops", count / seconds / 1e6)
      .with("allocs_per_op", static_cast<double>(allocated) / count);
}

// What writing the requests costs.
Outcome harness() {
  Requests requests(MessageKind::kGet, 0);
  std::byte seen{};
  const platform::Stopwatch watch;
  for (std::uint64_t i = 0; i < operations(); ++i) {
    const Bytes bytes = requests.next(i, i % keys());
    seen ^= bytes[1 + i % 8];
  }
  const double seconds = watch.seconds();
  if (seen == std::byte{0xFF} && operations() == 1) return fail("unexpected bytes");
  return Sample::per_op(seconds, operations());
}

// Keys of a range to another host, in Delegates of 61 keys: reading them at the one, writing them
// at the other, and the acknowledgements.
Outcome move_keys(std::size_t value_bytes) {
  Host from = make_host();
  Client client(from);
  AnswerBuffer answers;
  Requests sets(MessageKind::kSet, value_bytes);
  const std::uint64_t moved = keys();
  for (std::uint64_t i = 0; i < moved; ++i) client.ask(sets, answers);
  const platform::Stopwatch watch;
  const auto job = from.reshard(ironkv::KeyRange::all(), 1, answers);
  if (!job) return fail("the host refuses to move its keys");
  std::array<std::byte, ironkv::kAckBytes> ack;
  for (std::uint64_t number = 1; !from.reshards().back().is_done; ++number) {
    ironkv::write_ack(number, ack.data());
    from.on_frame(1, ack, answers);
  }
  const double seconds = watch.seconds();
  if (from.table().size() != 0) return fail("keys were left behind");
  return Sample::per_op(seconds, moved);
}

}  // namespace

void register_host_cases() {
  for (const std::size_t value : {128U, 256U, 512U}) {
    const std::string size = "/value:" + std::to_string(value);
    register_case("ironkv/host_get/quintet" + size, [=] { return ask(MessageKind::kGet, value); });
    register_case("ironkv/host_set/quintet" + size, [=] { return ask(MessageKind::kSet, value); });
    register_case("ironkv/host_move/quintet" + size, [=] { return move_keys(value); });
  }
  register_case("ironkv/null/harness", harness);
}

}  // namespace quintet::bench::ironkv_cases
