// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ironkv/host.hpp"
#include "ironkv/test/collecting_sinks.hpp"

// One host, the messages that tests put to it, and what it says as text, one line for each frame:
//   "4: ack 1"  "4: reply 2 7=value"  "4: reply 3 7 absent"  "4: redirect 1 7 two"
//   "1: delegate 1 16-32 17=value"
// where the number in front is the end point that it goes to, in the order of acquaintance.
namespace quintet::ironkv {

using Texts = std::vector<std::string>;

inline constexpr Key kLastKey = ~Key{0};
inline constexpr std::uint64_t kLastNumber = ~std::uint64_t{0};

inline std::string text_of(Bytes bytes) { return std::string(EndPointHash::text(bytes)); }
inline std::string text_of(const KeyBound<Key>& bound) {
  return bound.is_infinite ? "end" : std::to_string(bound.key);
}

inline std::string describe(const MessageView& message, const std::string& number) {
  static constexpr const char* kNames[] = {"get", "set", "reply", "redirect", "shard", "delegate"};
  std::string text = kNames[static_cast<int>(message.kind)] + (" " + number);
  if (message.kind == MessageKind::kShard || message.kind == MessageKind::kDelegate) {
    text += " " + text_of(message.range.low) + "-" + text_of(message.range.high);
    if (message.kind == MessageKind::kShard) return text + " " + text_of(message.end_point);
    visit_table(message.table, [&](Key key, Bytes value) {
      text += " " + std::to_string(key) + "=" + text_of(value);
    });
    return text;
  }
  text += " " + std::to_string(message.key);
  if (message.kind == MessageKind::kGet) return text;
  if (message.kind == MessageKind::kRedirect) return text + " " + text_of(message.end_point);
  return text + (message.has_value ? "=" + text_of(message.value) : " absent");
}

inline std::string describe(Bytes bytes) {
  const std::optional<FrameView> frame = read_frame(bytes);
  if (!frame) return "not a frame";
  const std::string number = std::to_string(frame->number);
  return frame->is_ack ? "ack " + number : describe(frame->message, number);
}

inline Texts describe(const std::vector<SentFrame>& frames) {
  Texts texts;
  for (const SentFrame& frame : frames) {
    texts.push_back(std::to_string(frame.to) + ": " + describe(frame.bytes));
  }
  return texts;
}

// What is said. The views are of literals, or of what the caller keeps.
inline MessageView get(Key key) { return {.kind = MessageKind::kGet, .key = key}; }
inline MessageView set(Key key, Bytes value) {
  return {.kind = MessageKind::kSet, .key = key, .has_value = true, .value = value};
}
inline MessageView set(Key key, std::string_view value) { return set(key, bytes_of(value)); }
inline MessageView erase(Key key) { return {.kind = MessageKind::kSet, .key = key}; }
inline MessageView reply(Key key, std::string_view value) {
  return {.kind = MessageKind::kReply, .key = key, .has_value = true, .value = bytes_of(value)};
}
inline MessageView redirect(Key key, std::string_view owner) {
  return {.kind = MessageKind::kRedirect, .key = key, .end_point = bytes_of(owner)};
}
inline MessageView shard(const KeyRange& range, std::string_view recipient) {
  return {.kind = MessageKind::kShard, .end_point = bytes_of(recipient), .range = range};
}
inline MessageView delegate(const KeyRange& range, const std::vector<std::byte>& entries,
                            std::uint64_t count) {
  return {.kind = MessageKind::kDelegate, .range = range, .table = {count, entries}};
}
// `count` entries from `first` up with the same value.
inline std::vector<std::byte> entries(Key first, std::uint64_t count, std::string_view value) {
  std::vector<std::byte> table;
  for (std::uint64_t i = 0; i < count; ++i) append_entry(table, first + i, bytes_of(value));
  return table;
}

inline HostOptions three_hosts(PeerId me = 0) {
  return {.hosts = {end_point("one"), end_point("two"), end_point("three")}, .me = me};
}

class HostDriver {
 public:
  explicit HostDriver(HostOptions options = three_hosts())
      : host(*Host::create(std::move(options))) {}
  // As a snapshot has it.
  HostDriver(HostOptions options, Bytes snapshot) : HostDriver(std::move(options)) {
    QT_CHECK(host.restore(snapshot).has_value(), "a snapshot is refused");
  }

  Host host;
  CollectingSink sink;

  PeerId client(std::string_view name = "client") { return *host.peer(bytes_of(name)); }

  Outcome frame(PeerId source, Bytes bytes) { return host.on_frame(source, bytes, sink); }
  Outcome say_as(std::uint64_t number, PeerId source, const MessageView& message) {
    return frame(source, bytes_of(FrameView{.number = number, .message = message}));
  }
  // With the number that is due.
  Outcome say(PeerId source, const MessageView& message) {
    return say_as(host.peers()[source].last_received + 1, source, message);
  }
  Outcome ack(PeerId source, std::uint64_t number) {
    return frame(source, bytes_of(FrameView{.is_ack = true, .number = number}));
  }
  void tick(std::uint64_t now) { host.on_tick(now, sink); }
  // Since the last time.
  Texts told() { return describe(sink.take()); }

  [[nodiscard]] std::vector<std::byte> snapshot() const {
    std::vector<std::byte> bytes;
    host.save(bytes);
    return bytes;
  }
  [[nodiscard]] std::string value_of(Key key) const {
    const Value* value = host.table().find(key);
    return value == nullptr ? "absent" : text_of(value->bytes());
  }
};

}  // namespace quintet::ironkv
