// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "ironkv/host.hpp"

// Of HostOf (host.hpp): its making, and single delivery in both directions.
namespace quintet::ironkv {

template <Fault kFault>
Result<HostOf<kFault>> HostOf<kFault>::create(HostOptions options) {
  const std::vector<EndPoint> hosts = options.hosts;
  if (hosts.empty()) return std::unexpected(Error::kNoHosts);
  if (options.me >= hosts.size()) return std::unexpected(Error::kUnknownHost);
  for (const auto& [name, host] : options.aliases) {
    if (host >= hosts.size()) return std::unexpected(Error::kUnknownHost);
  }
  if (options.max_peers < hosts.size() || options.max_unacked == 0 || options.reshard_window == 0 ||
      options.resend_after == 0 || options.resend_most < options.resend_after) {
    return std::unexpected(Error::kBadOption);
  }
  HostOf host(std::move(options));
  for (const EndPoint& end_point : hosts) {
    if (end_point.size() > kMostEndPointBytes) return std::unexpected(Error::kEndPointTooLong);
    if (host.peers_.find(end_point)) return std::unexpected(Error::kDuplicateHost);
    host.peers_.add(end_point);
  }
  return host;
}

template <Fault kFault>
Result<PeerId> HostOf<kFault>::peer(Bytes end_point) {
  if (const auto known = peers_.find(end_point)) return *known;
  if (end_point.size() > kMostEndPointBytes) return std::unexpected(Error::kEndPointTooLong);
  if (peers_.known() >= options_.max_peers) return std::unexpected(Error::kTooManyPeers);
  return peers_.add(end_point);
}

template <Fault kFault>
void HostOf<kFault>::forget(PeerId client) {
  QT_CHECK(!is_host(client), "a host cannot be forgotten");
  peers_.forget(client);
}

template <Fault kFault>
template <HostSink Sink>
Outcome HostOf<kFault>::on_frame(PeerId source, Bytes frame, Sink& sink) {
  QT_ASSERT(source < peers_.end() && peers_[source].is_known);
  if (source == options_.me) return Outcome::kBad;  // only advance() speaks for this host
  const Outcome outcome = receive(source, frame, false, sink);
  if (reshards_open_ > 0) advance(sink);
  return outcome;
}

template <Fault kFault>
template <HostSink Sink>
Outcome HostOf<kFault>::receive(PeerId source, Bytes bytes, bool is_replay, Sink& sink) {
  const std::optional<FrameView> frame = read_frame(bytes);
  if (!frame) {
    ++counters_.bad_frames;
    return Outcome::kBad;
  }
  if (frame->is_ack) {
    receive_ack(source, frame->number);
    return Outcome::kAck;
  }
  Peer& peer = peers_[source];
  const Arrival arrival = arrival_of<kFault>(frame->number, peer.last_received);
  if (arrival == Arrival::kGap) {
    ++counters_.gaps;
    if (kFault == Fault::kGapAcknowledged) sink.ack(source, frame->number);
    return Outcome::kGap;
  }
  if (arrival == Arrival::kDuplicate) {
    ++counters_.duplicates;
    sink.ack(source, frame->number);
    return Outcome::kDuplicate;
  }
  // Only clients wait: between hosts it is the sender of Delegates who keeps within bounds.
  if (!is_replay && !is_host(source) && peer.window.size() >= options_.max_unacked) {
    ++counters_.full_windows;
    return Outcome::kFull;
  }
  peer.last_received = frame->number;
  sink.executed(source, bytes);
  if (source != options_.me) sink.ack(source, frame->number);
  execute(source, frame->message, sink);
  return Outcome::kExecuted;
}

template <Fault kFault>
void HostOf<kFault>::receive_ack(PeerId source, std::uint64_t number) {
  Peer& peer = peers_[source];
  const std::uint64_t settled =
      settled_by<kFault>(number, peer.acked, std::uint64_t{peer.window.size()});
  ++counters_.acks;
  if (settled == 0) {
    if (number > peer.acked) ++counters_.bad_acks;
    return;
  }
  for (std::uint64_t i = 0; i < settled; ++i) peer.window.pop();
  peer.acked += settled;
  peer.resend_after = options_.resend_after;
  peer.resend_at = now_ + peer.resend_after;
}

// Returns whether the message got a number.
template <Fault kFault>
template <HostSink Sink>
bool HostOf<kFault>::send(PeerId to, Unacked message, Sink& sink) {
  Peer& peer = peers_[to];
  if (!has_next_number(peer.acked, std::uint64_t{peer.window.size()})) return false;
  if (peer.window.is_empty()) {
    peer.resend_after = options_.resend_after;
    peer.resend_at = now_ + peer.resend_after;
  }
  const Unacked& kept = peer.window.push(std::move(message));
  transmit(to, peer.acked + peer.window.size(), kept, sink);
  return true;
}

template <Fault kFault>
FrameView HostOf<kFault>::frame_of(const Peer& to, std::uint64_t number,
                                   const Unacked& message) const {
  FrameView frame{.number = number, .destination = to.end_point};
  frame.message.kind = message.kind;
  frame.message.key = message.key;
  switch (message.kind) {
    case MessageKind::kReply:
      frame.message.has_value = bool(message.value);
      if (message.value) frame.message.value = message.value.bytes();
      break;
    case MessageKind::kRedirect:
      frame.message.end_point = peers_[message.owner].end_point;
      break;
    default:
      frame.message.range = message.delegated->range;
      frame.message.table = {message.delegated->count, message.delegated->entries};
      break;
  }
  return frame;
}

// Returns whether the peer can be reached.
template <Fault kFault>
template <HostSink Sink>
bool HostOf<kFault>::transmit(PeerId to, std::uint64_t number, const Unacked& message, Sink& sink) {
  const FrameView frame = frame_of(peers_[to], number, message);
  std::byte* const at = sink.frame(to, frame_bytes(frame));
  if (at == nullptr) return false;
  write_frame(frame, at);
  return true;
}

template <Fault kFault>
template <HostSink Sink>
void HostOf<kFault>::resend(PeerId to, Sink& sink) {
  const Peer& peer = peers_[to];
  const std::size_t first =
      kFault == Fault::kResendOnlyLast && !peer.window.is_empty() ? peer.window.size() - 1 : 0;
  for (std::size_t i = first; i < peer.window.size(); ++i) {
    if (!transmit(to, peer.acked + 1 + i, peer.window.at(i), sink)) return;
    ++counters_.resent;
  }
}

template <Fault kFault>
template <HostSink Sink>
void HostOf<kFault>::on_tick(std::uint64_t now, Sink& sink) {
  now_ = std::max(now_, now);
  for (PeerId id = 0; id < peers_.end(); ++id) {
    Peer& peer = peers_[id];
    if (peer.window.is_empty() || now_ < peer.resend_at) continue;
    resend(id, sink);
    peer.resend_after = std::min(2 * peer.resend_after, options_.resend_most);
    peer.resend_at = now_ + peer.resend_after;
  }
  if (reshards_open_ > 0) advance(sink);
}

template <Fault kFault>
template <HostSink Sink>
void HostOf<kFault>::on_connected(PeerId peer, Sink& sink) {
  resend(peer, sink);
  peers_[peer].resend_after = options_.resend_after;
  peers_[peer].resend_at = now_ + options_.resend_after;
}

}  // namespace quintet::ironkv
