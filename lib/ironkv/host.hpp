// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "ironkv/delegation_map.hpp"
#include "ironkv/error.hpp"
#include "ironkv/fault.hpp"
#include "ironkv/host_sink.hpp"
#include "ironkv/message.hpp"
#include "ironkv/peers.hpp"
#include "ironkv/sequence.hpp"
#include "ironkv/table.hpp"
#include "ironkv/wire.hpp"

// A host of IronKV: a pure state machine. Frames and the time go in, frames come out into a sink
// (host_sink.hpp); no I/O, no clock, no threads. The sum of all hosts behaves as one table from
// keys to values, also while ranges of keys move from host to host.
//
// Invariants, over all hosts and what is on its way between them (checked by test/world):
//   I1 each key is claimed once: by one host's map, or by one Delegate that is not yet received;
//   I2 a host stores only keys that it owns;
//   I3 the unacknowledged messages to an end point are numbered from acked + 1 without a hole;
//   I4 a message takes effect once, and those of one sender in their order.
// Linearization point of a request: execute().
// Threading: one thread at a time. Nothing is allocated per request once buffers have grown.
// Source: IronFleet (SOSP 2015), section 5.2; Verus (SOSP 2024), section 6.
namespace quintet::ironkv {

struct HostOptions {
  std::vector<EndPoint> hosts{};  // distinct; the first one owns all keys at the beginning
  PeerId me = 0;                  // which of them this is
  // Other names of hosts that a Shard may use: the reference's client sends the key, not its hash.
  std::vector<std::pair<EndPoint, PeerId>> aliases{};
  std::uint32_t max_peers = 1 << 20;     // end points known at a time
  std::uint32_t max_unacked = 4096;      // answers that a client may leave unacknowledged; its
                                         // requests are dropped until it acknowledges some
  std::uint32_t reshard_window = 8;      // Delegates of one re-shard on their way at a time
  std::uint64_t resend_after = 200'000;  // microseconds; doubled each time without an answer
  std::uint64_t resend_most = 2'000'000;
};

struct HostCounters {
  std::uint64_t gets = 0, sets = 0, deletes = 0;   // carried out here
  std::uint64_t redirects = 0;                     // the key is another host's
  std::uint64_t shards = 0, delegates = 0;         // accepted
  std::uint64_t keys_sent = 0, keys_received = 0;  // with them
  std::uint64_t refused_shards = 0, refused_delegates = 0, refused_values = 0;
  std::uint64_t acks = 0, bad_acks = 0;    // received; of what was never sent
  std::uint64_t duplicates = 0, gaps = 0;  // messages seen before; that came too early
  std::uint64_t bad_frames = 0;            // not of the format
  std::uint64_t full_windows = 0;          // requests dropped for max_unacked
  std::uint64_t resent = 0;                // messages
};

// HostOf::delegations() of a host that has neither made nor taken any.
inline constexpr std::uint64_t kNoDelegations = 1;

// What a frame was.
enum class Outcome : std::uint8_t {
  kExecuted,   // it changed the state: see HostSink::executed
  kAck,        // an acknowledgement; need not be durable, as it only saves work
  kDuplicate,  // acknowledged again
  kGap,        // dropped: an earlier message is missing
  kFull,       // dropped: too many answers are not acknowledged
  kBad,        // dropped: not a frame
};

struct Reshard {
  std::uint64_t id = 0;  // from 1
  KeyRange range{};
  PeerId recipient = 0;
  KeyBound<Key> next{};           // what lies before it has been handed over
  std::uint64_t steps = 0;        // Delegates
  std::uint64_t keys = 0;         // in them
  std::uint64_t last_number = 0;  // of the last Delegate
  bool is_handed_over = false;    // all of it is on its way
  bool is_done = false;           // and acknowledged
};

template <Fault kFault = Fault::kNone>
class HostOf {
 public:
  using Map = DelegationMap<PeerId, kFault>;

  static Result<HostOf> create(HostOptions options);
  HostOf(HostOf&&) noexcept = default;
  HostOf& operator=(HostOf&&) = delete;  // would free the pool before its values

  // The number of an end point, which is remembered. Hosts have their places in the list.
  Result<PeerId> peer(Bytes end_point);
  // A client that will not come back. If it does, its messages start again at number 1.
  // A durable host first writes append_forget_record() to its journal, if the client has ever said
  // something. Requires: not a host.
  void forget(PeerId client);

  // A frame that came from `source`, whose identity the transport vouches for. Any bytes will do.
  // O(log keys + log entries of the map); a Shard or Delegate also O(its keys + entries).
  template <HostSink Sink>
  Outcome on_frame(PeerId source, Bytes frame, Sink& sink);
  // Time goes by: sends again what was not acknowledged in time. `now` in microseconds from any
  // origin, and never less than before. To be called every few milliseconds. O(peers).
  template <HostSink Sink>
  void on_tick(std::uint64_t now, Sink& sink);
  // `peer` can be reached (again): sends all that it has not acknowledged.
  template <HostSink Sink>
  void on_connected(PeerId peer, Sink& sink);

