// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

#include "base/assert.hpp"
#include "ironkv/message.hpp"

// The bytes of a frame, as the Verus port of IronKV has them (README, "On the wire"). Numbers are
// 64 bits, low byte first; bytes(x) is a length and x; an optional is 00, or 01 and the thing.
//
//   frame    00 number bytes(destination) message | 01 number
//   message  00 key | 01 key opt(bytes) | 02 key opt(bytes) | 03 key bytes(end point)
//            | 04 range bytes(end point) | 05 range count (key bytes(value))...
//   range    opt(low) opt(high), where none stands for infinity
//
// Reading allocates nothing, stays within the bytes given, and refuses what is left over: so a
// frame that is read is written to the same bytes again. Threading: pure functions.
namespace quintet::ironkv {

inline constexpr std::size_t kAckBytes = 9;

[[nodiscard]] inline std::uint64_t load_le64(const std::byte* at) {
  std::uint64_t value;
  std::memcpy(&value, at, sizeof(value));
  return std::endian::native == std::endian::little ? value : __builtin_bswap64(value);
}
inline std::byte* store_le64(std::byte* at, std::uint64_t value) {
  if (std::endian::native != std::endian::little) value = __builtin_bswap64(value);
  std::memcpy(at, &value, sizeof(value));
  return at + sizeof(value);
}
inline std::byte* store_byte(std::byte* at, unsigned value) {
  *at = static_cast<std::byte>(value);
  return at + 1;
}
inline std::byte* store_bytes(std::byte* at, Bytes bytes) {
  at = store_le64(at, bytes.size());
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

// Reads from the front of some bytes. After a read that failed all further ones fail.
class WireReader {
 public:
  explicit WireReader(Bytes bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  [[nodiscard]] bool is_good() const { return is_good_; }
  [[nodiscard]] bool is_done() const { return is_good_ && at_ == end_; }

  std::uint64_t number() { return has(8) ? load_le64(std::exchange(at_, at_ + 8)) : 0; }
  unsigned byte() { return has(1) ? std::to_integer<unsigned>(*at_++) : 0; }
  // A length of at most `most`, and as many bytes.
  Bytes bytes(std::uint64_t most = ~std::uint64_t{0}) {
    const std::uint64_t size = number();
    if (size > most || !has(size)) return fail();
    return {std::exchange(at_, at_ + size), static_cast<std::size_t>(size)};
  }
  // 00 or 01, which says that something follows.
  bool is_present() {
    const unsigned tag = byte();
    if (tag > 1) fail();
    return is_good_ && tag == 1;
  }
  // What was read since `left()` was `before`.
  [[nodiscard]] Bytes since(std::size_t before) const {
    return {at_ - (before - left()), before - left()};
  }
  Bytes fail() {
    is_good_ = false;
    return {};
  }

 private:
  bool has(std::uint64_t size) {
    is_good_ = is_good_ && size <= left();
    return is_good_;
  }
  const std::byte* at_;
  const std::byte* end_;
  bool is_good_ = true;
};

namespace internal {

inline KeyBound<Key> read_bound(WireReader& reader) {
  return reader.is_present() ? KeyBound<Key>::at(reader.number()) : KeyBound<Key>::infinity();
}
inline KeyRange read_range(WireReader& reader) {
  const KeyBound<Key> low = read_bound(reader);
  return {low, read_bound(reader)};
}

inline TableView read_table(WireReader& reader) {
  const std::uint64_t count = reader.number();
  const std::size_t before = reader.left();
  std::optional<Key> last;
  for (std::uint64_t i = 0; i < count && reader.is_good(); ++i) {
    const Key key = reader.number();
    if (last && key <= *last) reader.fail();
    last = key;
    reader.bytes();
  }
  if (!reader.is_good()) return {};
  if (before - reader.left() > kMostDelegateBytes) reader.fail();
  return {count, reader.since(before)};
}

inline void read_message(WireReader& reader, MessageView& message) {
  const unsigned tag = reader.byte();
  message.kind = static_cast<MessageKind>(tag);
  switch (message.kind) {
    case MessageKind::kGet:
      message.key = reader.number();
      break;
    case MessageKind::kSet:
    case MessageKind::kReply:
      message.key = reader.number();
      message.has_value = reader.is_present();
      if (message.has_value) message.value = reader.bytes();
      break;
    case MessageKind::kRedirect:
      message.key = reader.number();
      message.end_point = reader.bytes(kMostEndPointBytes);
      break;
    case MessageKind::kShard:
      message.range = read_range(reader);
      message.end_point = reader.bytes(kMostEndPointBytes);
      break;
    case MessageKind::kDelegate:
      message.range = read_range(reader);
      message.table = read_table(reader);
      break;
    default:
      reader.fail();
  }
}

inline std::size_t bound_bytes(const KeyBound<Key>& bound) { return bound.is_infinite ? 1 : 9; }
inline std::byte* store_bound(std::byte* at, const KeyBound<Key>& bound) {
  at = store_byte(at, bound.is_infinite ? 0 : 1);
  return bound.is_infinite ? at : store_le64(at, bound.key);
}

inline std::size_t message_bytes(const MessageView& message) {
  switch (message.kind) {
    case MessageKind::kGet:
      return 1 + 8;
    case MessageKind::kSet:
    case MessageKind::kReply:
      return 1 + 8 + 1 + (message.has_value ? 8 + message.value.size() : 0);
    case MessageKind::kRedirect:
      return 1 + 8 + 8 + message.end_point.size();
    case MessageKind::kShard:
    case MessageKind::kDelegate:
      break;
  }
  const std::size_t range = bound_bytes(message.range.low) + bound_bytes(message.range.high);
  const bool is_shard = message.kind == MessageKind::kShard;
  return 1 + range + 8 + (is_shard ? message.end_point : message.table.bytes).size();
}

inline std::byte* store_message(std::byte* at, const MessageView& message) {
  at = store_byte(at, static_cast<unsigned>(message.kind));
  switch (message.kind) {
    case MessageKind::kGet:
      return store_le64(at, message.key);
    case MessageKind::kSet:
    case MessageKind::kReply:
      at = store_byte(store_le64(at, message.key), message.has_value ? 1 : 0);
      return message.has_value ? store_bytes(at, message.value) : at;
    case MessageKind::kRedirect:
      return store_bytes(store_le64(at, message.key), message.end_point);
    case MessageKind::kShard:
    case MessageKind::kDelegate:
      break;
  }
  at = store_bound(store_bound(at, message.range.low), message.range.high);
  if (message.kind == MessageKind::kShard) return store_bytes(at, message.end_point);
  at = store_le64(at, message.table.count);
  const Bytes table = message.table.bytes;
  if (!table.empty()) std::memcpy(at, table.data(), table.size());
  return at + table.size();
}

}  // namespace internal

// None for bytes that are not exactly one frame. O(bytes); no allocation.
// Views are filled in where they stay: copying one costs as much as reading it.
[[nodiscard]] inline std::optional<FrameView> read_frame(Bytes bytes) {
  WireReader reader(bytes);
  std::optional<FrameView> read(std::in_place);
  FrameView& frame = *read;
  const unsigned tag = reader.byte();
  frame.is_ack = tag == 1;
  frame.number = reader.number();
  if (!frame.is_ack) {
    frame.destination = reader.bytes(kMostEndPointBytes);
    internal::read_message(reader, frame.message);
  }
  if (tag > 1 || !reader.is_done()) read.reset();
  return read;
}

[[nodiscard]] inline std::size_t frame_bytes(const FrameView& frame) {
  if (frame.is_ack) return kAckBytes;
  return 1 + 8 + 8 + frame.destination.size() + internal::message_bytes(frame.message);
}

// An acknowledgement: kAckBytes to `at`; returns the end of them.
inline std::byte* write_ack(std::uint64_t number, std::byte* at) {
  return store_le64(store_byte(at, 1), number);
}

// Writes frame_bytes(frame) bytes to `at`; returns the end of them.
inline std::byte* write_frame(const FrameView& frame, std::byte* at) {
  if (frame.is_ack) return write_ack(frame.number, at);
  at = store_le64(store_byte(at, 0), frame.number);
  return internal::store_message(store_bytes(at, frame.destination), frame.message);
}

// Calls visit(key, value bytes) for each entry. Requires: a table that read_frame() accepted.
template <class Visit>
void visit_table(const TableView& table, Visit visit) {
  WireReader reader(table.bytes);
  for (std::uint64_t i = 0; i < table.count; ++i) {
    const Key key = reader.number();
    visit(key, reader.bytes());
  }
  QT_ASSERT(reader.is_done());
}

// Appends an entry to the bytes of a table.
inline void append_entry(std::vector<std::byte>& table, Key key, Bytes value) {
  const std::size_t before = table.size();
  table.resize(before + 16 + value.size());
  store_bytes(store_le64(table.data() + before, key), value);
}

}  // namespace quintet::ironkv
