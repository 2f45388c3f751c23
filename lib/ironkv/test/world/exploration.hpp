// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "ironkv/host.hpp"
#include "ironkv/test/world/oracle.hpp"

// Every state that a small cluster can get into. The network is the set of all packets ever sent:
// any of them may arrive next, and again, and late, which is every loss, repetition and reordering
// at once. A client has sent its requests at the beginning and acknowledges answers in any order.
// Hosts are restored from their snapshots for each step, so every state is also one in which each
// host has crashed and come back.
//
// Checked at every step: each key is claimed once, the sum of the hosts changes as the atomic table
// does when the request is carried out there, and every answer is the table's.
namespace quintet::ironkv::world {

struct ExplorationOptions {
  std::uint32_t hosts = 2;
  std::vector<Key> keys{};
  // What the client says to each host, in this order; numbers and destinations are filled in.
  std::vector<std::vector<MessageView>> requests{};
  std::uint64_t most_states = 5'000'000;
};

struct ExplorationResult {
  std::uint64_t states = 0;
  std::uint64_t steps = 0;
  std::uint64_t packets = 0;  // different ones
  bool is_complete = false;
  std::optional<std::string> violation{};
};

template <Fault kFault>
class Exploration {
 public:
  explicit Exploration(ExplorationOptions options) : options_(std::move(options)) {}

  ExplorationResult run() {
    const CheckHandler handler(
        [](const BrokenCheck& broken) { throw Violation(broken.expression); });
    try {
      search();
    } catch (const Violation& violation) {
      result_.violation = violation.what();
    }
    result_.packets = packets_.size();
    return result_;
  }

 private:
  using Host = HostOf<kFault>;
  using Sum = std::vector<Stored>;  // the value of each key, wherever it is
  using PacketId = std::uint16_t;

  struct Packet {
    std::uint32_t from;
    std::uint32_t to;
    std::vector<std::byte> bytes;
    auto operator<=>(const Packet&) const = default;
  };
  struct State {
    std::vector<std::vector<std::byte>> hosts;
    std::vector<PacketId> sent;  // ascending
    // How many messages each host has carried out of each node: what its tombstones should be.
    std::vector<std::uint8_t> executed;
  };
  using Hosts = std::vector<std::unique_ptr<Host>>;
  // Collects what a host says in one step.
  struct Port {
    std::uint32_t me;
    std::deque<Packet> said;
    bool has_executed = false;
    std::byte* frame(PeerId to, std::size_t bytes) {
      said.push_back({me, to, std::vector<std::byte>(bytes)});
      return said.back().bytes.data();
    }
    void ack(PeerId to, std::uint64_t number) { write_ack(number, frame(to, kAckBytes)); }
    void executed(PeerId, Bytes) { has_executed = true; }
  };

  [[nodiscard]] std::uint32_t client() const { return options_.hosts; }

  [[nodiscard]] std::unique_ptr<Host> make_host(std::uint32_t me) const {
    HostOptions options{.me = me};
    for (std::uint32_t h = 0; h < options_.hosts; ++h) {
      options.hosts.push_back({std::byte{1}, static_cast<std::byte>(h)});
    }
    auto host = Host::create(std::move(options));
    demand(host && host->peer(EndPoint{std::byte{2}}) == client(), "a host is refused");
    return std::make_unique<Host>(std::move(*host));
  }
  [[nodiscard]] std::unique_ptr<Host> restore(const State& state, std::uint32_t me) const {
    std::unique_ptr<Host> host = make_host(me);
    demand(host->restore(state.hosts[me]).has_value(), "P12: a snapshot is refused");
    return host;
  }

  PacketId id_of(Packet packet) {
    const auto [found, is_new] = ids_.try_emplace(packet, static_cast<PacketId>(packets_.size()));
    if (is_new) packets_.push_back(std::move(packet));
    return found->second;
  }
  static void add(std::vector<PacketId>& sent, PacketId id) {
    const auto at = std::lower_bound(sent.begin(), sent.end(), id);
    if (at == sent.end() || *at != id) sent.insert(at, id);
  }

  State initial() {
    State state;
    state.executed.assign(options_.hosts * (options_.hosts + 1), 0);
    for (std::uint32_t h = 0; h < options_.hosts; ++h) {
      state.hosts.emplace_back();
      make_host(h)->save(state.hosts.back());
      std::uint64_t number = 0;
      for (const MessageView& message : options_.requests[h]) {
        const FrameView frame{.number = ++number, .message = message};
        std::vector<std::byte> bytes(frame_bytes(frame));
        write_frame(frame, bytes.data());
        add(state.sent, id_of({client(), h, std::move(bytes)}));
      }
    }
    return state;
  }

  void search() {
    std::deque<State> left;
    left.push_back(initial());
    note(left.front());
    while (!left.empty()) {
      const State state = std::move(left.front());
      left.pop_front();
      Hosts hosts;
      for (std::uint32_t h = 0; h < options_.hosts; ++h) hosts.push_back(restore(state, h));
      const Sum before = sum_of(hosts);
      for (const PacketId id : state.sent) {
        const std::uint32_t to = packets_[id].to;
        if (to >= options_.hosts) continue;
        State after = state;
        std::unique_ptr<Host> kept = std::exchange(hosts[to], restore(state, to));
        deliver(after, id, hosts, before);
        hosts[to] = std::move(kept);
        if (note(after)) left.push_back(std::move(after));
        if (result_.states >= options_.most_states) return;
      }
    }
    result_.is_complete = true;
  }

