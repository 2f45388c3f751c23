// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "ironkv/message.hpp"
#include "ironkv/ring.hpp"

// What one end point still has to acknowledge: messages numbered without a hole. They are kept as
// what they say, not as bytes: an answer shares its value with the table.
namespace quintet::ironkv {

using PeerId = std::uint32_t;  // an end point that a host knows, in the order of acquaintance

struct Delegated {
  KeyRange range{};
  std::uint64_t count = 0;
  std::vector<std::byte> entries{};  // as in a TableView
};

struct Unacked {
  MessageKind kind{};  // Reply, Redirect or Delegate
  PeerId owner = 0;    // Redirect
  Key key = 0;         // Reply, Redirect
  Value value{};       // Reply; none: the key is absent
  std::unique_ptr<Delegated> delegated{};
};

// The oldest is numbered acked + 1.
using Window = Ring<Unacked>;

}  // namespace quintet::ironkv
