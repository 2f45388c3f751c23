// SPDX-License-Identifier: MIT
#pragma once

#include "ironkv/host.hpp"

// Of HostOf (host.hpp): what a message does that single delivery lets through, once.
namespace quintet::ironkv {

template <Fault kFault>
template <HostSink Sink>
void HostOf<kFault>::execute(PeerId source, const MessageView& message, Sink& sink) {
  switch (message.kind) {
    case MessageKind::kGet:
    case MessageKind::kSet:
      execute_request(source, message, sink);
      break;
    case MessageKind::kShard:
      execute_shard(message, sink);
      break;
    case MessageKind::kDelegate:
      execute_delegate(source, message);
      break;
    case MessageKind::kReply:
    case MessageKind::kRedirect:
      break;  // no host asks for anything
  }
}

// Linearization point of Get and Set, where the key is ours.
template <Fault kFault>
template <HostSink Sink>
void HostOf<kFault>::execute_request(PeerId source, const MessageView& message, Sink& sink) {
  if (message.value.size() > kMostValueBytes) {
    ++counters_.refused_values;
    return;
  }
  const Key key = message.key;
  const PeerId owner = map_.owner(key);
  if (owner != options_.me && kFault != Fault::kServesForeignKeys) {
    ++counters_.redirects;
    send(source, {.kind = MessageKind::kRedirect, .owner = owner, .key = key}, sink);
    return;
  }
  Unacked reply{.kind = MessageKind::kReply, .key = key};
  if (message.kind == MessageKind::kGet) {
    ++counters_.gets;
    if (const Value* value = table_.find(key)) reply.value = *value;
  } else if (message.has_value || kFault == Fault::kAbsentAsEmpty) {
    ++counters_.sets;
    reply.value = pool_->make(message.value);
    table_.set(key, reply.value);
  } else {
    ++counters_.deletes;
    table_.erase(key);
  }
  send(source, std::move(reply), sink);
}

template <Fault kFault>
std::optional<PeerId> HostOf<kFault>::host_of(Bytes end_point) const {
  const std::optional<PeerId> known = peers_.find(end_point);
  if (known && is_host(*known)) return known;
  for (const auto& [name, host] : options_.aliases) {
    if (EndPointEqual()(name, end_point)) return host;
  }
  return std::nullopt;
}

// The refusals of the protocol; all are silent.
template <Fault kFault>
bool HostOf<kFault>::accepts_shard(const MessageView& message, std::optional<PeerId> to) const {
  if (message.range.is_empty() || !to || *to == options_.me) return false;
  if (delegations_ >= kMostDelegations - 2) return false;
  if (kFault != Fault::kShardNotOwner && !map_.owns(options_.me, message.range)) return false;
  return kFault == Fault::kShardTooMany ||
         table_.count(message.range, kMostDelegateKeys + 1) <= kMostDelegateKeys;
}

// The keys of `range`, which are no longer in the table then.
template <Fault kFault>
Delegated HostOf<kFault>::take(const KeyRange& range) {
  Delegated taken{.range = range};
  table_.visit(range, [&](Key key, const Value& value) {
    if (kFault == Fault::kShardSkipsKey && taken.count == 1) return false;
    append_entry(taken.entries, key, value.bytes());
    ++taken.count;
    return true;
  });
  if (kFault != Fault::kShardKeepsKeys) table_.erase(range);
  return taken;
}

template <Fault kFault>
template <HostSink Sink>
void HostOf<kFault>::execute_shard(const MessageView& message, Sink& sink) {
  const std::optional<PeerId> to = host_of(message.end_point);
  if (!accepts_shard(message, to)) {
    ++counters_.refused_shards;
    return;
  }
  ++delegations_;
  const Peer& peer = peers_[*to];
  if (!has_next_number(peer.acked, std::uint64_t{peer.window.size()})) return;
  Unacked delegate{.kind = MessageKind::kDelegate};
  delegate.delegated = std::make_unique<Delegated>(take(message.range));
  ++counters_.shards;
  counters_.keys_sent += delegate.delegated->count;
  if (kFault != Fault::kShardKeepsOwnership) map_.set(message.range, *to);
  send(*to, std::move(delegate), sink);
}

// Whether a Delegate is one that a host of this cluster makes.
template <Fault kFault>
bool HostOf<kFault>::accepts_delegate(PeerId source, const MessageView& message) const {
  if (kFault != Fault::kDelegateFromStranger && !is_host(source)) return false;
  if (message.range.is_empty() || message.table.count > kMostDelegateKeys) return false;
  if (delegations_ >= kMostDelegations - 2) return false;
  bool is_good = true;
  visit_table(message.table, [&](Key key, Bytes value) {
    is_good = is_good && message.range.contains(key) && value.size() <= kMostValueBytes;
  });
  return is_good;
}

template <Fault kFault>
void HostOf<kFault>::execute_delegate(PeerId source, const MessageView& message) {
  if (!accepts_delegate(source, message)) {
    ++counters_.refused_delegates;
    return;
  }
  ++delegations_;
  ++counters_.delegates;
  counters_.keys_received += message.table.count;
  if (kFault != Fault::kDelegateNotOwned) map_.set(message.range, options_.me);
  table_.erase(message.range);
  visit_table(message.table, [&](Key key, Bytes value) { table_.set(key, pool_->make(value)); });
}

}  // namespace quintet::ironkv
