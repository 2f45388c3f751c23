// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>

#include "ironkv_cases/load/session.hpp"

// The rivals' protocols: RESP of redis, the text protocol of memcached, and bytes without a
// meaning. Keys are texts of 8 digits, as long as an IronKV's key.
namespace quintet::bench::ironkv_cases {
namespace {

constexpr std::size_t kDigits = 8;

void write_key(std::byte* at, std::uint64_t key) {
  for (std::size_t i = kDigits; i > 0; --i, key /= 10) {
    at[i - 1] = static_cast<std::byte>('0' + key % 10);
  }
}

Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

// A request as a text with a place for the key.
class Template {
 public:
  Template(const std::string& before, const std::string& after)
      : text_(before + std::string(kDigits, '0') + after), key_at_(before.size()) {}

  void write(std::uint64_t key, Output& output) const {
    std::byte* const at = output.room(text_.size());
    std::memcpy(at, text_.data(), text_.size());
    write_key(at + key_at_, key);
  }

 private:
  std::string text_;
  std::size_t key_at_;
};

// Answers of a text protocol: what is stored and what is found always look the same, but for a key.
class TextSession final : public Session {
 public:
  struct Texts {
    Template get;
    Template set;
    std::string found;
    std::string stored;
    std::size_t key_at = 0;  // in `found`; 0: it has none
  };
  explicit TextSession(Texts texts) : texts_(std::move(texts)) {}

  void ask(Request request, std::uint64_t key, Output& output) override {
    (request == Request::kGet ? texts_.get : texts_.set).write(key, output);
  }

  std::size_t read(Bytes arrived, std::uint32_t& answers) override {
    std::size_t at = 0;
    while (at < arrived.size()) {
      const bool is_stored = arrived[at] == static_cast<std::byte>(texts_.stored[0]);
      const std::string& expected = is_stored ? texts_.stored : texts_.found;
      if (arrived.size() - at < expected.size()) break;
      check(arrived.subspan(at, expected.size()), expected, is_stored);
      at += expected.size();
      ++answers;
    }
    return at;
  }

 private:
  void check(Bytes answer, const std::string& expected, bool is_stored) const {
    const Bytes bytes = bytes_of(expected);
    const std::size_t key_at = is_stored ? 0 : texts_.key_at;
    const std::size_t after = key_at == 0 ? 0 : key_at + kDigits;
    if (std::memcmp(answer.data(), bytes.data(), key_at) != 0 ||
        std::memcmp(answer.data() + after, bytes.data() + after, bytes.size() - after) != 0) {
      throw std::runtime_error("a server's answer is wrong");
    }
  }

  Texts texts_;
};

class EchoSession final : public Session {
 public:
  explicit EchoSession(EchoSizes sizes) : sizes_(sizes) {}
  void ask(Request, std::uint64_t, Output& output) override {
    std::memset(output.room(sizes_.request), 0, sizes_.request);
  }
  std::size_t read(Bytes arrived, std::uint32_t& answers) override {
    const std::size_t whole = arrived.size() / sizes_.reply;
    answers += static_cast<std::uint32_t>(whole);
    return whole * sizes_.reply;
  }

 private:
  EchoSizes sizes_;
};

}  // namespace

std::unique_ptr<Session> redis_session(std::size_t value_bytes) {
  const std::string value(value_bytes, 'v');
  const std::string bulk = fmt::format("${}\r\n{}\r\n", value_bytes, value);
  return std::make_unique<TextSession>(TextSession::Texts{
      .get = {"*2\r\n$3\r\nGET\r\n$8\r\n", "\r\n"},
      .set = {"*3\r\n$3\r\nSET\r\n$8\r\n", "\r\n" + bulk},
      .found = bulk,
      .stored = "+OK\r\n",
  });
}

std::unique_ptr<Session> memcached_session(std::size_t value_bytes) {
  const std::string value(value_bytes, 'v');
  return std::make_unique<TextSession>(TextSession::Texts{
      .get = {"get ", "\r\n"},
      .set = {"set ", fmt::format(" 0 0 {}\r\n{}\r\n", value_bytes, value)},
      .found = fmt::format("VALUE 00000000 0 {}\r\n{}\r\nEND\r\n", value_bytes, value),
      .stored = "STORED\r\n",
      .key_at = 6,
  });
}

std::unique_ptr<Session> echo_session(EchoSizes sizes) {
  return std::make_unique<EchoSession>(sizes);
}

}  // namespace quintet::bench::ironkv_cases
