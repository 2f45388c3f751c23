// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ironkv/net/socket.hpp"
#include "ironkv/net/socket_service.hpp"
#include "ironkv/test/bytes.hpp"
#include "testing/catch.hpp"

// Which sockets are heard of, and when, and what they carry; of both engines.
namespace quintet::ironkv {
namespace {

// Skips nothing where there is no io_uring: then epoll is tested twice.
SocketEngine either() { return GENERATE(SocketEngine::kEpoll, SocketEngine::kAuto); }

std::unique_ptr<SocketSet> set_of(SocketEngine engine, SocketSet::Owner* owner = nullptr) {
  auto set = make_socket_set(engine, owner);
  REQUIRE(set);
  return std::move(*set);
}

// One end is a socket of the set, the other a blocking descriptor of the test.
struct Watcher final : Socket::Watcher {
  explicit Watcher(SocketSet& set) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
    socket = set.adopt(ends[0]);
    other = ends[1];
  }
  ~Watcher() { close_other(); }
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  void on_readable() override {
    ++readable;
    if (then) return then();
    std::array<std::byte, 1000> space{};
    do {
      last = socket->read(space);
      const auto* const text = reinterpret_cast<const char*>(space.data());
      if (last.state == IoState::kDone) got.append(text, last.bytes);
    } while (last.state == IoState::kDone);
  }
  void on_writable() override {
    ++writable;
    socket->watch_writing(false);
    if (then) then();
  }
  void say(const std::string& text) const {
    REQUIRE(::write(other, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  void close_other() {
    if (other >= 0) ::close(std::exchange(other, -1));
  }

  std::unique_ptr<Socket> socket;
  int other = -1;
  int readable = 0;
  int writable = 0;
  IoResult last{};
  std::string got{};
  std::function<void()> then{};
};

std::shared_ptr<Watcher> watched(SocketSet& set) {
  auto watcher = std::make_shared<Watcher>(set);
  REQUIRE(watcher->socket->watch(watcher));
  return watcher;
}

// Until it is so, or nothing has happened for a second.
template <class Condition>
bool serve_until(SocketSet& set, Condition is_so) {
  while (!is_so()) {
    if (!set.serve(1'000)) return is_so();
  }
  return true;
}

std::string pattern(std::size_t bytes) {
  std::string text(bytes, ' ');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(i * 7 + i / 251);
  return text;
}

TEST_CASE("sockets: what arrives is told, and the end after it") {
  const auto set = set_of(either());
  const auto watcher = watched(*set);
  CHECK_FALSE(set->serve(0));
  watcher->say("hello");
  CHECK(serve_until(*set, [&] { return watcher->got == "hello"; }));
  CHECK(watcher->last.state == IoState::kWaitRead);
  watcher->say("bye");
  watcher->close_other();
  CHECK(serve_until(*set, [&] { return watcher->last.state == IoState::kClosed; }));
  CHECK(watcher->got == "hellobye");
}

TEST_CASE("sockets: what is left unread comes before what arrives later") {
  const auto set = set_of(either());
  const auto watcher = watched(*set);
  watcher->then = [&] {
    std::array<std::byte, 2> space{};
    const IoResult result = watcher->socket->read(space);
    REQUIRE(result.state == IoState::kDone);
    watcher->got.append(reinterpret_cast<const char*>(space.data()), result.bytes);
  };
  watcher->say("abcde");
  CHECK(serve_until(*set, [&] { return watcher->got.size() >= 2; }));
  watcher->say("fgh");
  CHECK(serve_until(*set, [&] { return watcher->readable >= 2; }));
  watcher->then = nullptr;
  watcher->say("i");
  CHECK(serve_until(*set, [&] { return watcher->got.size() == 9; }));
  CHECK(watcher->got == "abcdefghi");
}

TEST_CASE("sockets: what is written does not wait for the end of a long turn") {
  const auto set = set_of(either());
  const auto first = watched(*set);
  const auto second = watched(*set);
  bool has_left = false;
  first->then = [&] {
    REQUIRE(first->socket->write(bytes_of("answer")).state == IoState::kDone);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    first->then = nullptr;
  };
  second->then = [&] {
    pollfd poll{.fd = first->other, .events = POLLIN, .revents = 0};
    has_left = ::poll(&poll, 1, 10'000) == 1;
    second->then = nullptr;
  };
  first->say("question");
  second->say("question");
  CHECK(serve_until(*set, [&] { return !second->then; }));
  CHECK(has_left);
}

TEST_CASE("sockets: large amounts pass in both directions, in pieces") {
  const auto set = set_of(either());
  const auto watcher = watched(*set);
  ::fcntl(watcher->other, F_SETFL, O_NONBLOCK);
  const std::string text = pattern(3 << 20);
  std::size_t said = 0;
  std::size_t written = 0;
  std::string received;
  std::string space(50'000, ' ');
  bool is_blocked = false;
  for (int turn = 0;
       turn < 100'000 && (received.size() < text.size() || watcher->got.size() < text.size());
       ++turn) {
    const ssize_t out = ::write(watcher->other, text.data() + said, text.size() - said);
    if (out > 0) said += static_cast<std::size_t>(out);
    while (written < text.size()) {
      const auto result = watcher->socket->write(bytes_of(text).subspan(written));
      if (result.state == IoState::kWaitWrite) {
        is_blocked = true;
        break;
      }
      REQUIRE(result.state == IoState::kDone);
      written += result.bytes;
    }
    set->flush();
    set->serve(0);
    const ssize_t in = ::read(watcher->other, space.data(), space.size());
    if (in > 0) received.append(space, 0, static_cast<std::size_t>(in));
  }
  CHECK(is_blocked);
  CHECK((watcher->got == text));
  CHECK((received == text));
  CHECK(serve_until(*set, [&] { return !watcher->socket->is_sending(); }));
}

TEST_CASE("sockets: writing is told of when it is asked for and possible") {
  const auto set = set_of(either());
  const auto watcher = watched(*set);
  const std::string text = pattern(4 << 20);
  while (watcher->socket->write(bytes_of(text)).state == IoState::kDone) set->flush();
  watcher->socket->watch_writing(true);
  set->serve(0);
  CHECK(watcher->writable == 0);
  std::string space(1 << 16, ' ');
  ::fcntl(watcher->other, F_SETFL, O_NONBLOCK);
  for (int turn = 0; turn < 10'000 && watcher->writable == 0; ++turn) {
    while (::read(watcher->other, space.data(), space.size()) > 0) {
    }
    set->serve(1);
  }
  CHECK(watcher->writable == 1);
  CHECK(watcher->readable == 0);
}

TEST_CASE("sockets: who is gone is not heard of in the same turn, nor is who comes after") {
  const auto set = set_of(either());
  std::array<std::shared_ptr<Watcher>, 2> watchers{watched(*set), watched(*set)};
  std::shared_ptr<Watcher> later;
  for (const auto& watcher : watchers) {
    watcher->say("x");
    watcher->then = [&] {  // whoever is first ends both; their places are taken again
      for (const auto& each : watchers) each->socket = nullptr;
      later = watched(*set);
    };
  }
  CHECK(serve_until(*set, [&] { return later != nullptr; }));
  while (set->serve(10)) {
  }
  CHECK(watchers[0]->readable + watchers[1]->readable == 1);
  CHECK(later->readable == 0);
  later->say("y");
  CHECK(serve_until(*set, [&] { return later->got == "y"; }));
}

TEST_CASE("sockets: what was written leaves though the socket is closed at once") {
  const auto set = set_of(either());
  const auto watcher = watched(*set);
  REQUIRE(watcher->socket->write(bytes_of("last words")).state == IoState::kDone);
  watcher->socket = nullptr;
  std::string space(100, ' ');
  const ssize_t in = ::read(watcher->other, space.data(), space.size());
  REQUIRE(in > 0);
  CHECK(space.substr(0, static_cast<std::size_t>(in)) == "last words");
  set->serve(0);
  CHECK(::read(watcher->other, space.data(), space.size()) == 0);
}

TEST_CASE("sockets: a write to who has left fails") {
  const auto set = set_of(either());
  const auto watcher = watched(*set);
  watcher->close_other();
  IoState state = IoState::kDone;
  for (int i = 0; i < 3 && state != IoState::kFailed; ++i) {
    state = watcher->socket->write(bytes_of("x")).state;
    set->serve(0);
  }
  CHECK(state == IoState::kFailed);
  CHECK(watcher->socket->error() != 0);
}

TEST_CASE("sockets: more arrives at once than there are buffers") {
  const auto set = set_of(either());
  std::vector<std::shared_ptr<Watcher>> all;
  for (int i = 0; i < 40; ++i) all.push_back(watched(*set));
  set->serve(0);
  const std::string text = pattern(100'000);  // of all 40 twice as much as buffers hold
  for (std::size_t said = 1; said <= 3; ++said) {
    for (const auto& watcher : all) watcher->say(text);
    CHECK(serve_until(*set, [&] {
      return std::ranges::all_of(
          all, [&](const auto& watcher) { return watcher->got.size() == said * text.size(); });
    }));
  }
  for (const auto& watcher : all) CHECK((watcher->got == text + text + text));
}

TEST_CASE("sockets: who closes at the end of what arrives leaves the others alone") {
  const auto set = set_of(either());
  std::array<std::shared_ptr<Watcher>, 4> all;
  for (auto& watcher : all) watcher = watched(*set);
  Watcher& first = *all[0];
  first.then = [&] {
    std::array<std::byte, 1> space{};
    CHECK(first.socket->read(space).state == IoState::kClosed);
    first.socket = nullptr;
  };
  first.close_other();
  CHECK(serve_until(*set, [&] { return first.socket == nullptr; }));
  for (int round = 1; round <= 2; ++round) {
    for (std::size_t i = 1; i < all.size(); ++i) {
      all[i]->say("x");
      CHECK(serve_until(*set, [&] { return all[i]->got.size() == static_cast<unsigned>(round); }));
    }
  }
}

TEST_CASE("sockets: they may outlive their set") {
  auto set = set_of(either());
  const auto watcher = watched(*set);
  watcher->say("x");
  set = nullptr;
  CHECK(watcher.use_count() == 1);
  watcher->socket = nullptr;
  CHECK(watcher->readable == 0);
}

TEST_CASE("sockets: a set that is slept for says when there is something") {
  const auto set = set_of(either());
  const auto watcher = watched(*set);
  while (set->serve(0)) {
  }
  const auto is_readable = [&](int wait_ms) {
    pollfd poll{.fd = set->descriptor(), .events = POLLIN, .revents = 0};
    return ::poll(&poll, 1, wait_ms) == 1;
  };
  for (int round = 1; round <= 3; ++round) {
    REQUIRE(set->before_sleep());
    CHECK_FALSE(is_readable(0));
    watcher->say("x");
    CHECK(is_readable(10'000));
    CHECK(serve_until(*set, [&] { return static_cast<int>(watcher->got.size()) == round; }));
  }
  watcher->say("x");
  CHECK((!set->before_sleep() || is_readable(10'000)));
}

TEST_CASE("sockets: the owner hears of what is written between turns, and of the last one's end") {
  struct Owner final : SocketSet::Owner {
    void on_written() override { ++written; }
    void on_empty() override { ++empty; }
    int written = 0;
    int empty = 0;
  };
  Owner owner;
  const auto set = set_of(either(), &owner);
  const bool is_ring = set->engine() == SocketEngine::kIoUring;
  {
    const auto first = watched(*set);
    const auto second = watched(*set);
    set->flush();
    owner.written = 0;
    REQUIRE(first->socket->write(bytes_of("x")).state == IoState::kDone);
    CHECK(owner.written == (is_ring ? 1 : 0));
    first->socket = nullptr;
    CHECK(owner.empty == 0);
    second->socket = nullptr;
  }
  CHECK(owner.empty == 1);
  {
    const Watcher never_watched(*set);
  }
  CHECK(owner.empty == 2);
}

TEST_CASE("sockets: a loop ends with its last socket") {
  asio::io_context loop;
  SocketService& sockets = SocketService::of(loop);
  REQUIRE(sockets.use(either()));
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
  tcp::socket end(loop);
  end.assign(tcp::v4(), ends[0]);
  struct Listener final : Socket::Watcher {
    void on_readable() override {
      std::array<std::byte, 1> space{};
      while (socket && socket->read(space).state == IoState::kDone) {
        if (++bytes == 3) socket = nullptr;
      }
    }
    void on_writable() override {}
    std::unique_ptr<Socket> socket{};
    int bytes = 0;
  };
  const auto listener = std::make_shared<Listener>();
  listener->socket = sockets.adopt(std::move(end));
  REQUIRE(listener->socket->watch(listener));
  int ticks = 0;
  asio::steady_timer timer(loop);
  const std::function<void()> arm = [&] {
    timer.expires_after(std::chrono::milliseconds(5));
    timer.async_wait([&](const error_code&) {
      REQUIRE(::write(ends[1], "x", 1) == 1);
      if (++ticks < 3) arm();
    });
  };
  arm();
  run_loop(loop, 0);
  CHECK(listener->bytes == 3);
  CHECK(ticks == 3);
  CHECK(listener.use_count() == 1);
  ::close(ends[1]);
}

}  // namespace
}  // namespace quintet::ironkv
