// SPDX-License-Identifier: MIT
#include "ironkv/net/framing.hpp"

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "ironkv/test/hex.hpp"
#include "testing/catch.hpp"

namespace quintet::ironkv {
namespace {

using Bytes1 = std::vector<std::byte>;

std::string text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Frames with these texts, as they are in the stream.
Bytes1 stream_of(const std::vector<std::string>& texts) {
  Bytes1 stream;
  for (const std::string& text : texts) {
    const std::size_t at = stream.size();
    stream.resize(at + kLengthBytes + text.size());
    std::memcpy(store_be64(stream.data() + at, text.size()), text.data(), text.size());
  }
  return stream;
}

// Puts bytes in, as many at a time as there is space.
void receive(InputBuffer& buffer, Bytes bytes, std::vector<std::string>& frames) {
  while (!bytes.empty()) {
    const auto space = buffer.space();
    REQUIRE(!space.empty());
    const std::size_t some = std::min(space.size(), bytes.size());
    std::memcpy(space.data(), bytes.data(), some);
    buffer.received(some);
    bytes = bytes.subspan(some);
    while (const auto frame = buffer.next()) frames.push_back(text_of(*frame));
  }
}

std::string drained(OutputBuffer& buffer, std::size_t at_a_time = ~std::size_t{0}) {
  std::string all;
  while (!buffer.is_empty()) {
    const Bytes front = buffer.front();
    const Bytes some = front.first(std::min(at_a_time, front.size()));
    all += text_of(some);
    buffer.written(some.size());
  }
  return all;
}

void put(OutputBuffer& buffer, std::string_view text) {
  std::memcpy(buffer.frame(text.size()), text.data(), text.size());
}

const std::vector<std::string> kTexts = {"", "a", std::string(300, 'b'), "c", "", "dd"};

TEST_CASE("frames come out whole wherever the stream is cut in two") {
  const Bytes1 stream = stream_of(kTexts);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    InputBuffer buffer;
    std::vector<std::string> frames;
    receive(buffer, Bytes(stream).first(cut), frames);
    receive(buffer, Bytes(stream).subspan(cut), frames);
    CHECK(frames == kTexts);
    CHECK_FALSE(buffer.has_part());
  }
}

TEST_CASE("frames come out whole when every byte comes alone") {
  InputBuffer buffer;
  std::vector<std::string> frames;
  for (const std::byte& byte : stream_of(kTexts)) receive(buffer, {&byte, 1}, frames);
  CHECK(frames == kTexts);
}

TEST_CASE("a frame of the most bytes comes out and one byte more is refused") {
  InputBuffer buffer(1000);
  std::vector<std::string> frames;
  receive(buffer, stream_of({std::string(1000, 'x')}), frames);
  CHECK(frames.size() == 1);
  CHECK_FALSE(buffer.refused());
  receive(buffer, stream_of({std::string(1001, 'x')}), frames);
  CHECK(frames.size() == 1);
  CHECK(buffer.refused() == 1001);
}

TEST_CASE("a length of 2 to the 64 minus 1 is refused as soon as it is there") {
  InputBuffer buffer;
  std::vector<std::string> frames;
  receive(buffer, from_hex("ffffffffffffffff"), frames);
  CHECK(frames.empty());
  CHECK(buffer.refused() == ~std::uint64_t{0});
}

TEST_CASE("memory grows with the bytes that came and not with the length they announce") {
  InputBuffer buffer;
  std::vector<std::string> frames;
  receive(buffer, from_hex("0000000000200000"), frames);  // 2 MiB, which is allowed
  (void)buffer.space();
  CHECK(buffer.capacity() == InputBuffer::kFirstCapacity);
  Bytes1 some(100'000, std::byte{7});
  receive(buffer, some, frames);
  (void)buffer.space();
  CHECK(buffer.capacity() <= 4 * some.size());
}

TEST_CASE("memory shrinks again after a large frame and keeps what followed it") {
  InputBuffer buffer;
  std::vector<std::string> frames;
  const std::vector<std::string> texts = {std::string(1'500'000, 'y'), "tail"};
  const Bytes1 stream = stream_of(texts);
  receive(buffer, Bytes(stream).first(stream.size() - 2), frames);
  CHECK(buffer.capacity() >= 1'500'000);
  (void)buffer.space();
  CHECK(buffer.capacity() <= InputBuffer::kMostKept);
  receive(buffer, Bytes(stream).last(2), frames);
  CHECK(frames == texts);
}

TEST_CASE("what is sent is length and frame for each in their order") {
  OutputBuffer buffer;
  CHECK(buffer.is_empty());
  for (const std::string& text : kTexts) put(buffer, text);
  const Bytes1 stream = stream_of(kTexts);
  CHECK(buffer.waiting() == stream.size());
  CHECK(drained(buffer, 7) == text_of(stream));
}

TEST_CASE("of several acknowledgements the highest goes out and before all frames") {
  OutputBuffer buffer;
  put(buffer, "first");
  buffer.ack(5);
  put(buffer, "second");
  buffer.ack(7);
  buffer.ack(6);  // of a duplicate
  const std::string sent = drained(buffer);
  CHECK(to_hex(Bytes{reinterpret_cast<const std::byte*>(sent.data()), 17}) ==
        "0000000000000009010700000000000000");
  CHECK(sent.substr(17) == text_of(stream_of({"first", "second"})));
}

TEST_CASE("an acknowledgement alone goes out and only once") {
  OutputBuffer buffer;
  buffer.ack(3);
  CHECK(buffer.waiting() == 17);
  CHECK(drained(buffer).size() == 17);
  CHECK(buffer.is_empty());
  put(buffer, "x");
  CHECK(drained(buffer).size() == 9);
}

TEST_CASE("what is appended while some is on its way follows it") {
  OutputBuffer buffer;
  put(buffer, "abc");
  std::string sent = text_of(buffer.front().first(4));
  buffer.written(4);
  put(buffer, "def");
  buffer.ack(1);
  CHECK(buffer.waiting() == 7 + 11 + 17);
  sent += drained(buffer);
  CHECK(sent.substr(0, 11) == text_of(stream_of({"abc"})));
  CHECK(sent.substr(11 + 17) == text_of(stream_of({"def"})));
}

}  // namespace
}  // namespace quintet::ironkv
