// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "ironkv/test/world/cluster.hpp"

// Of Cluster (cluster.hpp): what may happen, and how often.
namespace quintet::ironkv::world {

namespace internal {

inline EndPoint name_of(char kind, std::uint32_t index) {
  return {static_cast<std::byte>(kind), static_cast<std::byte>(index)};
}
inline testing::NetworkFaults faults_of(const ClusterOptions& options) {
  return {.lost = options.loses ? 30U : 0U,
          .repeated = options.repeats ? 60U : 0U,
          .reorders = options.reorders,
          .most = 96};
}

}  // namespace internal

template <Fault kFault>
HostOptions Cluster<kFault>::host_options(std::uint32_t me) const {
  HostOptions options{
      .me = me, .reshard_window = 2, .resend_after = 50'000, .resend_most = 200'000};
  for (std::uint32_t h = 0; h < options_.hosts; ++h) {
    options.hosts.push_back(internal::name_of('h', h));
  }
  return options;
}

// As it was made durable last.
template <Fault kFault>
void Cluster<kFault>::start_host(std::uint32_t me) {
  HostNode& node = hosts_[me];
  auto made = Host::create(host_options(me));
  demand(made.has_value(), "a host is refused");
  node.host = std::make_unique<Host>(std::move(*made));
  // In the order of the nodes, so that their numbers are the host's.
  for (std::uint32_t c = 0; c <= options_.clients; ++c) {
    demand(node.host->peer(internal::name_of('c', c)) == node_of(c), "an end point is refused");
  }
  if (options_.forgets) node.introduction = {me, options_.hosts, ++nonce_};
  if (!node.snapshot.empty()) {
    demand(node.host->restore(node.snapshot).has_value(), "P12: a snapshot is refused");
  }
  for (const auto& record : node.journal) {
    demand(node.host->replay(record).has_value(), "P12: a record is refused");
  }
}

template <Fault kFault>
Cluster<kFault>::Cluster(const ClusterOptions& options, std::uint64_t seed)
    : options_(options),
      random_(seed),
      network_(options.hosts + options.clients + 1, internal::faults_of(options)),
      hosts_(options.hosts),
      clients_(options.clients) {
  for (std::uint32_t h = 0; h < options.hosts; ++h) {
    hosts_[h].expected.assign(options.clients, std::vector<Expected>(kExpectedRing));
    start_host(h);
  }
  for (ClientNode& node : clients_) {
    auto made = Client::create({.servers = host_options(0).hosts,
                                .max_window = 3,
                                .ack_every = 3,
                                .resend_after = 50'000,
                                .resend_most = 200'000});
    demand(made.has_value(), "a client is refused");
    node.client = std::make_unique<Client>(std::move(*made));
    node.reaches.assign(options.hosts, true);
  }
}

template <Fault kFault>
void Cluster<kFault>::step() {
  ++step_;
  const std::uint32_t event = random_.below(1000);
  if (event < 640 && network_.on_way() > 0) {
    deliver();
  } else if (event < 780) {
    call();
    now_ += random_.below(2'000);
  } else if (event < 880) {
    now_ += random_.below(60'000);
    tick(random_.below(options_.hosts + options_.clients));
  } else if (event < 950) {
    make_durable(any_host());
  } else if (event < 965) {
    if (options_.reshards) move_keys();
  } else if (event < 975) {
    if (options_.crashes) checkpoint(any_host());
  } else if (event < 980) {
    if (options_.crashes) crash(any_host());
    if (options_.forgets) lose_everything(any_host());
  } else if (event < 985) {
    if (options_.reconnects) reconnect(any_host(), any_client());
  } else if (event < 990) {
    if (options_.cuts) cut_or_heal();
  } else if (options_.has_stranger) {
    disturb();
  }
  if (!options_.is_recorded) check();
}

template <Fault kFault>
void Cluster<kFault>::deliver() {
  const testing::Packet* packet = network_.pick(random_);
  if (packet == nullptr) return;
  if (packet->to >= options_.hosts) {
    if (packet->to != stranger()) deliver_to_client(packet->to - options_.hosts, *packet);
    return;
  }
  if (options_.forgets && is_introduction(*packet)) return;
  HostPort port(*this, packet->to);
  hosts_[packet->to].host->on_frame(packet->from, packet->bytes, port);
  // Most turns are of one frame; the others are made durable together.
  if (random_.chance(600)) make_durable(packet->to);
}

template <Fault kFault>
void Cluster<kFault>::deliver_to_client(std::uint32_t client, const testing::Packet& packet) {
  check_answer(packet.from, client, packet.bytes);
  ClientPort port(*this, client);
  clients_[client].client->on_frame(packet.from, packet.bytes, port);
}

template <Fault kFault>
void Cluster<kFault>::call() {
  const std::uint32_t client = any_client();
  ClientNode& node = clients_[client];
  if (node.open >= options_.open_calls) return;
  const Key key = any_key();
  const bool is_set = random_.chance(600);
  const bool is_delete = is_set && random_.chance(250);
  const Token token = oracle_.begin(key, is_set, is_delete, step_);
  const std::uint64_t deadline = random_.chance(40) ? now_ + 200'000 : ~std::uint64_t{0};
  note_call({key, is_set, is_set && !is_delete ? Stored(token) : Stored()});
  ++node.open;
  ++calls_;
  ClientPort port(*this, client);
  std::array<std::byte, 8> value;
  store_le64(value.data(), token);
  if (!is_set) {
    demand(node.client->get(key, token, deadline, port).has_value(), "a Get is refused");
  } else {
    const std::optional<Bytes> bytes = is_delete ? std::nullopt : std::optional<Bytes>(value);
    demand(node.client->set(key, bytes, token, deadline, port).has_value(), "a Set is refused");
  }
}

template <Fault kFault>
void Cluster<kFault>::tick(std::uint32_t node) {
  if (node < options_.hosts) {
    HostPort port(*this, node);
    hosts_[node].host->on_tick(now_, port);
    if (options_.forgets) ask_others(node);
  } else {
    const std::uint32_t client = node - options_.hosts;
    ClientPort port(*this, client);
    clients_[client].client->on_tick(now_, port);
    divert(client);
    clients_[client].client->check_invariants();
  }
}

template <Fault kFault>
void Cluster<kFault>::make_durable(std::uint32_t host) {
  HostNode& node = hosts_[host];
  for (auto& record : node.fresh) node.journal.push_back(std::move(record));
  node.fresh.clear();
  node.undo.clear();
  for (const testing::Packet& packet : node.held) {
    std::byte* at = network_.send(packet.from, packet.to, packet.bytes.size(), random_);
    std::copy(packet.bytes.begin(), packet.bytes.end(), at);
  }
  node.held.clear();
}

template <Fault kFault>
void Cluster<kFault>::checkpoint(std::uint32_t host) {
  make_durable(host);
  HostNode& node = hosts_[host];
  node.snapshot.clear();
  node.journal.clear();
  node.host->save(node.snapshot);
}

// A prefix of what was not durable has become so; nothing of what was held back has got out.
template <Fault kFault>
void Cluster<kFault>::crash(std::uint32_t host) {
  ++crashes_;
  HostNode& node = hosts_[host];
  const std::size_t kept = random_.below(static_cast<std::uint32_t>(node.fresh.size() + 1));
  for (std::size_t i = 0; i < kept; ++i) node.journal.push_back(std::move(node.fresh[i]));
  while (!node.undo.empty() && node.undo.back().record >= kept) {
    const Undo& undo = node.undo.back();
    oracle_.undo_set(undo.key, undo.value, undo.before);
    node.undo.pop_back();
  }
  node.fresh.clear();
  node.undo.clear();
  node.held.clear();
  start_host(host);
}

template <Fault kFault>
void Cluster<kFault>::reconnect(std::uint32_t host, std::uint32_t client) {
  network_.drop_between(host, node_of(client));
  ClientPort client_port(*this, client);
  clients_[client].client->on_connected(host, client_port);
  HostPort host_port(*this, host);
  hosts_[host].host->on_connected(node_of(client), host_port);
}

template <Fault kFault>
KeyRange Cluster<kFault>::any_range() {
  KeyRange range{KeyBound<Key>::at(any_key()), KeyBound<Key>::at(any_key())};
  if (is_below(range.high, range.low)) std::swap(range.low, range.high);
  if (random_.chance(250)) range.high = KeyBound<Key>::infinity();
  return range;
}

// By the host's own re-shard, or as a client of the protocol asks for it.
template <Fault kFault>
void Cluster<kFault>::move_keys() {
  const KeyRange range = any_range();
  const std::uint32_t from = any_host();
  const std::uint32_t to = any_host();
  if (!hosts_[from].introduction.may_serve()) return;
  if (random_.chance(500)) {
    HostPort port(*this, from);
    (void)hosts_[from].host->reshard(range, to, port);  // often not its own
    return;
  }
  const std::uint32_t client = any_client();
  ClientPort port(*this, client);
  (void)clients_[client].client->shard(from, range, to, kNoToken, ~std::uint64_t{0}, port);
}

template <Fault kFault>
void Cluster<kFault>::cut_or_heal() {
  if (random_.chance(400)) return reach(any_client(), any_host(), random_.chance(800));
  const std::uint32_t nodes = options_.hosts + options_.clients;
  network_.cut(random_.below(nodes), random_.below(nodes), random_.chance(60));
}

template <Fault kFault>
void Cluster<kFault>::reach(std::uint32_t client, std::uint32_t host, bool is_reached) {
  ClientNode& node = clients_[client];
  if (node.reaches[host] == is_reached) return;
  node.reaches[host] = is_reached;
  ClientPort port(*this, client);
  if (is_reached) node.client->on_connected(host, port);
}

// What a client could not say to one host it asks of another, now and then.
template <Fault kFault>
void Cluster<kFault>::divert(std::uint32_t client) {
  const std::uint32_t host = any_host();
  const std::uint32_t other = any_host();
  ClientNode& node = clients_[client];
  if (node.reaches[host] || !node.reaches[other]) return;
  ClientPort port(*this, client);
  node.client->divert(host, other, port);
}

// What no well-behaved node says; the answers of the stranger are for nobody.
template <Fault kFault>
FrameView Cluster<kFault>::strange_frame() {
  static constexpr std::array<std::byte, kMostValueBytes + 1> kTooLong{};
  FrameView frame{.number = 1 + random_.below(static_cast<std::uint32_t>(++stranger_number_))};
  static constexpr std::array<std::byte, 24> kEntry{std::byte{7}, {}, {}, {},          {},
                                                    {},           {}, {}, std::byte{8}};
  switch (random_.below(5)) {
    case 0:
      frame.message = {.kind = MessageKind::kDelegate, .range = any_range(), .table = {1, kEntry}};
      break;
    case 1:
      frame.message = {.kind = MessageKind::kDelegate, .range = any_range()};
      break;
    case 2:
      frame.message = {
          .kind = MessageKind::kSet, .key = any_key(), .has_value = true, .value = kTooLong};
      break;
    case 3:
      frame.message = {.kind = MessageKind::kShard, .range = any_range()};
      break;
    default:
      frame.message = {.kind = MessageKind::kReply, .key = any_key()};
      break;
  }
  return frame;
}

template <Fault kFault>
void Cluster<kFault>::disturb() {
  const std::uint32_t host = any_host();
  if (random_.chance(300)) {  // an acknowledgement of what was never sent
    const std::uint32_t from = random_.below(options_.hosts + options_.clients);
    if (from == host) return;
    std::byte* at = network_.send(from, host, kAckBytes, random_);
    write_ack((std::uint64_t{1} << 40) + step_, at);
    return;
  }
  const FrameView frame = strange_frame();
  const std::size_t bytes = frame_bytes(frame);
  std::byte* at = network_.send(stranger(), host, bytes, random_);
  write_frame(frame, at);
  if (random_.chance(300)) at[random_.below(static_cast<std::uint32_t>(bytes))] ^= std::byte{0x40};
}

template <Fault kFault>
bool Cluster<kFault>::is_settled() const {
  for (const HostNode& node : hosts_) {
    if (!node.host->is_quiet()) return false;
  }
  for (const ClientNode& node : clients_) {
    if (node.client->open_calls() > 0) return false;
  }
  return true;
}

// P9: once the network is fair, everything that was asked for happens.
template <Fault kFault>
void Cluster<kFault>::quiesce() {
  network_.heal();
  for (std::uint32_t c = 0; c < options_.clients; ++c) {
    for (std::uint32_t h = 0; h < options_.hosts; ++h) reach(c, h, true);
  }
  if (options_.forgets) return begin_anew();
  constexpr int kRounds = 2000;
  for (int round = 0; round < kRounds && !is_settled(); ++round) {
    now_ += 20'000;
    for (std::uint32_t n = 0; n < options_.hosts + options_.clients; ++n) tick(n);
    for (std::uint32_t h = 0; h < options_.hosts; ++h) make_durable(h);
    for (std::size_t left = 2 * network_.on_way(); left > 0 && network_.on_way() > 0; --left) {
      ++step_;
      deliver();
      if (!options_.is_recorded) check();
    }
  }
  demand(is_settled(), "P9: calls are not answered although the network is fair");
  demand(oracle_.all_told(), "P9: a call was never answered");
  if (options_.is_recorded) return;
  for (const HostNode& node : hosts_) node.host->check_invariants();
}

}  // namespace quintet::ironkv::world