  // Moves those keys of `range` that are ours to `recipient`, at most 61 with each Delegate, while
  // requests go on. Goes on within on_frame() and on_tick(); not kept over a restart (what was
  // handed over stays so). Returns its id.
  template <HostSink Sink>
  Result<std::uint64_t> reshard(const KeyRange& range, PeerId recipient, Sink& sink);
  // The last 64, newest last.
  [[nodiscard]] const std::vector<Reshard>& reshards() const { return reshards_; }
  // No Delegate of ours is unacknowledged, and no re-shard goes on.
  [[nodiscard]] bool is_quiet() const;

  // Everything but counters, times and re-shards, appended to `out`.
  void save(std::vector<std::byte>& out) const;
  // Requires: a new host of the same options. After an error it must not be used.
  Result<void> restore(Bytes snapshot);

  // What a journal keeps of a frame that HostSink::executed told of, and of a forgotten client.
  void append_record(PeerId source, Bytes frame, std::vector<std::byte>& out) const;
  void append_forget_record(PeerId client, std::vector<std::byte>& out) const;
  // Records in their order lead from a snapshot to the state that followed, but for received
  // acknowledgements, which are as old as the last record of their sender.
  Result<void> replay(Bytes record);

  [[nodiscard]] const HostOptions& options() const { return options_; }
  [[nodiscard]] const HostCounters& counters() const { return counters_; }
  [[nodiscard]] const Map& map() const { return map_; }
  [[nodiscard]] const Table& table() const { return table_; }
  [[nodiscard]] const Peers& peers() const { return peers_; }
  [[nodiscard]] std::uint64_t delegations() const { return delegations_; }
  [[nodiscard]] bool is_host(PeerId peer) const { return peer < options_.hosts.size(); }
  [[nodiscard]] const ValuePool& values() const { return *pool_; }
  // O(state). I2, I3 and those of the parts.
  void check_invariants() const;

 private:
  static constexpr std::uint64_t kMostDelegations = (std::uint64_t{1} << 63) - 1;

  explicit HostOf(HostOptions options)
      : options_(std::move(options)), map_(0), pool_(std::make_unique<ValuePool>()) {}

  // Single delivery (host_delivery.hpp).
  template <HostSink Sink>
  Outcome receive(PeerId source, Bytes frame, bool is_replay, Sink& sink);
  void receive_ack(PeerId source, std::uint64_t number);
  template <HostSink Sink>
  bool send(PeerId to, Unacked message, Sink& sink);
  template <HostSink Sink>
  bool transmit(PeerId to, std::uint64_t number, const Unacked& message, Sink& sink);
  template <HostSink Sink>
  void resend(PeerId to, Sink& sink);
  [[nodiscard]] FrameView frame_of(const Peer& to, std::uint64_t number,
                                   const Unacked& message) const;

  // What the messages do (host_execute.hpp).
  template <HostSink Sink>
  void execute(PeerId source, const MessageView& message, Sink& sink);
  template <HostSink Sink>
  void execute_request(PeerId source, const MessageView& message, Sink& sink);
  template <HostSink Sink>
  void execute_shard(const MessageView& message, Sink& sink);
  void execute_delegate(PeerId source, const MessageView& message);
  [[nodiscard]] bool accepts_shard(const MessageView& message, std::optional<PeerId> to) const;
  [[nodiscard]] bool accepts_delegate(PeerId source, const MessageView& message) const;
  [[nodiscard]] std::optional<PeerId> host_of(Bytes end_point) const;
  [[nodiscard]] Delegated take(const KeyRange& range);

  // Re-shards (host_reshard.hpp).
  template <HostSink Sink>
  void advance(Sink& sink);
  template <HostSink Sink>
  bool step(Reshard& job, Sink& sink);
  [[nodiscard]] std::optional<KeyRange> next_step(const Reshard& job) const;

  void save_peer(const Peer& peer, std::vector<std::byte>& out) const;
  bool restore_map(WireReader& reader);
  bool restore_table(WireReader& reader);
  bool restore_peer(WireReader& reader);
  bool restore_unacked(Peer& peer, Bytes frame, std::uint64_t number);

  HostOptions options_;
  Map map_;
  // Before those that hold values of it; on the heap, as they point to it and hosts may move.
  std::unique_ptr<ValuePool> pool_;
  Table table_;
  Peers peers_;
  std::uint64_t delegations_ = kNoDelegations;
  std::uint64_t now_ = 0;
  std::vector<Reshard> reshards_;
  std::uint64_t reshards_begun_ = 0;
  std::uint32_t reshards_open_ = 0;
  std::vector<std::byte> scratch_;  // the frame of a step
  HostCounters counters_;
};

using Host = HostOf<>;

}  // namespace quintet::ironkv

#include "ironkv/host_delivery.hpp"
#include "ironkv/host_execute.hpp"
#include "ironkv/host_reshard.hpp"
#include "ironkv/host_snapshot.hpp"
