// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "ironkv/window.hpp"

// Where a host puts what it has to say: the world around it, real or simulated. The host calls
// these within its own calls; of the host they may call what changes nothing.
namespace quintet::ironkv {

template <class S>
concept HostSink =
    requires(S& sink, PeerId peer, std::size_t bytes, std::uint64_t number, Bytes frame) {
      // Room for one frame to `peer`, which the host fills before it returns. Or nullptr: the peer
      // cannot be reached. Nothing is lost by that, the host sends the message again.
      { sink.frame(peer, bytes) } -> std::same_as<std::byte*>;
      // All messages of `peer` up to `number` were received. A later one replaces an earlier one,
      // so of several in a turn one has to go out.
      sink.ack(peer, number);
      // `frame` of `peer`, which may be the host itself, has changed the state: a durable host
      // writes append_record(peer, frame) to its journal, and lets out nothing of this turn before
      // it is durable.
      sink.executed(peer, frame);
    };

// Drops everything: for replaying a journal.
struct NullSink {
  std::byte* frame(PeerId, std::size_t) { return nullptr; }
  void ack(PeerId, std::uint64_t) {}
  void executed(PeerId, Bytes) {}
};
static_assert(HostSink<NullSink>);

}  // namespace quintet::ironkv
