// SPDX-License-Identifier: MIT
#pragma once

#include "ironkv/client_core.hpp"

// Of ClientCoreOf (client_core.hpp): the conversations with the hosts.
namespace quintet::ironkv {

// The request at `place` of the window. Returns whether the server can be reached.
template <Fault kFault>
template <ClientSink Sink>
bool ClientCoreOf<kFault>::transmit(ServerId server, std::size_t place, Sink& sink) {
  Channel& channel = channels_[server];
  const Call& call = calls_[channel.window.at(place)];
  FrameView frame{.number = channel.finished + 1 + place, .destination = options_.servers[server]};
  frame.message = {
      .kind = call.kind, .key = call.key, .has_value = call.has_value, .range = call.range};
  if (call.value) frame.message.value = call.value.bytes();
  if (call.kind == MessageKind::kShard) {
    frame.message.end_point = options_.servers[call.recipient];
  }
  std::byte* const at = sink.frame(server, frame_bytes(frame));
  if (at == nullptr) return false;
  write_frame(frame, at);
  channel.said = std::max(channel.said, frame.number);
  return true;
}

template <Fault kFault>
template <ClientSink Sink>
void ClientCoreOf<kFault>::resend(ServerId server, Sink& sink) {
  Channel& channel = channels_[server];
  if (kFault == Fault::kNewNumberOnResend && !channel.window.is_empty()) {
    const CallId again = channel.window.front();
    channel.window.push(again);
    transmit(server, channel.window.size() - 1, sink);
    return;
  }
  const std::uint64_t received = std::max(channel.acked, channel.finished) - channel.finished;
  for (std::size_t place = received; place < channel.window.size(); ++place) {
    if (!transmit(server, place, sink)) return;
    ++counters_.resent;
  }
}

template <Fault kFault>
template <ClientSink Sink>
void ClientCoreOf<kFault>::on_connected(ServerId server, Sink& sink) {
  Channel& channel = channels_[server];
  if (kFault == Fault::kForgetsOnReconnect) {
    channel.acked = channel.finished + channel.window.size();
  }
  resend(server, sink);
  channel.resend_after = options_.resend_after;
  channel.resend_at = now_ + channel.resend_after;
}

template <Fault kFault>
template <ClientSink Sink>
void ClientCoreOf<kFault>::on_tick(std::uint64_t now, Sink& sink) {
  now_ = std::max(now_, now);
  for (ServerId server = 0; server < channels_.size(); ++server) {
    Channel& channel = channels_[server];
    if (channel.last_acked < channel.last_received && now_ >= channel.ack_at) {
      acknowledge(server, channel, sink);
    }
    if (channel.window.is_empty() || now_ < channel.resend_at) continue;
    resend(server, sink);
    channel.resend_after = std::min(2 * channel.resend_after, options_.resend_most);
    channel.resend_at = now_ + channel.resend_after;
  }
  expire(sink);
  wake(sink);
}

template <Fault kFault>
template <ClientSink Sink>
void ClientCoreOf<kFault>::acknowledge(ServerId server, Channel& channel, Sink& sink) {
  channel.last_acked = channel.last_received;
  sink.ack(server, channel.last_received);
}

template <Fault kFault>
template <ClientSink Sink>
void ClientCoreOf<kFault>::on_frame(ServerId server, Bytes bytes, Sink& sink) {
  Channel& channel = channels_[server];
  const std::optional<FrameView> frame = read_frame(bytes);
  if (!frame) {
    ++counters_.bad_frames;
    return;
  }
  if (frame->is_ack) {
    receive_ack(channel, frame->number);
    finish_shards(channel, channel.acked, sink);
    return refill(server, sink);
  }
  const Arrival arrival = arrival_of(frame->number, channel.last_received);
  if (arrival == Arrival::kGap) {
    ++counters_.gaps;
    return;
  }
  if (arrival == Arrival::kDuplicate && kFault != Fault::kAnswersUnfiltered) {
    ++counters_.duplicates;  // an acknowledgement of ours may be lost
    return acknowledge(server, channel, sink);
  }
  if (!receive_answer(server, frame->message, sink)) {
    ++counters_.bad_frames;
    return;
  }
  channel.last_received = frame->number;
  if (channel.last_received - channel.last_acked == 1) channel.ack_at = now_ + options_.ack_after;
  if (channel.last_received - channel.last_acked >= options_.ack_every) {
    acknowledge(server, channel, sink);
  }
  finish_shards(channel, channel.acked, sink);  // those that were behind what is answered
  refill(server, sink);
}

template <Fault kFault>
void ClientCoreOf<kFault>::receive_ack(Channel& channel, std::uint64_t number) {
  const std::uint64_t base = std::max(channel.acked, channel.finished);
  const std::uint64_t unacked = channel.finished + channel.window.size() - base;
  const std::uint64_t settled = settled_by<Fault::kNone>(number, base, unacked);
  if (settled == 0) return;
  channel.acked = base + settled;
  channel.resend_after = options_.resend_after;
  channel.resend_at = now_ + channel.resend_after;
}

// Shards at the front of the window that the server has received, as nothing answers them.
template <Fault kFault>
template <ClientSink Sink>
void ClientCoreOf<kFault>::finish_shards(Channel& channel, std::uint64_t up_to, Sink& sink) {
  while (!channel.window.is_empty() && channel.finished < up_to) {
    const CallId id = channel.window.front();
    if (calls_[id].kind != MessageKind::kShard) return;
    channel.window.pop();
    ++channel.finished;
    if (!calls_[id].is_told) tell(id, {.status = CallStatus::kDone}, sink);
    release(id);
  }
}

// C2: of the oldest Get or Set. Returns whether it can be; if not, nothing has changed.
template <Fault kFault>
template <ClientSink Sink>
bool ClientCoreOf<kFault>::receive_answer(ServerId server, const MessageView& message, Sink& sink) {
  Channel& channel = channels_[server];
  if (message.kind != MessageKind::kReply && message.kind != MessageKind::kRedirect) return false;
  std::size_t shards = 0;
  const auto is_shard = [&](std::size_t place) {
    return calls_[channel.window.at(place)].kind == MessageKind::kShard;
  };
  while (shards < channel.window.size() && is_shard(shards)) ++shards;
  if (shards == channel.window.size()) return false;
  const CallId id = channel.window.at(shards);
  if (calls_[id].key != message.key) return false;
  // What is answered was received, and so were the ones before it.
  finish_shards(channel, channel.finished + shards, sink);
  channel.window.pop();
  ++channel.finished;
  ++counters_.answers;
  channel.resend_after = options_.resend_after;
  channel.resend_at = now_ + channel.resend_after;
  if (message.kind == MessageKind::kRedirect) {
    follow(id, message.end_point, sink);
    return true;
  }
  if (!calls_[id].is_told) {
    tell(id, {CallStatus::kDone, message.has_value, message.value}, sink);
  }
  release(id);
  return true;
}

template <Fault kFault>
void ClientCoreOf<kFault>::check_invariants() const {
  std::size_t open = 0;
  for (const Call& call : calls_) open += call.state != State::kFree && !call.is_told ? 1 : 0;
  QT_CHECK(open == open_);
  for (const Channel& channel : channels_) {
    QT_CHECK(channel.acked <= channel.finished + channel.window.size());
    QT_CHECK(channel.said <= channel.finished + channel.window.size());
    QT_CHECK(channel.last_acked <= channel.last_received);
    for (std::size_t i = 0; i < channel.window.size(); ++i) {
      QT_CHECK(calls_[channel.window.at(i)].state == State::kSent);
    }
  }
}

}  // namespace quintet::ironkv
