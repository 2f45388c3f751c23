// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include "ironkv/test/world/cluster.hpp"

// Of Cluster (cluster.hpp): hosts that keep nothing, how they die, and what they ask each other
// when they begin.
namespace quintet::ironkv::world {

// Mostly the first one as well; and now and then all of them, which are started anew together.
template <Fault kFault>
void Cluster<kFault>::lose_everything(std::uint32_t host) {
  const bool is_all = random_.chance(250);
  const std::uint32_t second = random_.chance(700) ? 0 : host;  // who owned all at first
  for (std::uint32_t h = 0; h < options_.hosts; ++h) {
    if (h != host && h != second && !is_all) continue;
    ++crashes_;
    for (std::uint32_t n = 0; n <= stranger(); ++n) network_.drop_between(h, n);
    start_host(h);
  }
}

template <Fault kFault>
void Cluster<kFault>::ask_others(std::uint32_t host) {
  const auto& introduction = hosts_[host].introduction;
  const std::vector<std::byte> question = write_admin_request(introduction.question());
  for (std::uint32_t other = 0; other < options_.hosts; ++other) {
    if (!introduction.is_missing(other)) continue;
    std::copy(question.begin(), question.end(),
              network_.send(host, other, question.size(), random_));
  }
}

// Whether the packet is not for the host: it is of an introduction, or comes before that is over.
template <Fault kFault>
bool Cluster<kFault>::is_introduction(const testing::Packet& packet) {
  HostNode& node = hosts_[packet.to];
  const bool is_of_host = packet.from < options_.hosts;
  if (is_of_host && is_admin_request(packet.bytes)) {
    HostPort port(*this, packet.to);
    const auto answer =
        answer_admin(*node.host, packet.from, *read_admin_request(packet.bytes), "", port);
    std::copy(answer.begin(), answer.end(),
              network_.send(packet.to, packet.from, answer.size(), random_));
    return true;
  }
  if (is_of_host && is_admin_answer(packet.bytes)) {
    node.introduction.hear(packet.from, packet.bytes);
    return true;
  }
  return !node.introduction.may_serve();
}

// P13: hosts that begin with nothing together may serve, whatever was before.
template <Fault kFault>
void Cluster<kFault>::begin_anew() {
  for (std::uint32_t h = 0; h < options_.hosts; ++h) {
    for (std::uint32_t n = 0; n <= stranger(); ++n) network_.drop_between(h, n);
    start_host(h);
  }
  for (std::uint32_t h = 0; h < options_.hosts; ++h) ask_others(h);
  while (network_.on_way() > 0) deliver();
  for (const HostNode& node : hosts_) {
    demand(node.introduction.may_serve(), "P13: hosts that begin together may not serve");
  }
}

}  // namespace quintet::ironkv::world
