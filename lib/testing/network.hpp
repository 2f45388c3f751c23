// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "testing/random.hpp"

// A network between numbered nodes that loses, repeats, delays and reorders packets, is cut and
// healed, all as random choices that a seed repeats. Sending only puts a packet on its way;
// what becomes of it is chosen when it is picked. Threading: one thread.
namespace quintet::testing {

struct NetworkFaults {
  std::uint32_t lost = 0;      // of 1000 packets picked
  std::uint32_t repeated = 0;  // of 1000: delivered, and still on their way
  bool reorders = false;       // any packet may be next; else the oldest between its two nodes
  std::size_t most = 256;      // packets on their way; one more pushes out any other
};

struct Packet {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::vector<std::byte> bytes{};
};

class Network {
 public:
  Network(std::uint32_t nodes, NetworkFaults faults)
      : nodes_(nodes), faults_(faults), is_cut_(std::size_t{nodes} * nodes) {}

  // Room for a packet's bytes, to be filled before the next call.
  std::byte* send(std::uint32_t from, std::uint32_t to, std::size_t bytes, Random& random) {
    if (on_way_.size() >= faults_.most) {
      take(random.below(static_cast<std::uint32_t>(on_way_.size())));
    }
    Packet packet = spare_packet();
    packet.from = from;
    packet.to = to;
    packet.bytes.resize(bytes);
    on_way_.push_back(std::move(packet));
    return on_way_.back().bytes.data();
  }

  // The next packet, or null: nothing is on its way, or what was picked is lost. Valid until the
  // next call of pick().
  const Packet* pick(Random& random) {
    if (on_way_.empty()) return nullptr;
    std::size_t index = random.below(static_cast<std::uint32_t>(on_way_.size()));
    if (!faults_.reorders) index = oldest_like(index);
    const Packet& chosen = on_way_[index];
    const bool is_cut = is_cut_[chosen.from * nodes_ + chosen.to];
    if (is_cut || random.chance(faults_.lost)) {
      take(index);
      return nullptr;
    }
    if (random.chance(faults_.repeated)) {
      picked_ = chosen;
      return &picked_;
    }
    give_spare(std::move(picked_));
    picked_ = remove(index);
    return &picked_;
  }

  // Packets from `from` to `to` are lost from now on, or no longer.
  void cut(std::uint32_t from, std::uint32_t to, bool is_cut) {
    is_cut_[from * nodes_ + to] = is_cut;
  }
  // All that is on its way between two nodes, in both directions, is lost.
  void drop_between(std::uint32_t a, std::uint32_t b) {
    for (std::size_t i = on_way_.size(); i-- > 0;) {
      const Packet& packet = on_way_[i];
      const bool is_between =
          (packet.from == a && packet.to == b) || (packet.from == b && packet.to == a);
      if (is_between) take(i);
    }
  }
  // No more faults.
  void heal() {
    faults_ = {.most = faults_.most};
    is_cut_.assign(is_cut_.size(), false);
  }

  [[nodiscard]] std::size_t on_way() const { return on_way_.size(); }

 private:
  [[nodiscard]] std::size_t oldest_like(std::size_t index) const {
    for (std::size_t i = 0; i < index; ++i) {
      if (on_way_[i].from == on_way_[index].from && on_way_[i].to == on_way_[index].to) return i;
    }
    return index;
  }
  // Keeps the order of the others, where it matters.
  Packet remove(std::size_t index) {
    Packet packet = std::move(on_way_[index]);
    if (faults_.reorders) {
      if (index + 1 != on_way_.size()) on_way_[index] = std::move(on_way_.back());
      on_way_.pop_back();
    } else {
      on_way_.erase(on_way_.begin() + static_cast<std::ptrdiff_t>(index));
    }
    return packet;
  }
  void take(std::size_t index) { give_spare(remove(index)); }
  // Bytes are kept for packets to come: a simulation of millions of steps allocates nothing.
  Packet spare_packet() {
    if (spare_.empty()) return {};
    Packet packet = std::move(spare_.back());
    spare_.pop_back();
    return packet;
  }
  void give_spare(Packet packet) {
    if (spare_.size() < faults_.most) spare_.push_back(std::move(packet));
  }

  std::size_t nodes_;
  NetworkFaults faults_;
  std::vector<bool> is_cut_;
  std::vector<Packet> on_way_;
  std::vector<Packet> spare_;
  Packet picked_;
};

}  // namespace quintet::testing
