// SPDX-License-Identifier: MIT
#include "baselines/ironfleet/host.hpp"

#include <algorithm>
#include <utility>

#include "baselines/ironfleet/marshalling.hpp"

namespace quintet::baselines::ironfleet {

using ironkv::kMostDelegateKeys;
using ironkv::kMostEndPointBytes;
using ironkv::kMostValueBytes;

Host::Host(Constants constants, Network& network)
    : constants_(std::move(constants)), network_(network), delegation_(constants_.hosts.front()) {}

void Host::act() {
  switch (action_) {
    case 0:
      receive_packet();
      break;
    case 1:
      process_packet();
      break;
    default:
      resend_in_time();
      break;
  }
  action_ = (action_ + 1) % kActions;
}

void Host::receive_packet() {
  const std::optional<Network::Received> arrived = network_.receive();
  if (!arrived) return;
  const std::optional<Single> content = parse(arrived->bytes);
  if (!content) return;
  const Packet packet{arrived->source, *content};
  if (const auto* ack = std::get_if<Ack>(&packet.content)) {
    delivery_.receive_ack(packet.source, ack->number);
    return;
  }
  if (received_) return;  // it is never full unless its message must not be carried out
  const std::uint64_t number = std::get<Numbered>(packet.content).number;
  const SingleDelivery::Arrival arrival = delivery_.receive(packet.source, number);
  if (arrival == SingleDelivery::Arrival::kEarly) return;
  network_.send(packet.source, marshal(Ack{number}));
  if (arrival == SingleDelivery::Arrival::kFresh) received_ = packet;
}

void Host::process_packet() {
  if (!received_) return;
  const Message message = std::get<Numbered>(received_->content).message;
  if (!may_process(message)) return;
  const EndPoint source = received_->source;
  received_.reset();
  std::visit([&](const auto& what) { execute(source, what); }, message);
}

void Host::resend_in_time() {
  rounds_ = (rounds_ + 1) % constants_.resend_period;
  if (rounds_ != 0) return;
  delivery_.visit_unacked(
      [&](const EndPoint& to, const Numbered& message) { network_.send(to, marshal(message)); });
}

void Host::send(const EndPoint& to, const Message& message) {
  const std::optional<Numbered> numbered = delivery_.send(to, message);
  if (numbered) network_.send(to, marshal(*numbered));
}

void Host::execute(const EndPoint& source, const Get& get) {
  const EndPoint owner = delegation_.owner(get.key);
  if (owner != me()) return send(source, Redirect{get.key, owner});
  const auto found = table_.find(get.key);
  const OptionalValue value = found == table_.end() ? OptionalValue() : found->second;
  send(source, Reply{get.key, value});
}

void Host::execute(const EndPoint& source, const Set& set) {
  if (set.value && set.value->size() > kMostValueBytes) return;
  const EndPoint owner = delegation_.owner(set.key);
  if (owner != me()) return send(source, Redirect{set.key, owner});
  if (set.value) {
    table_[set.key] = *set.value;
  } else {
    table_.erase(set.key);
  }
  send(source, Reply{set.key, set.value});
}

// Refusals are silent.
void Host::execute(const EndPoint&, const Shard& shard) {
  const EndPoint& to = shard.recipient;
  if (shard.range.is_empty() || to.size() > kMostEndPointBytes || to == me() || !is_host(to)) {
    return;
  }
  if (!delegation_.has_all(shard.range, me())) return;
  std::map<Key, Value> entries = entries_of(shard.range);
  if (entries.size() > kMostDelegateKeys) return;
  ++delegations_;
  if (!delivery_.can_send(to)) return;
  send(to, Delegate{shard.range, std::move(entries)});
  delegation_.set(shard.range, to);
  erase(shard.range);
}

void Host::execute(const EndPoint& source, const Delegate& delegate) {
  const auto is_long = [](const auto& entry) { return entry.second.size() > kMostValueBytes; };
  if (!is_host(source) || delegate.range.is_empty() || delegate.table.size() > kMostDelegateKeys ||
      std::ranges::any_of(delegate.table, is_long)) {
    return;
  }
  ++delegations_;
  delegation_.set(delegate.range, me());
  erase(delegate.range);
  for (const auto& [key, value] : delegate.table) table_[key] = value;
}

// A message that would be one delegation too many stays where it is, for ever.
bool Host::may_process(const Message& message) const {
  const bool delegates =
      std::holds_alternative<Shard>(message) || std::holds_alternative<Delegate>(message);
  return !delegates || delegations_ < kMostDelegations - 2;
}

bool Host::is_host(const EndPoint& id) const {
  return std::ranges::find(constants_.hosts, id) != constants_.hosts.end();
}

// Looks at the whole table: it has no order.
std::map<Key, Value> Host::entries_of(const KeyRange& range) const {
  std::map<Key, Value> entries;
  for (const auto& [key, value] : table_) {
    if (range.contains(key)) entries.emplace(key, value);
  }
  return entries;
}

void Host::erase(const KeyRange& range) {
  std::erase_if(table_, [&](const auto& entry) { return range.contains(entry.first); });
}

}  // namespace quintet::baselines::ironfleet
