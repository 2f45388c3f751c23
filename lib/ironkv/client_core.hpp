// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "ironkv/delegation_map.hpp"
#include "ironkv/error.hpp"
#include "ironkv/fault.hpp"
#include "ironkv/message.hpp"
#include "ironkv/peers.hpp"
#include "ironkv/ring.hpp"
#include "ironkv/sequence.hpp"
#include "ironkv/wire.hpp"

// A client of IronKV: a pure state machine. Calls, frames and the time go in; frames and answers
// come out into a sink. It has one conversation with each host of the cluster, keeps many calls on
// their way in each, follows redirects and remembers them, and sends again what may be lost.
//
// Invariants, for each conversation:
//   C1 requests are numbered without a hole and keep their numbers when they are sent again;
//   C2 a host answers each Get and Set once and in their order: so an answer, which names a key
//      but no request, is that of the oldest request that is not answered;
//   C3 a request is sent to another host only after a Redirect: it took effect nowhere before.
// Calls that are open at the same time have no order, even on the same key.
// Threading: one thread at a time. Nothing is allocated per call once buffers have grown.
// Source: IronFleet (SOSP 2015), section 5.2.1, for the numbers; windows and redirects are ours.
namespace quintet::ironkv {

using ServerId = std::uint32_t;  // a host, in the order of ClientOptions::servers

struct ClientOptions {
  std::vector<EndPoint> servers{};
  std::uint32_t max_calls = 1 << 16;     // open at a time
  std::uint32_t max_window = 1024;       // of them on their way to one host
  std::uint32_t ack_every = 64;          // answers
  std::uint64_t ack_after = 20'000;      // microseconds, if fewer come
  std::uint64_t resend_after = 200'000;  // microseconds; doubled each time without an answer
  std::uint64_t resend_most = 2'000'000;
  std::uint64_t pause_first = 1'000;  // microseconds, when a call was sent round in a circle;
  std::uint64_t pause_most = 50'000;  // doubled each time
};

enum class CallStatus : std::uint8_t {
  kDone,          // answered; a shard: acknowledged, which does not say that it was accepted
  kTimedOut,      // not before its deadline. A Set may have taken effect, or may yet
  kUnknownOwner,  // the host named another that is not in ClientOptions::servers
};

struct Answer {
  CallStatus status{};
  bool has_value = false;  // false: the key is absent. A Set's answer repeats what was set
  Bytes value{};           // valid within ClientSink::done()
};

// Where a client puts what it has to say. Called within the client's calls; must not call it.
template <class S>
concept ClientSink = requires(S& sink, ServerId server, std::size_t bytes, std::uint64_t number,
                              const Answer& answer) {
  // Room for one frame, or nullptr: the server cannot be reached. It is sent again later.
  { sink.frame(server, bytes) } -> std::same_as<std::byte*>;
  // All messages of `server` up to `number` were received; a later one replaces an earlier one.
  sink.ack(server, number);
  // The call with this token is answered: told once for each call that was taken.
  sink.done(number, answer);
};

struct ClientCounters {
  std::uint64_t answers = 0, redirects = 0, pauses = 0, timeouts = 0;
  std::uint64_t resent = 0, duplicates = 0, gaps = 0;
  std::uint64_t bad_frames = 0;  // not of the format, or what no host says
};

template <Fault kFault = Fault::kNone>
class ClientCoreOf {
 public:
  static Result<ClientCoreOf> create(ClientOptions options);
  ClientCoreOf(ClientCoreOf&&) noexcept = default;
  ClientCoreOf& operator=(ClientCoreOf&&) = delete;

  // Each call is answered by sink.done(token), not within this one. `deadline` in microseconds of
  // the clock of on_tick(). O(log intervals of the owner cache).
  template <ClientSink Sink>
  Result<void> get(Key key, std::uint64_t token, std::uint64_t deadline, Sink& sink);
  // Without a value: deletes.
  template <ClientSink Sink>
  Result<void> set(Key key, std::optional<Bytes> value, std::uint64_t token, std::uint64_t deadline,
                   Sink& sink);
  // The protocol's Shard: asks `from` to hand over a range of at most 61 keys. Hosts refuse in
  // silence.
  template <ClientSink Sink>
  Result<void> shard(ServerId from, const KeyRange& range, ServerId to, std::uint64_t token,
                     std::uint64_t deadline, Sink& sink);

  template <ClientSink Sink>
  void on_frame(ServerId server, Bytes frame, Sink& sink);
  // To be called every few milliseconds, and each one while has_paused().
  template <ClientSink Sink>
  void on_tick(std::uint64_t now, Sink& sink);
  // `server` can be reached (again), as the same end point of ours.
  template <ClientSink Sink>
  void on_connected(ServerId server, Sink& sink);

