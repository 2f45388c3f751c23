// SPDX-License-Identifier: MIT
#pragma once

#include <limits>
#include <optional>
#include <vector>

#include "baselines/ironfleet/messages.hpp"

// Messages arrive once and in order: what was received of each end point, and what each end point
// has not acknowledged. An acknowledgement is believed whatever its number, as the reference does:
// one of what was never sent leaves the receiver waiting for ever. Threading: one thread.
namespace quintet::baselines::ironfleet {

class SingleDelivery {
 public:
  // Numbers a message and keeps a copy of it. None: there is no further number.
  std::optional<Numbered> send(const EndPoint& to, const Message& message) {
    Sent& sent = sent_[to];
    if (sent.unacked.size() >= kLastNumber - sent.acked) return std::nullopt;
    const Numbered numbered{sent.acked + sent.unacked.size() + 1, to, message};
    sent.unacked.push_back(numbered);
    return numbered;
  }
  [[nodiscard]] bool can_send(const EndPoint& to) const {
    const auto found = sent_.find(to);
    if (found == sent_.end()) return true;
    return found->second.unacked.size() < kLastNumber - found->second.acked;
  }

  enum class Arrival { kFresh, kDuplicate, kEarly };
  Arrival receive(const EndPoint& source, std::uint64_t number) {
    const auto found = received_.find(source);
    const std::uint64_t last = found == received_.end() ? 0 : found->second;
    if (number <= last) return Arrival::kDuplicate;
    if (number - last != 1) return Arrival::kEarly;
    received_[source] = number;
    return Arrival::kFresh;
  }

  void receive_ack(const EndPoint& source, std::uint64_t number) {
    const auto found = sent_.find(source);
    const std::uint64_t acked = found == sent_.end() ? 0 : found->second.acked;
    if (number <= acked) return;
    Sent& sent = sent_[source];
    std::vector<Numbered> rest;
    for (const Numbered& message : sent.unacked) {
      if (message.number > number) rest.push_back(message);
    }
    sent.unacked = std::move(rest);
    sent.acked = number;
  }

  template <class Visit>
  void visit_unacked(Visit visit) const {
    for (const auto& [to, sent] : sent_) {
      for (const Numbered& message : sent.unacked) visit(to, message);
    }
  }
  [[nodiscard]] std::size_t unacked(const EndPoint& to) const {
    const auto found = sent_.find(to);
    return found == sent_.end() ? 0 : found->second.unacked.size();
  }

 private:
  static constexpr std::uint64_t kLastNumber = std::numeric_limits<std::uint64_t>::max();

  struct Sent {
    std::uint64_t acked = 0;
    std::vector<Numbered> unacked;  // numbered from acked + 1
  };

  ByEndPoint<std::uint64_t> received_;  // the last number
  ByEndPoint<Sent> sent_;
};

}  // namespace quintet::baselines::ironfleet
