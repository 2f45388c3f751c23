// SPDX-License-Identifier: MIT
#pragma once

#include "ironkv/test/world/cluster.hpp"

// Of Cluster (cluster.hpp): what must hold after every step. Properties P1 to P12 are named in
// test/README.md.
namespace quintet::ironkv::world {

template <Fault kFault>
void Cluster<kFault>::check() const {
  for (std::uint32_t k = 0; k < options_.keys; ++k) {
    options_.forgets ? check_claims(kKeys[k]) : check_key(kKeys[k]);
  }
  for (std::uint32_t from = 0; from < options_.hosts; ++from) {
    for (std::uint32_t to = 0; to < options_.hosts; ++to) {
      if (from != to) check_pair(from, to);
    }
    const Host& host = *hosts_[from].host;
    demand(Host::Map::is_valid(host.map().entries()), "P5: the delegation map is not canonical");
    host.table().visit(KeyRange::all(), [&](Key key, const Value&) {
      demand(host.map().owner(key) == from, "P4: a host stores what it does not own");
      return true;
    });
  }
}

// P3 and P1: each key is claimed once, and who claims it has the value of the atomic table.
template <Fault kFault>
void Cluster<kFault>::check_key(Key key) const {
  Stored value;
  std::uint32_t claims = claims_on_the_way(key, value);
  for (std::uint32_t h = 0; h < options_.hosts; ++h) {
    const Host& host = *hosts_[h].host;
    if (host.map().owner(key) != h) continue;
    ++claims;
    const Value* stored = host.table().find(key);
    value = stored_of(stored != nullptr, stored != nullptr ? stored->bytes() : Bytes());
  }
  demand(claims != 0, "P3: a key is claimed by nobody");
  demand(claims == 1, "P3: a key is claimed twice");
  demand(value == oracle_.value_of(key), "P1: the hosts together are not the atomic table");
}

// P13: what was forgotten may be nobody's, and no more than that.
template <Fault kFault>
void Cluster<kFault>::check_claims(Key key) const {
  Stored value;
  std::uint32_t claims = claims_on_the_way(key, value);
  for (std::uint32_t h = 0; h < options_.hosts; ++h) {
    const HostNode& node = hosts_[h];
    if (node.introduction.may_serve() && node.host->map().owner(key) == h) ++claims;
  }
  demand(claims <= 1, "P13: a key is claimed twice after hosts have forgotten theirs");
}

// Delegates that their receiver has not taken yet, and will.
template <Fault kFault>
std::uint32_t Cluster<kFault>::claims_on_the_way(Key key, Stored& value) const {
  std::uint32_t claims = 0;
  for (std::uint32_t from = 0; from < options_.hosts; ++from) {
    for (std::uint32_t to = 0; to < options_.hosts; ++to) {
      if (!hosts_[to].introduction.may_serve()) continue;
      const Peer& sender = hosts_[from].host->peers()[to];
      const Peer& receiver = hosts_[to].host->peers()[from];
      for (std::size_t i = 0; i < sender.window.size(); ++i) {
        const Delegated& delegated = *sender.window.at(i).delegated;
        if (sender.acked + 1 + i <= receiver.last_received) continue;
        if (!delegated.range.contains(key)) continue;
        ++claims;
        value = std::nullopt;
        visit_table({delegated.count, delegated.entries}, [&](Key one, Bytes bytes) {
          demand(delegated.range.contains(one), "P4: a Delegate has keys outside of its range");
          if (one == key) value = stored_of(true, bytes);
        });
      }
    }
  }
  return claims;
}

// P6 and P7 between two hosts that serve: what one of them hands over, the other one takes.
template <Fault kFault>
void Cluster<kFault>::check_pair(std::uint32_t from, std::uint32_t to) const {
  if (!hosts_[from].introduction.may_serve() || !hosts_[to].introduction.may_serve()) return;
  const Peer& sender = hosts_[from].host->peers()[to];
  const Peer& receiver = hosts_[to].host->peers()[from];
  demand(sender.acked <= receiver.last_received, "P6: acknowledged, but not received");
  demand(receiver.last_received <= sender.acked + sender.window.size(),
         "P6: received what was not sent");
}

}  // namespace quintet::ironkv::world
