// SPDX-License-Identifier: MIT
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "ironkv/host.hpp"
#include "testing/catch.hpp"

// A request allocates nothing once buffers have grown. This program counts what operator new gives,
// so it is one of its own.
namespace {

std::size_t allocations = 0;

void* counted(std::size_t bytes) {
  ++allocations;
  void* const at = std::malloc(bytes);
  if (at == nullptr) throw std::bad_alloc();
  return at;
}

}  // namespace

// The others, of arrays and without exceptions, call these.
void* operator new(std::size_t bytes) { return counted(bytes); }
void operator delete(void* at) noexcept { std::free(at); }
void operator delete(void* at, std::size_t) noexcept { std::free(at); }

namespace quintet::ironkv {
namespace {

// Lets frames go, but counts them; room for one is all there is.
struct CountingSink {
  std::byte room[2048];
  std::uint64_t frames = 0, acks = 0, executed_frames = 0;

  std::byte* frame(PeerId, std::size_t bytes) {
    ++frames;
    return bytes <= sizeof(room) ? room : nullptr;
  }
  void ack(PeerId, std::uint64_t) { ++acks; }
  void executed(PeerId, Bytes) { ++executed_frames; }
};

class Client {
 public:
  explicit Client(Host& host) : host_(host), id_(*host.peer(name())) {}

  void say(MessageView message) {
    const FrameView frame{.number = ++number_, .message = message};
    std::byte bytes[2048];
    write_frame(frame, bytes);
    QT_CHECK(host_.on_frame(id_, {bytes, frame_bytes(frame)}, sink) == Outcome::kExecuted);
  }
  void ack() {
    std::byte bytes[kAckBytes];
    write_ack(number_, bytes);
    QT_CHECK(host_.on_frame(id_, bytes, sink) == Outcome::kAck);
  }
  // `count` gets and sets of the keys below `keys`, with values of every length, of which every
  // 64th acknowledges the answers.
  void run(std::uint64_t count, Key keys) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const Key key = i * 7919 % keys;
      const bool is_get = i / keys % 2 != 0;
      say({.kind = is_get ? MessageKind::kGet : MessageKind::kSet,
           .key = key,
           .has_value = !is_get,
           .value = is_get ? Bytes() : Bytes(value_).first((i * 31) % (kMostValueBytes + 1))});
      if (i % 64 == 63) ack();
    }
    ack();
  }

  CountingSink sink{};

 private:
  static EndPoint name() { return EndPoint(32, std::byte{7}); }
  Host& host_;
  PeerId id_;
  std::uint64_t number_ = 0;
  std::vector<std::byte> value_ = std::vector<std::byte>(kMostValueBytes, std::byte{1});
};

}  // namespace

TEST_CASE("operator new is counted") {
  const std::size_t before = allocations;
  const auto* const one = new std::string(100, 'x');
  CHECK(allocations == before + 2);
  delete one;
}

TEST_CASE("a hundred thousand gets and sets of keys that exist allocate nothing") {
  constexpr Key kKeys = 1000;
  constexpr std::uint64_t kRequests = 100'000;
  Host host = *Host::create({.hosts = {EndPoint(32, std::byte{1}), EndPoint(32, std::byte{2})}});
  Client client(host);
  client.run(4 * kRequests, kKeys);  // each length has as many blocks as it ever needs
  client.sink = {};
  const std::size_t reserved = host.values().reserved_bytes();
  const std::size_t before = allocations;
  client.run(kRequests, kKeys);
  const std::size_t after = allocations;
  CHECK(after - before == 0);
  CHECK(host.values().reserved_bytes() == reserved);
  CHECK(client.sink.frames == kRequests);
  CHECK(client.sink.acks == kRequests);
  CHECK(client.sink.executed_frames == kRequests);
  CHECK(host.values().live() == kKeys);
  CHECK(host.counters().gets + host.counters().sets == 5 * kRequests);
}

TEST_CASE("redirects and duplicates and garbage allocate nothing") {
  Host host =
      *Host::create({.hosts = {EndPoint(32, std::byte{1}), EndPoint(32, std::byte{2})}, .me = 1});
  Client client(host);
  client.run(1000, 10);
  const std::size_t before = allocations;
  client.run(10'000, 10);
  const std::byte garbage[30]{};
  for (int i = 0; i < 1000; ++i) host.on_frame(2, garbage, client.sink);
  const std::size_t after = allocations;
  CHECK(after - before == 0);
  CHECK(host.counters().redirects == 11'000);
}

}  // namespace quintet::ironkv
