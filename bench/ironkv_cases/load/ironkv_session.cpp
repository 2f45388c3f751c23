// SPDX-License-Identifier: MIT
#include <array>
#include <deque>
#include <stdexcept>
#include <utility>

#include "ironkv/net/framing.hpp"
#include "ironkv_cases/load/session.hpp"

// IronKV's frames. Requests are written once and then get new numbers and keys; the servers'
// messages are acknowledged every 64 answers, as our client library does.
namespace quintet::bench::ironkv_cases {
namespace {

using ironkv::kLengthBytes;
using ironkv::load_be64;
using ironkv::load_le64;
using ironkv::MessageKind;

constexpr std::uint64_t kAckEvery = 64;
constexpr std::byte kFill{0x5A};
// Places in a frame: tag, number, length of no destination, tag of the message, key.
constexpr std::size_t kNumberAt = 1;
constexpr std::size_t kKeyAt = 18;

std::vector<std::byte> framed(const ironkv::FrameView& frame) {
  std::vector<std::byte> bytes(kLengthBytes + ironkv::frame_bytes(frame));
  ironkv::write_frame(frame, ironkv::store_be64(bytes.data(), ironkv::frame_bytes(frame)));
  return bytes;
}

std::vector<std::byte> framed(MessageKind kind, Bytes value) {
  ironkv::FrameView frame{};
  frame.message = {.kind = kind, .has_value = kind != MessageKind::kGet};
  if (kind != MessageKind::kGet) frame.message.value = value;
  return framed(frame);
}

class IronkvSession final : public Session {
 public:
  IronkvSession(std::size_t value_bytes, std::vector<std::byte> name)
      : name_(std::move(name)),
        value_(value_bytes, kFill),
        get_(framed(MessageKind::kGet, {})),
        set_(framed(MessageKind::kSet, value_)) {}

  void hello(Output& output) override {
    if (name_.empty()) return;
    ironkv::store_be64(output.room(kLengthBytes), name_.size());
    output.append(name_);
  }

  void ask(Request request, std::uint64_t key, Output& output) override {
    std::vector<std::byte>& frame = request == Request::kGet ? get_ : set_;
    ironkv::store_le64(frame.data() + kLengthBytes + kNumberAt, ++asked_);
    ironkv::store_le64(frame.data() + kLengthBytes + kKeyAt, key);
    output.append(frame);
    keys_.push_back(key);
  }

  std::size_t read(Bytes arrived, std::uint32_t& answers) override {
    std::size_t at = 0;
    while (arrived.size() - at >= kLengthBytes) {
      const std::uint64_t size = load_be64(arrived.data() + at);
      if (arrived.size() - at - kLengthBytes < size) break;
      take(arrived.subspan(at + kLengthBytes, size), answers);
      at += kLengthBytes + size;
    }
    return at;
  }

  void end_turn(Output& output) override {
    if (received_ - acked_ < kAckEvery) return;
    acked_ = received_;
    std::byte* const at = output.room(kLengthBytes + ironkv::kAckBytes);
    ironkv::write_ack(acked_, ironkv::store_be64(at, ironkv::kAckBytes));
  }

 private:
  void take(Bytes frame, std::uint32_t& answers) {
    if (frame.size() == ironkv::kAckBytes && frame[0] == std::byte{1}) return;
    const auto read = ironkv::read_frame(frame);
    if (!read || read->message.kind != MessageKind::kReply) {
      throw std::runtime_error("a server said something else than a reply");
    }
    if (read->number != received_ + 1) return;  // said before, or not its turn
    ++received_;
    const ironkv::MessageView& reply = read->message;
    if (reply.key != keys_.front() || !reply.has_value || reply.value.size() != value_.size() ||
        (!value_.empty() && reply.value.back() != kFill)) {
      throw std::runtime_error("a server's reply is wrong");
    }
    keys_.pop_front();
    ++answers;
  }

  std::vector<std::byte> name_;
  std::vector<std::byte> value_;
  std::vector<std::byte> get_;
  std::vector<std::byte> set_;
  std::deque<std::uint64_t> keys_;  // of the requests that are not answered
  std::uint64_t asked_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t acked_ = 0;
};

}  // namespace

std::unique_ptr<Session> ironkv_session(std::size_t value_bytes, std::vector<std::byte> name) {
  return std::make_unique<IronkvSession>(value_bytes, std::move(name));
}

EchoSizes echo_sizes(Request request, std::size_t value_bytes, std::size_t depth) {
  const std::vector<std::byte> value(value_bytes, kFill);
  const std::vector<std::byte> end_point(32, kFill);
  ironkv::FrameView reply{};
  reply.destination = end_point;
  reply.message = {.kind = MessageKind::kReply, .has_value = true};
  reply.message.value = value;
  const auto kind = request == Request::kGet ? MessageKind::kGet : MessageKind::kSet;
  const std::size_t ack = depth == 1 ? kLengthBytes + ironkv::kAckBytes : 0;
  return {.request = framed(kind, value).size(), .reply = framed(reply).size() + ack};
}

}  // namespace quintet::bench::ironkv_cases
