// SPDX-License-Identifier: MIT
#include "ironkv_cases/load/session.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "ironkv/net/framing.hpp"
#include "testing/catch.hpp"

// What the load says, and that it notices an answer that is late, torn or wrong.
namespace quintet::bench::ironkv_cases {
namespace {

std::string text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string said(Session& session, Request request, std::uint64_t key) {
  Output output;
  session.ask(request, key, output);
  return text_of(output.front());
}

// Reads `answers` in pieces of `piece` bytes; returns how many there were.
std::uint32_t read_in_pieces(Session& session, const std::string& answers, std::size_t piece) {
  std::string arrived;
  std::uint32_t count = 0;
  for (std::size_t at = 0; at < answers.size(); at += piece) {
    arrived += answers.substr(at, piece);
    arrived.erase(0, session.read(bytes_of(arrived), count));
  }
  CHECK(arrived.empty());
  return count;
}

void check_answers(const std::function<std::unique_ptr<Session>()>& make,
                   const std::function<void(Session&)>& ask, const std::string& answers,
                   std::uint32_t count) {
  for (std::size_t piece = 1; piece <= answers.size(); ++piece) {
    const auto session = make();
    ask(*session);
    CHECK(read_in_pieces(*session, answers, piece) == count);
  }
}

std::string framed(const ironkv::FrameView& frame) {
  std::vector<std::byte> bytes(ironkv::kLengthBytes + ironkv::frame_bytes(frame));
  ironkv::write_frame(frame, ironkv::store_be64(bytes.data(), ironkv::frame_bytes(frame)));
  return text_of(bytes);
}
std::string reply(std::uint64_t number, std::uint64_t key, const std::string& value) {
  ironkv::FrameView frame{.number = number};
  frame.message = {.kind = ironkv::MessageKind::kReply, .key = key, .has_value = true};
  frame.message.value = bytes_of(value);
  return framed(frame);
}

TEST_CASE("load: redis is asked in its protocol and its answers are read") {
  const auto make = [] { return redis_session(3); };
  CHECK(said(*make(), Request::kGet, 12) == "*2\r\n$3\r\nGET\r\n$8\r\n00000012\r\n");
  CHECK(said(*make(), Request::kSet, 7) == "*3\r\n$3\r\nSET\r\n$8\r\n00000007\r\n$3\r\nvvv\r\n");
  check_answers(make, [](Session&) {}, "$3\r\nvvv\r\n+OK\r\n$3\r\nvvv\r\n", 3);
  std::uint32_t count = 0;
  CHECK_THROWS_AS(make()->read(bytes_of("$3\r\nvvx\r\n"), count), std::runtime_error);
  CHECK_THROWS_AS(make()->read(bytes_of("-ERR no\r\n"), count), std::runtime_error);
}

TEST_CASE("load: memcached is asked in its protocol and its answers are read") {
  const auto make = [] { return memcached_session(3); };
  CHECK(said(*make(), Request::kGet, 12) == "get 00000012\r\n");
  CHECK(said(*make(), Request::kSet, 7) == "set 00000007 0 0 3\r\nvvv\r\n");
  const std::string found = "VALUE 00000012 0 3\r\nvvv\r\nEND\r\n";
  check_answers(make, [](Session&) {}, found + "STORED\r\n" + found, 3);
  std::uint32_t count = 0;
  CHECK_THROWS_AS(make()->read(bytes_of("VALUE 00000012 0 4\r\nvvvv\r\nEND\r\n"), count),
                  std::runtime_error);
}

TEST_CASE("load: an IronKV server is asked and acknowledged and its answers are read") {
  const std::string value(3, 'Z');
  const auto make = [] { return ironkv_session(3, {}); };
  const auto ask = [](Session& session) {
    said(session, Request::kGet, 5);
    said(session, Request::kSet, 6);
  };
  const std::string ack = framed({.is_ack = true, .number = 2});
  check_answers(make, ask, ack + reply(1, 5, value) + reply(1, 5, value) + reply(2, 6, value), 2);
  for (const std::string& wrong : {reply(1, 6, value), reply(1, 5, "ZZ"), reply(1, 5, "ZZx"),
                                   std::string("\0\0\0\0\0\0\0\1x", 9)}) {
    const auto session = make();
    ask(*session);
    std::uint32_t count = 0;
    CHECK_THROWS_AS(session->read(bytes_of(wrong), count), std::runtime_error);
  }
  const auto session = make();
  Output output;
  for (std::uint64_t i = 1; i <= 64; ++i) {
    said(*session, Request::kGet, i);
    std::uint32_t count = 0;
    const std::string answer = reply(i, i, value);
    CHECK(session->read(bytes_of(answer), count) == answer.size());
    session->end_turn(output);
    CHECK(output.is_empty() == (i < 64));
  }
  CHECK(text_of(output.front()) == framed({.is_ack = true, .number = 64}));
}

TEST_CASE("load: the echo is of the sizes of IronKV") {
  const auto session = ironkv_session(128, {});
  const EchoSizes get = echo_sizes(Request::kGet, 128, 16);
  CHECK(get.request == said(*session, Request::kGet, 1).size());
  CHECK(get.reply == 8 + 195);
  CHECK(echo_sizes(Request::kSet, 128, 1).request == said(*session, Request::kSet, 1).size());
  CHECK(echo_sizes(Request::kSet, 128, 1).reply == get.reply + 17);
  const auto echo = echo_session({.request = 10, .reply = 4});
  CHECK(said(*echo, Request::kGet, 1).size() == 10);
  CHECK(read_in_pieces(*echo, std::string(12, '\0'), 5) == 3);
}

}  // namespace
}  // namespace quintet::bench::ironkv_cases
