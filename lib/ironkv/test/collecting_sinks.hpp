// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ironkv/client_core.hpp"
#include "ironkv/host.hpp"
#include "ironkv/test/bytes.hpp"
#include "ironkv/test/hex.hpp"

// Sinks that keep all they are given, for tests that look at it frame by frame.
namespace quintet::ironkv {

struct SentFrame {
  std::uint32_t to;
  std::vector<std::byte> bytes;
  [[nodiscard]] std::string hex() const { return to_hex(bytes); }
};

class CollectingSink {
 public:
  bool is_reachable = true;
  std::vector<SentFrame> frames;  // acknowledgements, too
  std::vector<std::vector<std::byte>> executed_frames;
  struct Done {
    std::uint64_t token;
    CallStatus status;
    bool has_value;
    std::string value;
    friend bool operator==(const Done&, const Done&) = default;
  };
  std::vector<Done> answers;

  std::byte* frame(std::uint32_t to, std::size_t bytes) {
    if (!is_reachable) return nullptr;
    frames.push_back({to, std::vector<std::byte>(bytes)});
    return frames.back().bytes.data();
  }
  void ack(std::uint32_t to, std::uint64_t number) {
    if (!is_reachable) return;
    frames.push_back({to, std::vector<std::byte>(kAckBytes)});
    write_ack(number, frames.back().bytes.data());
  }
  void executed(PeerId, Bytes frame) { executed_frames.emplace_back(frame.begin(), frame.end()); }
  void done(std::uint64_t token, const Answer& answer) {
    const auto* text = reinterpret_cast<const char*>(answer.value.data());
    answers.push_back(
        {token, answer.status, answer.has_value, std::string(text, answer.value.size())});
  }
  std::vector<SentFrame> take() { return std::exchange(frames, {}); }
};
static_assert(HostSink<CollectingSink> && ClientSink<CollectingSink>);

inline EndPoint end_point(std::string_view text) {
  const Bytes bytes = bytes_of(text);
  return {bytes.begin(), bytes.end()};
}
inline std::vector<std::byte> bytes_of(const FrameView& frame) {
  std::vector<std::byte> bytes(frame_bytes(frame));
  write_frame(frame, bytes.data());
  return bytes;
}

}  // namespace quintet::ironkv
