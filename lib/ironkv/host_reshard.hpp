// SPDX-License-Identifier: MIT
#pragma once

#include "ironkv/host.hpp"

// Of HostOf (host.hpp): moving any number of keys by Shards that are small enough. A step is a
// Shard that the host sends to itself, as message of a conversation of its own: so a journal
// records it like any other, and there is one way only for a range to leave.
namespace quintet::ironkv {

template <Fault kFault>
template <HostSink Sink>
Result<std::uint64_t> HostOf<kFault>::reshard(const KeyRange& range, PeerId recipient, Sink& sink) {
  if (range.is_empty()) return std::unexpected(Error::kEmptyRange);
  if (!is_host(recipient)) return std::unexpected(Error::kUnknownHost);
  if (recipient == options_.me) return std::unexpected(Error::kMovesToItself);
  Reshard job{.id = reshards_begun_ + 1, .range = range, .recipient = recipient, .next = range.low};
  if (!next_step(job)) return std::unexpected(Error::kNotOwner);
  constexpr std::size_t kRemembered = 64;
  if (reshards_.size() >= kRemembered) {
    const auto done = std::find_if(reshards_.begin(), reshards_.end(),
                                   [](const Reshard& one) { return one.is_done; });
    if (done == reshards_.end()) return std::unexpected(Error::kTooManyCalls);
    reshards_.erase(done);
  }
  reshards_.push_back(job);
  ++reshards_begun_;
  ++reshards_open_;
  advance(sink);
  return job.id;
}

template <Fault kFault>
bool HostOf<kFault>::is_quiet() const {
  if (reshards_open_ > 0) return false;
  for (PeerId id = 0; id < options_.hosts.size(); ++id) {
    if (peers_[id].window.size() > 0) return false;
  }
  return true;
}

// Gives every open re-shard as many steps as its window has room for.
template <Fault kFault>
template <HostSink Sink>
void HostOf<kFault>::advance(Sink& sink) {
  for (Reshard& job : reshards_) {
    if (job.is_done) continue;
    const Peer& to = peers_[job.recipient];
    while (!job.is_handed_over && to.window.size() < options_.reshard_window) {
      if (!step(job, sink)) job.is_handed_over = true;
    }
    if (!job.is_handed_over || to.acked < job.last_number) continue;
    job.is_done = true;
    --reshards_open_;
  }
}

// The next part of the range that is ours and has at most 61 keys. A new key may have come since
// the last step: what is not handed over is looked at as it is now.
template <Fault kFault>
std::optional<KeyRange> HostOf<kFault>::next_step(const Reshard& job) const {
  KeyRange rest{job.next, job.range.high};
  while (!rest.is_empty()) {
    const KeyBound<Key> end = map_.end_of_run(rest.low.key);
    if (map_.owner(rest.low.key) != options_.me) {
      rest.low = end;
      continue;
    }
    if (is_below(end, rest.high)) rest.high = end;
    const std::optional<Key> too_many = table_.nth(rest, kMostDelegateKeys);
    if (too_many) rest.high = KeyBound<Key>::at(*too_many);
    return rest;
  }
  return std::nullopt;
}

// Returns whether there was one more.
template <Fault kFault>
template <HostSink Sink>
bool HostOf<kFault>::step(Reshard& job, Sink& sink) {
  const std::optional<KeyRange> range = next_step(job);
  if (!range) return false;
  FrameView shard{.number = peers_[options_.me].last_received + 1};
  shard.message = {
      .kind = MessageKind::kShard, .end_point = peers_[job.recipient].end_point, .range = *range};
  scratch_.resize(frame_bytes(shard));
  write_frame(shard, scratch_.data());
  const std::uint64_t keys_before = counters_.keys_sent;
  const std::uint64_t shards_before = counters_.shards;
  if (receive(options_.me, scratch_, false, sink) != Outcome::kExecuted) return false;
  if (counters_.shards == shards_before) return false;  // out of numbers
  job.next = range->high;
  ++job.steps;
  job.keys += counters_.keys_sent - keys_before;
  job.last_number = peers_[job.recipient].acked + peers_[job.recipient].window.size();
  return true;
}

}  // namespace quintet::ironkv