  // `server` cannot be reached, and `other` can: what was never said to the one goes to the other,
  // which knows where to go, and so does what is asked from now on. What may have been said stays,
  // as it may take effect (C3); and Shards, which are for one host. O(window + intervals).
  template <ClientSink Sink>
  void divert(ServerId server, ServerId other, Sink& sink);
  // Some call for `server` was never said to it.
  [[nodiscard]] bool has_unsaid(ServerId server) const {
    const Channel& channel = channels_[server];
    return !channel.waiting.is_empty() || channel.finished + channel.window.size() > channel.said;
  }

  // Calls that were not told done; and those of them that wait out a circle of redirects.
  [[nodiscard]] std::size_t open_calls() const { return open_; }
  [[nodiscard]] bool has_paused() const { return !paused_.empty(); }
  // Where the client would ask for `key`.
  [[nodiscard]] ServerId owner(Key key) const { return owners_.owner(key); }
  [[nodiscard]] const ClientCounters& counters() const { return counters_; }
  [[nodiscard]] const ClientOptions& options() const { return options_; }
  void check_invariants() const;

 private:
  using CallId = std::uint32_t;
  enum class State : std::uint8_t { kFree, kWaiting, kSent, kPaused };

  struct Call {
    State state = State::kFree;
    bool is_told = false;  // timed out, but on its way: its answer is for nobody
    MessageKind kind{};
    bool has_value = false;
    std::uint32_t hops = 0;  // redirects followed
    ServerId recipient = 0;  // Shard
    Key key = 0;
    Value value{};
    KeyRange range{};  // Shard
    std::uint64_t token = 0;
    std::uint64_t deadline = 0;
    std::uint64_t wake_at = 0;
  };

  struct Channel {
    std::uint64_t finished = 0;  // requests that are answered: the window starts after them
    Ring<CallId> window;         // on their way, numbered from finished + 1
    std::uint64_t acked = 0;     // the server has received so many: they are not sent again
    std::uint64_t said = 0;      // no number above was ever given to the sink
    Ring<CallId> waiting;        // for room in the window
    std::uint64_t last_received = 0;
    std::uint64_t last_acked = 0;  // what we told the server of that
    std::uint64_t ack_at = 0;
    std::uint64_t resend_at = 0;
    std::uint64_t resend_after = 0;
  };

  explicit ClientCoreOf(ClientOptions options)
      : options_(std::move(options)), pool_(std::make_unique<ValuePool>()), owners_(0) {}

  template <ClientSink Sink>
  Result<void> begin(Call call, ServerId server, Sink& sink);
  template <ClientSink Sink>
  void issue(CallId id, ServerId server, Sink& sink);
  template <ClientSink Sink>
  bool transmit(ServerId server, std::size_t place, Sink& sink);
  template <ClientSink Sink>
  void resend(ServerId server, Sink& sink);
  template <ClientSink Sink>
  void refill(ServerId server, Sink& sink);

  void receive_ack(Channel& channel, std::uint64_t number);
  template <ClientSink Sink>
  void finish_shards(Channel& channel, std::uint64_t up_to, Sink& sink);
  template <ClientSink Sink>
  bool receive_answer(ServerId server, const MessageView& message, Sink& sink);
  template <ClientSink Sink>
  void follow(CallId id, Bytes owner, Sink& sink);
  template <ClientSink Sink>
  void tell(CallId id, const Answer& answer, Sink& sink);
  void release(CallId id);
  template <ClientSink Sink>
  void acknowledge(ServerId server, Channel& channel, Sink& sink);
  template <ClientSink Sink>
  void expire(Sink& sink);
  template <ClientSink Sink>
  void wake(Sink& sink);
  void learn(Key key, ServerId owner);
  void forget_owner(ServerId server, ServerId other);

  ClientOptions options_;
  std::unique_ptr<ValuePool> pool_;  // before those that hold values of it
  std::vector<Channel> channels_;
  std::vector<Call> calls_;
  std::vector<CallId> free_;
  std::vector<CallId> paused_;
  std::size_t open_ = 0;
  DelegationMap<ServerId> owners_;  // as redirects have told
  std::uint64_t now_ = 0;
  ClientCounters counters_;
};

using ClientCore = ClientCoreOf<>;

}  // namespace quintet::ironkv

#include "ironkv/client_calls.hpp"
#include "ironkv/client_delivery.hpp"
