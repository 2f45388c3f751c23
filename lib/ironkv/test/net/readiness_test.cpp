// SPDX-License-Identifier: MIT
#include "ironkv/net/readiness.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <memory>

#include "testing/catch.hpp"

// Which sockets are heard of, and when.
namespace quintet::ironkv {
namespace {

struct Pair {
  Pair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0); }
  ~Pair() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  std::array<int, 2> ends{};
};

struct Watcher final : Readiness::Watcher {
  void on_readable() override {
    ++readable;
    if (then) then();
  }
  void on_writable() override {
    ++writable;
    if (then) then();
  }
  int readable = 0;
  int writable = 0;
  std::function<void()> then{};
};

TEST_CASE("readiness: a loop ends with its last socket") {
  asio::io_context loop;
  Readiness& sockets = Readiness::of(loop);
  const Pair pair;
  const auto watcher = std::make_shared<Watcher>();
  const auto ticket = sockets.add(pair.ends[0], watcher);
  REQUIRE(ticket != 0);
  watcher->then = [&] {  // what is not read is told of again
    if (watcher->readable == 3) sockets.remove(pair.ends[0], ticket);
  };
  REQUIRE(::write(pair.ends[1], "x", 1) == 1);
  loop.run();
  CHECK(watcher->readable == 3);
  CHECK(watcher->writable == 0);
  CHECK(watcher.use_count() == 1);
}

TEST_CASE("readiness: writing is told of when it is asked for and possible") {
  asio::io_context loop;
  Readiness& sockets = Readiness::of(loop);
  const Pair pair;
  std::array<char, 4096> bytes{};
  while (::write(pair.ends[0], bytes.data(), bytes.size()) > 0) {
  }
  const auto watcher = std::make_shared<Watcher>();
  const auto ticket = sockets.add(pair.ends[0], watcher);
  sockets.watch_writing(pair.ends[0], ticket, true);
  CHECK(!sockets.serve());
  while (::read(pair.ends[1], bytes.data(), bytes.size()) > 0) {
  }
  CHECK(sockets.serve());
  CHECK(watcher->writable > 0);
  sockets.watch_writing(pair.ends[0], ticket, false);
  CHECK(!sockets.serve());
  CHECK(watcher->readable == 0);
  sockets.remove(pair.ends[0], ticket);
}

TEST_CASE("readiness: who is removed is not heard of in the same turn nor is who comes after") {
  asio::io_context loop;
  Readiness& sockets = Readiness::of(loop);
  const Pair pairs[2];
  const auto later = std::make_shared<Watcher>();
  std::shared_ptr<Watcher> watchers[2] = {std::make_shared<Watcher>(), std::make_shared<Watcher>()};
  std::uint64_t tickets[2];
  std::uint64_t late = 0;
  for (int i = 0; i < 2; ++i) {
    tickets[i] = sockets.add(pairs[i].ends[0], watchers[i]);
    REQUIRE(::write(pairs[i].ends[1], "x", 1) == 1);
    watchers[i]->then = [&, i] {  // whoever is first removes both; its place is taken again
      for (int j = 0; j < 2; ++j) sockets.remove(pairs[j].ends[0], tickets[j]);
      late = sockets.add(pairs[i].ends[1], later);
    };
  }
  CHECK(sockets.serve());
  CHECK(watchers[0]->readable + watchers[1]->readable == 1);
  CHECK(later->readable == 0);
  sockets.remove(pairs[watchers[0]->readable == 1 ? 0 : 1].ends[1], late);
  loop.run();
}

}  // namespace
}  // namespace quintet::ironkv
