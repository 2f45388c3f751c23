// SPDX-License-Identifier: MIT
#pragma once

#include "ironkv/client_core.hpp"

// Of ClientCoreOf (client_core.hpp): the calls, from begin to answer.
namespace quintet::ironkv {

template <Fault kFault>
Result<ClientCoreOf<kFault>> ClientCoreOf<kFault>::create(ClientOptions options) {
  const std::vector<EndPoint>& servers = options.servers;
  if (servers.empty()) return std::unexpected(Error::kNoHosts);
  for (std::size_t i = 0; i < servers.size(); ++i) {
    if (servers[i].size() > kMostEndPointBytes) return std::unexpected(Error::kEndPointTooLong);
    if (std::find(servers.begin(), servers.begin() + static_cast<std::ptrdiff_t>(i), servers[i]) !=
        servers.begin() + static_cast<std::ptrdiff_t>(i)) {
      return std::unexpected(Error::kDuplicateHost);
    }
  }
  if (options.max_calls == 0 || options.max_window == 0 || options.ack_every == 0 ||
      options.resend_after == 0 || options.resend_most < options.resend_after ||
      options.pause_first == 0 || options.pause_most < options.pause_first) {
    return std::unexpected(Error::kBadOption);
  }
  ClientCoreOf client(std::move(options));
  client.channels_.resize(client.options_.servers.size());
  return client;
}

template <Fault kFault>
template <ClientSink Sink>
Result<void> ClientCoreOf<kFault>::get(Key key, std::uint64_t token, std::uint64_t deadline,
                                       Sink& sink) {
  Call call{.kind = MessageKind::kGet, .key = key, .token = token, .deadline = deadline};
  return begin(std::move(call), owners_.owner(key), sink);
}

template <Fault kFault>
template <ClientSink Sink>
Result<void> ClientCoreOf<kFault>::set(Key key, std::optional<Bytes> value, std::uint64_t token,
                                       std::uint64_t deadline, Sink& sink) {
  // A host would take a number for it and never answer.
  if (value && value->size() > kMostValueBytes) return std::unexpected(Error::kValueTooLong);
  Call call{.kind = MessageKind::kSet,
            .has_value = value.has_value(),
            .key = key,
            .token = token,
            .deadline = deadline};
  if (value) call.value = pool_->make(*value);
  return begin(std::move(call), owners_.owner(key), sink);
}

template <Fault kFault>
template <ClientSink Sink>
Result<void> ClientCoreOf<kFault>::shard(ServerId from, const KeyRange& range, ServerId to,
                                         std::uint64_t token, std::uint64_t deadline, Sink& sink) {
  if (from >= channels_.size() || to >= channels_.size()) {
    return std::unexpected(Error::kUnknownHost);
  }
  if (from == to) return std::unexpected(Error::kMovesToItself);
  if (range.is_empty()) return std::unexpected(Error::kEmptyRange);
  return begin({.kind = MessageKind::kShard,
                .recipient = to,
                .range = range,
                .token = token,
                .deadline = deadline},
               from, sink);
}

template <Fault kFault>
template <ClientSink Sink>
Result<void> ClientCoreOf<kFault>::begin(Call call, ServerId server, Sink& sink) {
  // Those that timed out count as long as they are on their way.
  if (calls_.size() - free_.size() >= options_.max_calls) {
    return std::unexpected(Error::kTooManyCalls);
  }
  CallId id = static_cast<CallId>(calls_.size());
  if (free_.empty()) {
    calls_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  calls_[id] = std::move(call);
  ++open_;
  issue(id, server, sink);
  return {};
}

// Gives a call a number in the conversation with `server`, now or when there is room.
template <Fault kFault>
template <ClientSink Sink>
void ClientCoreOf<kFault>::issue(CallId id, ServerId server, Sink& sink) {
  Channel& channel = channels_[server];
  if (channel.window.size() >= options_.max_window) {
    calls_[id].state = State::kWaiting;
    channel.waiting.push(id);
    return;
  }
  calls_[id].state = State::kSent;
  if (channel.window.is_empty()) {
    channel.resend_after = options_.resend_after;
    channel.resend_at = now_ + channel.resend_after;
  }
  channel.window.push(id);
  transmit(server, channel.window.size() - 1, sink);
}

template <Fault kFault>
template <ClientSink Sink>
void ClientCoreOf<kFault>::refill(ServerId server, Sink& sink) {
  Channel& channel = channels_[server];
  while (!channel.waiting.is_empty() && channel.window.size() < options_.max_window) {
    const CallId id = channel.waiting.front();
    channel.waiting.pop();
    if (calls_[id].is_told) {
      release(id);
    } else {
      issue(id, server, sink);
    }
  }
}

// The key is another host's. After two rounds through all hosts the range must be on its way
// between two of them: then it is better to wait.
template <Fault kFault>
template <ClientSink Sink>
void ClientCoreOf<kFault>::follow(CallId id, Bytes end_point, Sink& sink) {
  Call& call = calls_[id];
  ++counters_.redirects;
  if (call.is_told) return release(id);
  const auto& servers = options_.servers;
  const auto owner = std::find_if(servers.begin(), servers.end(), [&](const EndPoint& server) {
    return EndPointEqual()(server, end_point);
  });
  if (owner == servers.end()) {
    tell(id, {.status = CallStatus::kUnknownOwner}, sink);
    return release(id);
  }
  const auto server = static_cast<ServerId>(owner - servers.begin());
  learn(call.key, server);
  const auto round = static_cast<std::uint32_t>(2 * servers.size());
  if (++call.hops % round != 0 || kFault == Fault::kRedirectAtOnce) {
    return issue(id, server, sink);
  }
  ++counters_.pauses;
  const std::uint32_t doubled = std::min(call.hops / round - 1, 20U);
  call.wake_at = now_ + std::min(options_.pause_first << doubled, options_.pause_most);
  call.state = State::kPaused;
  paused_.push_back(id);
}

template <Fault kFault>
template <ClientSink Sink>
void ClientCoreOf<kFault>::divert(ServerId server, ServerId other, Sink& sink) {
  Channel& channel = channels_[server];
  const std::uint64_t said = kFault == Fault::kDivertsSaid ? channel.acked : channel.said;
  std::vector<CallId> moved;
  while (!channel.window.is_empty() && channel.finished + channel.window.size() > said) {
    moved.push_back(channel.window.pop_newest());
  }
  std::reverse(moved.begin(), moved.end());
  for (; !channel.waiting.is_empty(); channel.waiting.pop()) {
    moved.push_back(channel.waiting.front());
  }
  channel.said = std::min(channel.said, channel.finished + channel.window.size());
  forget_owner(server, other);
  for (const CallId id : moved) {
    if (calls_[id].is_told) {
      release(id);
    } else {
      issue(id, calls_[id].kind == MessageKind::kShard ? server : other, sink);
    }
  }
}

// What is known to be with `server` is asked of `other`.
template <Fault kFault>
void ClientCoreOf<kFault>::forget_owner(ServerId server, ServerId other) {
  std::vector<typename DelegationMap<ServerId>::Entry> entries;
  for (const auto& [low, owner] : owners_.entries()) {
    const ServerId now = owner == server ? other : owner;
    if (entries.empty() || entries.back().owner != now) entries.push_back({low, now});
  }
  owners_.restore(std::move(entries));
}

template <Fault kFault>
void ClientCoreOf<kFault>::learn(Key key, ServerId owner) {
  constexpr std::size_t kMostIntervals = 1 << 16;
  if (owners_.entries().size() > kMostIntervals) owners_.set(KeyRange::all(), 0);
  owners_.set(KeyRange::only(key), owner);
}

template <Fault kFault>
template <ClientSink Sink>
void ClientCoreOf<kFault>::tell(CallId id, const Answer& answer, Sink& sink) {
  calls_[id].is_told = true;
  --open_;
  sink.done(calls_[id].token, answer);
}

template <Fault kFault>
void ClientCoreOf<kFault>::release(CallId id) {
  calls_[id] = Call();
  free_.push_back(id);
}

// Calls after their deadline. What is on its way keeps its number, as the next ones follow it.
template <Fault kFault>
template <ClientSink Sink>
void ClientCoreOf<kFault>::expire(Sink& sink) {
  for (CallId id = 0; id < calls_.size() && open_ > 0; ++id) {
    Call& call = calls_[id];
    if (call.state == State::kFree || call.is_told || now_ < call.deadline) continue;
    ++counters_.timeouts;
    tell(id, {.status = CallStatus::kTimedOut}, sink);
  }
}

template <Fault kFault>
template <ClientSink Sink>
void ClientCoreOf<kFault>::wake(Sink& sink) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < paused_.size(); ++i) {
    const CallId id = paused_[i];
    if (calls_[id].is_told) {
      release(id);
    } else if (now_ < calls_[id].wake_at) {
      paused_[kept++] = id;
    } else {
      issue(id, owners_.owner(calls_[id].key), sink);
    }
  }
  paused_.resize(kept);
}

}  // namespace quintet::ironkv
