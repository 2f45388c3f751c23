// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "baselines/ironfleet/delegation.hpp"
#include "baselines/ironfleet/messages.hpp"
#include "baselines/ironfleet/single_delivery.hpp"

// The host of IronFleet's key-value store, made again from a description: a state that one action
// after the other is done to, in turn, whether there is anything to do or not. It asks the network
// for one packet at a time and never waits. README.md has what is known of the reference and what
// is a guess. Threading: one thread.
namespace quintet::baselines::ironfleet {

// What the host sees of the world.
class Network {
 public:
  struct Received {
    EndPoint source;  // for which the network vouches
    Buffer bytes;
  };

  virtual ~Network() = default;
  // At once, with nothing or with one packet.
  virtual std::optional<Received> receive() = 0;
  // Takes the bytes, and may lose them.
  virtual void send(const EndPoint& to, Buffer bytes) = 0;
};

struct Constants {
  std::vector<EndPoint> hosts{};  // the first one has all keys at the beginning
  std::size_t me = 0;
  std::uint64_t resend_period = 100'000'000;  // rounds
};

class Host {
 public:
  // Requires: hosts are distinct, and me is one of them.
  Host(Constants constants, Network& network);

  // One action: receive a packet, carry one out, or count towards sending again.
  void act();
  // All three of them, from the first one on.
  void round() {
    for (int i = 0; i < kActions; ++i) act();
  }

  [[nodiscard]] const Delegation& delegation() const { return delegation_; }
  [[nodiscard]] const std::unordered_map<Key, Value>& table() const { return table_; }
  [[nodiscard]] const SingleDelivery& delivery() const { return delivery_; }

 private:
  static constexpr int kActions = 3;
  static constexpr std::uint64_t kMostDelegations = (std::uint64_t{1} << 63) - 1;

  void receive_packet();
  void process_packet();
  void resend_in_time();

  void execute(const EndPoint& source, const Get& get);
  void execute(const EndPoint& source, const Set& set);
  void execute(const EndPoint&, const Reply&) {}  // no host asks for anything
  void execute(const EndPoint&, const Redirect&) {}
  void execute(const EndPoint& source, const Shard& shard);
  void execute(const EndPoint& source, const Delegate& delegate);

  void send(const EndPoint& to, const Message& message);
  [[nodiscard]] bool may_process(const Message& message) const;
  [[nodiscard]] bool is_host(const EndPoint& id) const;
  [[nodiscard]] const EndPoint& me() const { return constants_.hosts[constants_.me]; }
  [[nodiscard]] std::map<Key, Value> entries_of(const KeyRange& range) const;
  void erase(const KeyRange& range);

  Constants constants_;
  Network& network_;
  Delegation delegation_;
  std::unordered_map<Key, Value> table_;
  SingleDelivery delivery_;
  std::optional<Packet> received_;  // what is to be carried out next
  std::uint64_t delegations_ = 1;
  int action_ = 0;
  std::uint64_t rounds_ = 0;
};

}  // namespace quintet::baselines::ironfleet
