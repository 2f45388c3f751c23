// SPDX-License-Identifier: MIT
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "ironkv/test/collecting_sinks.hpp"
#include "ironkv/wire.hpp"
#include "testing/rapidcheck.hpp"

// P8: what is written is read back equal; and no two strings of bytes are read as the same frame,
// since what is read is written to the same bytes.
namespace quintet::ironkv {
namespace {

using Buffer = std::vector<std::byte>;

Buffer bytes_up_to(std::size_t most) {
  const auto size = *rc::gen::inRange<std::size_t>(0, most + 1);
  const auto raw =
      *rc::gen::container<std::vector<std::uint8_t>>(size, rc::gen::arbitrary<std::uint8_t>());
  Buffer bytes;
  for (const std::uint8_t byte : raw) bytes.push_back(std::byte{byte});
  return bytes;
}

std::uint64_t word() {
  return *rc::gen::oneOf(rc::gen::inRange<std::uint64_t>(0, 300),
                         rc::gen::arbitrary<std::uint64_t>(), rc::gen::just(~std::uint64_t{0}));
}

KeyBound<Key> bound() {
  return *rc::gen::inRange(0, 4) == 0 ? KeyBound<Key>::infinity() : KeyBound<Key>::at(word());
}

// A frame and what its views point to.
struct Owned {
  Buffer destination, value, end_point, table;
  FrameView frame;
  [[nodiscard]] Buffer bytes() const { return bytes_of(frame); }
};

void fill_table(Owned& owned) {
  std::set<Key> keys;
  for (int i = *rc::gen::inRange(0, 6); i > 0; --i) keys.insert(word());
  for (const Key key : keys) append_entry(owned.table, key, bytes_up_to(9));
  owned.frame.message.table = {keys.size(), owned.table};
}

void fill(Owned& owned) {
  FrameView& frame = owned.frame;
  frame.number = word();
  frame.is_ack = *rc::gen::inRange(0, 8) == 0;
  if (frame.is_ack) return;
  owned.destination = bytes_up_to(8);
  frame.destination = owned.destination;
  MessageView& message = frame.message;
  message.kind = static_cast<MessageKind>(*rc::gen::inRange(0, 6));
  if (message.kind <= MessageKind::kRedirect) message.key = word();
  if (message.kind == MessageKind::kSet || message.kind == MessageKind::kReply) {
    message.has_value = *rc::gen::arbitrary<bool>();
    if (message.has_value) owned.value = bytes_up_to(30);
    message.value = owned.value;
  }
  if (message.kind == MessageKind::kRedirect || message.kind == MessageKind::kShard) {
    owned.end_point = bytes_up_to(40);
    message.end_point = owned.end_point;
  }
  if (message.kind >= MessageKind::kShard) message.range = {bound(), bound()};
  if (message.kind == MessageKind::kDelegate) fill_table(owned);
}

bool same(Bytes a, Bytes b) { return EndPointEqual()(a, b); }

void check_equal(const FrameView& a, const FrameView& b) {
  RC_ASSERT(a.is_ack == b.is_ack);
  RC_ASSERT(a.number == b.number);
  RC_ASSERT(same(a.destination, b.destination));
  RC_ASSERT(a.message.kind == b.message.kind);
  RC_ASSERT(a.message.key == b.message.key);
  RC_ASSERT(a.message.has_value == b.message.has_value);
  RC_ASSERT(same(a.message.value, b.message.value));
  RC_ASSERT(same(a.message.end_point, b.message.end_point));
  RC_ASSERT((a.message.range == b.message.range));
  RC_ASSERT(a.message.table.count == b.message.table.count);
  RC_ASSERT(same(a.message.table.bytes, b.message.table.bytes));
}

// One byte changed, put in, taken out, or some cut off.
void spoil(Buffer& bytes) {
  const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size() + 1);
  const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
  switch (*rc::gen::inRange(0, 6)) {
    case 0:
      bytes.insert(place, std::byte{*rc::gen::arbitrary<std::uint8_t>()});
      break;
    case 1:
      if (at < bytes.size()) bytes.erase(place);
      break;
    case 2:
      bytes.resize(at);
      break;
    case 3:
      if (at < bytes.size()) bytes[at] = std::byte{1};
      break;
    default:
      if (at < bytes.size()) bytes[at] ^= static_cast<std::byte>(1U << *rc::gen::inRange(0, 8));
  }
}

// Whether they are read; if so, they must be written to themselves.
bool is_accepted(const Buffer& bytes) {
  const std::optional<FrameView> read = read_frame(bytes);
  if (!read) return false;
  RC_ASSERT(frame_bytes(*read) == bytes.size());
  RC_ASSERT(same(bytes_of(*read), bytes));
  return true;
}

bool is_within(Bytes part, Bytes whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

TEST_CASE("a frame is read back as it was written P8") {
  rc::prop("equal in every member and written to the same bytes", [] {
    Owned owned;
    fill(owned);
    const Buffer bytes = owned.bytes();
    RC_ASSERT(bytes.size() == frame_bytes(owned.frame));
    const std::optional<FrameView> read = read_frame(bytes);
    RC_ASSERT(read.has_value());
    check_equal(*read, owned.frame);
    RC_ASSERT(same(bytes_of(*read), bytes));
  });
}

TEST_CASE("spoilt bytes are refused or written to the same bytes again P8") {
  rc::prop("injective and within the bytes given", [] {
    Owned owned;
    fill(owned);
    Buffer bytes = owned.bytes();
    for (int i = *rc::gen::inRange(1, 4); i > 0; --i) spoil(bytes);
    const std::optional<FrameView> read = read_frame(bytes);
    if (!read) return;
    RC_ASSERT(is_within(read->destination, bytes));
    RC_ASSERT(is_within(read->message.value, bytes));
    RC_ASSERT(is_within(read->message.end_point, bytes));
    RC_ASSERT(is_within(read->message.table.bytes, bytes));
    RC_ASSERT(is_accepted(bytes));
  });
}

TEST_CASE("each byte of a frame says something P8") {
  std::size_t accepted = 0;
  std::size_t refused = 0;
  rc::prop("set to what tags and lengths are it is refused or another frame", [&] {
    Owned owned;
    fill(owned);
    const Buffer bytes = owned.bytes();
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      for (const unsigned value : {0U, 1U, 2U, 5U, 255U}) {
        Buffer changed = bytes;
        changed[at] = static_cast<std::byte>(value);
        ++(is_accepted(changed) ? accepted : refused);
      }
    }
  });
  CHECK(accepted > 1000);
  CHECK(refused > 1000);
}

TEST_CASE("the entries of a table are those that were appended") {
  rc::prop("in number and order", [] {
    Owned owned;
    fill_table(owned);
    std::uint64_t visited = 0;
    std::optional<Key> last;
    Buffer again;
    visit_table(owned.frame.message.table, [&](Key key, Bytes value) {
      RC_ASSERT((!last || *last < key));
      last = key;
      ++visited;
      append_entry(again, key, value);
    });
    RC_ASSERT(visited == owned.frame.message.table.count);
    RC_ASSERT(same(again, owned.table));
  });
}

}  // namespace quintet::ironkv
