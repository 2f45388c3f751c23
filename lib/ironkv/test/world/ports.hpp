// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>

#include "ironkv/test/world/cluster.hpp"

// Of Cluster (cluster.hpp): what hosts and clients do to the world, and what the oracle is told.
namespace quintet::ironkv::world {

template <Fault kFault>
std::byte* Cluster<kFault>::host_says(std::uint32_t me, PeerId to, std::size_t bytes) {
  // The fault is of whoever drives a durable host.
  if (!options_.crashes || kFault == Fault::kAckBeforeDurable) {
    return network_.send(me, to, bytes, random_);
  }
  hosts_[me].held.push_back({me, to, std::vector<std::byte>(bytes)});
  return hosts_[me].held.back().bytes.data();
}

// A message is about to take effect: what it must do, by the specification.
template <Fault kFault>
void Cluster<kFault>::host_executes(std::uint32_t me, PeerId source, Bytes frame) {
  HostNode& node = hosts_[me];
  if (options_.crashes) {
    node.fresh.emplace_back();
    node.host->append_record(source, frame, node.fresh.back());
  }
  const MessageView message = read_frame(frame)->message;
  const bool is_client = source >= options_.hosts && source != stranger();
  if (!is_judged() || !is_client || message.value.size() > kMostValueBytes) return;
  if (message.kind == MessageKind::kGet || message.kind == MessageKind::kSet) {
    expect_answer(me, source, message);
  }
}

template <Fault kFault>
void Cluster<kFault>::expect_answer(std::uint32_t me, PeerId source, const MessageView& message) {
  HostNode& node = hosts_[me];
  const Peer& peer = node.host->peers()[source];
  Expected expected{.number = peer.acked + peer.window.size() + 1,
                    .kind = MessageKind::kRedirect,
                    .key = message.key,
                    .value = {}};
  if (node.host->map().owner(message.key) == me) {
    expected.kind = MessageKind::kReply;
    if (message.kind == MessageKind::kGet) {
      expected.value = oracle_.value_of(message.key);
    } else {
      expected.value = stored_of(message.has_value, message.value);
      const Stored before = oracle_.execute_set(message.key, expected.value, step_);
      if (options_.crashes) {
        node.undo.push_back({node.fresh.size() - 1, message.key, expected.value, before});
      }
    }
  }
  auto& ring = node.expected[source - options_.hosts];
  ring[expected.number % kExpectedRing] = expected;
}

// What a host answers, at its first and every later arrival.
template <Fault kFault>
void Cluster<kFault>::check_answer(std::uint32_t host, std::uint32_t client, Bytes bytes) const {
  const std::optional<FrameView> frame = read_frame(bytes);
  demand(frame.has_value(), "P8: a host says what cannot be read");
  demand(frame_bytes(*frame) == bytes.size(), "P8: a frame has another length");
  if (frame->is_ack || !is_judged()) return;
  const Expected& expected = hosts_[host].expected[client][frame->number % kExpectedRing];
  if (expected.number != frame->number) {
    demand(expected.number > frame->number, "an answer to no request");
    return;  // an old one
  }
  const MessageView& message = frame->message;
  demand(message.kind == expected.kind && message.key == expected.key, "another answer is due");
  if (message.kind != MessageKind::kReply) return;
  demand(stored_of(message.has_value, message.value) == expected.value,
         "P1: the table holds another value");
}

template <Fault kFault>
void Cluster<kFault>::client_is_told(std::uint32_t client, std::uint64_t token,
                                     const Answer& answer) {
  if (token == kNoToken) return;
  demand(clients_[client].open > 0, "an answer to no call");
  --clients_[client].open;
  demand(answer.status != CallStatus::kUnknownOwner, "P4: an owner that is no host");
  if (answer.status == CallStatus::kTimedOut || options_.forgets) return oracle_.time_out(token);
  const Stored value = stored_of(answer.has_value, answer.value);
  if (options_.is_recorded) return note_answer(token, value);
  oracle_.answer(token, value, step_);
}

template <Fault kFault>
void Cluster<kFault>::note_call(const RegisterCall& call) {
  if (!options_.is_recorded) return;
  std::uint32_t caller = callers_made_;
  if (callers_.empty()) {
    ++callers_made_;
  } else {
    caller = callers_.back();
    callers_.pop_back();
  }
  history_.push_back({.caller = caller, .began = 2 * step_, .operation = call, .answer = {}});
}

// The caller of one that was never answered is not free again.
template <Fault kFault>
void Cluster<kFault>::note_answer(Token token, const Stored& value) {
  oracle_.time_out(token);  // it need not judge
  auto& call = history_[token - 1];
  call.answered = 2 * step_ + 1;
  call.answer = value;
  callers_.push_back(call.caller);
}

}  // namespace quintet::ironkv::world
