// SPDX-License-Identifier: MIT
// A target of libFuzzer: two hosts that are sent what a fuzzer made, by each other, by clients and
// by a stranger. Whatever it is, they keep their invariants, agree with each other about no key
// twice, say only what can be read, and can be saved and restored.
//
//   input  event...
//   event  what size byte...    what, bits 0-1: 0 and 1: a frame, 2: carry what one host has said
//                               to the other, 3: time goes by, by size * 1000
//                               bit 2: to which host, or of which
//                               bits 3-4: source: the other host, two clients, a stranger
//                               bit 5: the frame is put in front of: 00 number destination, with
//                                      the number that is due; else the bytes are all of it
//                               bit 6: of the frame there are 8 * size bytes
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "base/assert.hpp"
#include "ironkv/host.hpp"
#include "testing/fuzz/input.hpp"

namespace quintet::ironkv::fuzz {
namespace {

using Buffer = std::vector<std::byte>;

// Keeps what is said to the other host, and checks all of it.
class Sink {
 public:
  std::deque<Buffer> to_other;

  explicit Sink(PeerId other) : other_(other) {}
  std::byte* frame(PeerId to, std::size_t bytes) {
    check_last();
    last_.assign(bytes, std::byte{0xEE});
    last_to_ = to;
    return last_.data();
  }
  void ack(PeerId to, std::uint64_t number) {
    check_last();
    if (to != other_) return;
    to_other.emplace_back(kAckBytes);
    write_ack(number, to_other.back().data());
  }
  void executed(PeerId, Bytes frame) { QT_CHECK(read_frame(frame).has_value()); }
  // The host fills a frame after it was given the room.
  void check_last() {
    if (last_.empty()) return;
    const std::optional<FrameView> frame = read_frame(last_);
    QT_CHECK(frame.has_value() && !frame->is_ack, "a host says what cannot be read");
    QT_CHECK(frame_bytes(*frame) == last_.size());
    if (last_to_ == other_) to_other.push_back(last_);
    last_.clear();
  }

 private:
  PeerId other_;
  PeerId last_to_ = 0;
  Buffer last_;
};

HostOptions options(PeerId me) {
  const auto name = [](char c) { return EndPoint{static_cast<std::byte>(c)}; };
  return {.hosts = {name('h'), name('i')},
          .me = me,
          .aliases = {{name('a'), 1}},
          .max_peers = 8,
          .max_unacked = 16,
          .reshard_window = 2};
}

struct Node {
  Host host;
  Sink sink;
  explicit Node(PeerId me) : host(*Host::create(options(me))), sink(1 - me) {
    for (const char client : {'c', 'd', 's'}) {
      QT_CHECK(host.peer(EndPoint{static_cast<std::byte>(client)}).has_value());
    }
  }
};

using testing::Input;

Buffer take(Input& input, std::size_t count) {
  Buffer taken;
  for (; count > 0 && !input.ended(); --count) taken.push_back(std::byte{input.next()});
  return taken;
}

class World {
 public:
  void play(Input input) {
    while (!input.ended()) {
      event(input);
      for (Node& node : nodes_) check(node);
    }
    for (const Node& node : nodes_) restore(node);
  }

 private:
  void event(Input& input) {
    const unsigned what = input.next();
    const PeerId at = what >> 2 & 1;
    Node& node = nodes_[at];
    const std::size_t size = input.next();
    if ((what & 3) == 2) return carry(at);
    if ((what & 3) == 3) {
      now_ += size * 1000;
      return node.host.on_tick(now_, node.sink);
    }
    const PeerId sources[] = {1 - at, 2, 3, 4};
    const PeerId source = sources[what >> 3 & 3];
    Buffer frame = take(input, (what & 64) != 0 ? 8 * size : size);
    if ((what & 32) != 0) frame = numbered(node.host.peers()[source].last_received + 1, frame);
    put(node, source, frame);
  }
  static Buffer numbered(std::uint64_t number, const Buffer& message) {
    Buffer frame(17);
    store_le64(frame.data() + 1, number);
    frame.insert(frame.end(), message.begin(), message.end());
    return frame;
  }
  static void put(Node& node, PeerId source, Bytes frame) {
    const bool is_frame = read_frame(frame).has_value();
    const Outcome outcome = node.host.on_frame(source, frame, node.sink);
    QT_CHECK((outcome == Outcome::kBad) == !is_frame);
  }
  void carry(PeerId from) {
    Sink& sink = nodes_[from].sink;
    sink.check_last();
    for (; !sink.to_other.empty(); sink.to_other.pop_front()) {
      put(nodes_[1 - from], from, sink.to_other.front());
    }
  }
  static void check(Node& node) {
    node.sink.check_last();
    node.host.check_invariants();
    const HostCounters& counters = node.host.counters();
    QT_CHECK(node.host.delegations() == 1 + counters.shards + counters.delegates);
    for (PeerId id = 0; id < node.host.peers().end(); ++id) {
      const Peer& peer = node.host.peers()[id];
      QT_CHECK(node.host.is_host(id) || peer.window.size() <= node.host.options().max_unacked);
    }
  }
  static Buffer saved(const Host& host) {
    Buffer bytes;
    host.save(bytes);
    return bytes;
  }
  static void restore(const Node& node) {
    const Buffer snapshot = saved(node.host);
    Host again = *Host::create(node.host.options());
    QT_CHECK(again.restore(snapshot).has_value(), "a host refuses its own snapshot");
    again.check_invariants();
    QT_CHECK(saved(again) == snapshot, "a restored host is another");
  }

  Node nodes_[2]{Node(0), Node(1)};
  std::uint64_t now_ = 0;
};

}  // namespace
}  // namespace quintet::ironkv::fuzz

// The name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quintet::ironkv::fuzz;
  World().play(Input({data, size}));
  return 0;
}
