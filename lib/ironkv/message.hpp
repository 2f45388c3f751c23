// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ironkv/key_range.hpp"
#include "ironkv/value.hpp"

// What hosts and clients say to each other. The types are views: they point into the bytes that
// were received or that are to be sent, which have to live as long. The bytes are in wire.hpp.
// Source: IronFleet (SOSP 2015), section 5.2; byte format of the Verus port (SOSP 2024, section 6).
namespace quintet::ironkv {

// What names a host or a client: opaque bytes, fewer than 1 MiB; over TLS the SHA-256 of a key.
using EndPoint = std::vector<std::byte>;

inline constexpr std::size_t kMostEndPointBytes = 0xFFFFF;
// Of the keys and values in a Delegate, and of how many: as the reference's parser and host check.
inline constexpr std::size_t kMostDelegateBytes = 0x100000;
inline constexpr std::size_t kMostDelegateKeys = 61;

enum class MessageKind : std::uint8_t {
  kGet = 0,       // client: key
  kSet = 1,       // client: key and value, or none to delete
  kReply = 2,     // host: key and value, or none if absent; a Set's reply repeats what was set
  kRedirect = 3,  // host: key and end point of the host that has it
  kShard = 4,     // client: a range and the end point of the host that it goes to
  kDelegate = 5,  // host: a range and all keys and values in it
};

// Keys and values of a Delegate as they are on the wire, the keys ascending strictly.
struct TableView {
  std::uint64_t count = 0;
  Bytes bytes{};
};

// Members that the kind does not name are ignored.
struct MessageView {
  MessageKind kind{};
  Key key = 0;             // Get, Set, Reply, Redirect
  bool has_value = false;  // Set, Reply
  Bytes value{};           // empty without one
  Bytes end_point{};       // Redirect: of the owner; Shard: of the recipient
  KeyRange range{};        // Shard, Delegate
  TableView table{};       // Delegate
};

// What travels in one piece: a numbered message, or the acknowledgement of all up to a number.
struct FrameView {
  bool is_ack = false;
  std::uint64_t number = 0;
  Bytes destination{};  // not of an acknowledgement; written, but nobody acts on it
  MessageView message{};
};

}  // namespace quintet::ironkv