  // Returns whether the state is new.
  bool note(const State& state) {
    std::string text;
    for (const auto& host : state.hosts) {
      text.append(reinterpret_cast<const char*>(host.data()), host.size());
    }
    text.append(reinterpret_cast<const char*>(state.sent.data()),
                state.sent.size() * sizeof(PacketId));
    text.append(reinterpret_cast<const char*>(state.executed.data()), state.executed.size());
    const bool is_new = seen_.insert(std::move(text)).second;
    result_.states += is_new ? 1 : 0;
    return is_new;
  }

  // To hosts[to], which is restored for this.
  void deliver(State& state, PacketId id, const Hosts& hosts, const Sum& before) {
    const Packet packet = packets_[id];
    ++result_.steps;
    Host& host = *hosts[packet.to];
    Port port{packet.to, {}};
    const FrameView frame = *read_frame(packet.bytes);
    const bool is_ours = host.map().owner(frame.message.key) == packet.to;
    (void)host.on_frame(packet.from, packet.bytes, port);
    if (port.has_executed) {
      std::uint8_t& executed = state.executed[packet.to * (options_.hosts + 1) + packet.from];
      demand(frame.number == executed + 1U, "P6: a message is carried out that is not the next");
      ++executed;
    }
    check_step(frame, port, is_ours, before, sum_of(hosts));
    for (Packet& said : port.said) {
      if (said.to == client()) acknowledge(state, said);
      add(state.sent, id_of(std::move(said)));
    }
    state.hosts[packet.to].clear();
    host.save(state.hosts[packet.to]);
  }

  // The client's acknowledgement of an answer may arrive from now on.
  void acknowledge(State& state, const Packet& said) {
    const std::optional<FrameView> frame = read_frame(said.bytes);
    if (frame->is_ack) return;
    std::vector<std::byte> bytes(kAckBytes);
    write_ack(frame->number, bytes.data());
    add(state.sent, id_of({client(), said.from, std::move(bytes)}));
  }

  // The step is one of the atomic table, or none.
  void check_step(const FrameView& frame, const Port& port, bool is_ours, const Sum& before,
                  const Sum& after) const {
    Sum expected = before;
    const bool is_request = !frame.is_ack && port.has_executed && is_ours;
    if (is_request && frame.message.kind == MessageKind::kSet) {
      expected[index_of(frame.message.key)] =
          stored_of(frame.message.has_value, frame.message.value);
    }
    demand(after == expected, "P1: the hosts together do not change as the atomic table does");
    for (const Packet& said : port.said) {
      const FrameView answer = *read_frame(said.bytes);
      if (said.to != client() || answer.is_ack) continue;
      demand(port.has_executed, "P11: an answer without a request");
      if (answer.message.kind != MessageKind::kReply) continue;
      const Stored value = stored_of(answer.message.has_value, answer.message.value);
      demand(value == expected[index_of(answer.message.key)], "P1: another value is answered");
    }
  }

  [[nodiscard]] std::size_t index_of(Key key) const {
    return static_cast<std::size_t>(std::find(options_.keys.begin(), options_.keys.end(), key) -
                                    options_.keys.begin());
  }

  [[nodiscard]] Sum sum_of(const Hosts& hosts) const {
    Sum sum(options_.keys.size());
    for (std::size_t k = 0; k < sum.size(); ++k) {
      int claims = 0;
      for (std::uint32_t h = 0; h < hosts.size(); ++h) {
        claims += claims_of(hosts, h, options_.keys[k], sum[k]);
      }
      demand(claims != 0, "P3: a key is claimed by nobody");
      demand(claims == 1, "P3: a key is claimed twice");
    }
    return sum;
  }
  // By a host, and by Delegates of it that are not received.
  [[nodiscard]] int claims_of(const Hosts& hosts, std::uint32_t h, Key key, Stored& value) const {
    int claims = 0;
    const Value* stored = hosts[h]->table().find(key);
    const bool is_owner = hosts[h]->map().owner(key) == h;
    demand(is_owner || stored == nullptr, "P4: a host stores what it does not own");
    if (is_owner) {
      ++claims;
      value = stored_of(stored != nullptr, stored != nullptr ? stored->bytes() : Bytes());
    }
    for (std::uint32_t to = 0; to < hosts.size(); ++to) {
      const Peer& peer = hosts[h]->peers()[to];
      for (std::size_t i = 0; i < peer.window.size(); ++i) {
        const Delegated& delegated = *peer.window.at(i).delegated;
        const bool is_received = peer.acked + 1 + i <= hosts[to]->peers()[h].last_received;
        if (is_received || !delegated.range.contains(key)) continue;
        ++claims;
        value = std::nullopt;
        visit_table({delegated.count, delegated.entries}, [&](Key one, Bytes bytes) {
          if (one == key) value = stored_of(true, bytes);
        });
      }
    }
    return claims;
  }

  ExplorationOptions options_;
  ExplorationResult result_;
  std::vector<Packet> packets_;
  std::map<Packet, PacketId> ids_;
  std::unordered_set<std::string> seen_;
};

}  // namespace quintet::ironkv::world
