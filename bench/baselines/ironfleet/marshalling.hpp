// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "baselines/ironfleet/messages.hpp"

// Messages to bytes and back, in the format of lib/ironkv/wire.hpp. Writing goes the long way of a
// generic marshaller: the message becomes a tree, the tree is walked for its size and then once
// more for its bytes, which go into a new buffer. Pure functions.
namespace quintet::baselines::ironfleet {

[[nodiscard]] Buffer marshal(const Single& message);

// None for bytes that are not exactly one message.
[[nodiscard]] std::optional<Single> parse(Bytes bytes);

}  // namespace quintet::baselines::ironfleet
