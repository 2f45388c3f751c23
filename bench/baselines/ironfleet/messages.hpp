// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "ironkv/message.hpp"

// What the re-created host of IronFleet works on: messages that own all that they say, so that each
// step from one part of the host to the next copies bytes. The words of the protocol (keys, ranges,
// end points, its limits) are those of lib/ironkv.
namespace quintet::baselines::ironfleet {

using ironkv::Bytes;
using ironkv::EndPoint;
using ironkv::Key;
using ironkv::KeyRange;

using Buffer = std::vector<std::byte>;
using Value = std::vector<std::byte>;
using OptionalValue = std::optional<Value>;

struct EndPointHash {
  std::size_t operator()(const EndPoint& id) const {
    return std::hash<std::string_view>()({reinterpret_cast<const char*>(id.data()), id.size()});
  }
};
template <class T>
using ByEndPoint = std::unordered_map<EndPoint, T, EndPointHash>;

struct Get {
  Key key = 0;
};
struct Set {
  Key key = 0;
  OptionalValue value;  // none: delete
};
struct Reply {
  Key key = 0;
  OptionalValue value;
};
struct Redirect {
  Key key = 0;
  EndPoint owner;
};
struct Shard {
  KeyRange range{};
  EndPoint recipient;
};
struct Delegate {
  KeyRange range{};
  std::map<Key, Value> table;
};
// In the order of their tags.
using Message = std::variant<Get, Set, Reply, Redirect, Shard, Delegate>;

struct Ack {
  std::uint64_t number = 0;
};
struct Numbered {
  std::uint64_t number = 0;
  EndPoint destination;
  Message message;
};
using Single = std::variant<Numbered, Ack>;

// A message and who has sent it.
struct Packet {
  EndPoint source;
  Single content;
};

}  // namespace quintet::baselines::ironfleet
