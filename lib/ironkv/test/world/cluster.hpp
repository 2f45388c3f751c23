// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ironkv/client_core.hpp"
#include "ironkv/host.hpp"
#include "ironkv/introduction.hpp"
#include "ironkv/test/world/history.hpp"
#include "ironkv/test/world/oracle.hpp"
#include "testing/network.hpp"
#include "testing/random.hpp"

// Hosts and clients of IronKV, with the network and the disks between and below them simulated:
// all that happens is chosen by a seed. Nodes: first the hosts, then the clients, then a stranger.
// What happens is in events.hpp, what must hold after each step in invariants.hpp.
//
// A durable host holds back what it has to say until its journal is durable. A crash keeps a prefix
// of what is not durable yet. One that forgets loses all with a crash, with what is on its way to
// and from it, and then asks the others whether it may serve.
namespace quintet::ironkv::world {

struct ClusterOptions {
  std::uint32_t hosts = 3;
  std::uint32_t clients = 2;
  std::uint32_t keys = 6;
  std::uint32_t open_calls = 4;  // of a client at a time
  bool loses = true;             // the network's faults
  bool repeats = true;
  bool reorders = true;
  bool cuts = true;
  bool reconnects = true;
  bool crashes = true;   // and so hosts are durable
  bool forgets = false;  // without crashes: hosts keep nothing, and die all the same
  bool reshards = true;
  bool has_stranger = true;
  bool is_recorded = false;  // calls are kept for history(), and nothing else looks at the run
};

// Where ranges may end: near the ends of the key space, and some between.
inline constexpr std::array<Key, 8> kKeys = {0, ~Key{0}, 7, 8, 1ULL << 63, ~Key{0} - 1, 1, 100};

template <Fault kFault>
class Cluster {
 public:
  using Host = HostOf<kFault>;
  using Client = ClientCoreOf<kFault>;

  Cluster(const ClusterOptions& options, std::uint64_t seed);

  // One event, and all invariants. Throws Violation.
  void step();
  // No more faults: all calls must be answered and all hosts become quiet. Throws Violation.
  void quiesce();

  [[nodiscard]] Step steps() const { return step_; }
  [[nodiscard]] const HostCounters& counters(std::uint32_t host) const {
    return hosts_[host].host->counters();
  }
  [[nodiscard]] std::uint64_t crashes() const { return crashes_; }
  [[nodiscard]] std::uint64_t calls() const { return calls_; }
  // All calls so far. Those of a client overlap: each has a caller to itself while it is open.
  [[nodiscard]] const RegisterHistory& history() const { return history_; }

 private:
  struct Undo {
    std::size_t record;  // of those that are not durable
    Key key;
    Stored value;
    Stored before;
  };
  struct Expected {  // what a numbered answer must say
    std::uint64_t number = 0;
    MessageKind kind{};
    Key key = 0;
    Stored value;
  };
  struct HostNode {
    std::unique_ptr<Host> host;
    IntroductionOf<kFault> introduction;
    std::vector<std::byte> snapshot;  // durable, and the records after it
    std::vector<std::vector<std::byte>> journal;
    std::vector<std::vector<std::byte>> fresh;  // records that are not durable yet
    std::vector<Undo> undo;
    std::vector<testing::Packet> held;            // what it will say when they are
    std::vector<std::vector<Expected>> expected;  // by client, a ring
  };
  struct ClientNode {
    std::unique_ptr<Client> client;
    std::vector<bool> reaches;  // by host: else it knows that what it says is lost
    std::uint32_t open = 0;
  };

  // What a host says: to the network, or held back.
  class HostPort {
   public:
    HostPort(Cluster& world, std::uint32_t me) : world_(world), me_(me) {}
    std::byte* frame(PeerId to, std::size_t bytes) { return world_.host_says(me_, to, bytes); }
    void ack(PeerId to, std::uint64_t number) { write_ack(number, frame(to, kAckBytes)); }
    void executed(PeerId source, Bytes frame) { world_.host_executes(me_, source, frame); }

   private:
    Cluster& world_;
    std::uint32_t me_;
  };
  class ClientPort {
   public:
    ClientPort(Cluster& world, std::uint32_t client) : world_(world), client_(client) {}
    std::byte* frame(ServerId to, std::size_t bytes) {
      if (!world_.clients_[client_].reaches[to]) return nullptr;
      return world_.network_.send(world_.node_of(client_), to, bytes, world_.random_);
    }
    void ack(ServerId to, std::uint64_t number) {
      if (std::byte* const at = frame(to, kAckBytes)) write_ack(number, at);
    }
    void done(std::uint64_t token, const Answer& answer) {
      world_.client_is_told(client_, token, answer);
    }

   private:
    Cluster& world_;
    std::uint32_t client_;
  };
  static constexpr std::size_t kExpectedRing = 512;
  static constexpr std::uint64_t kNoToken = 0;  // of a Shard

  [[nodiscard]] std::uint32_t node_of(std::uint32_t client) const {
    return options_.hosts + client;
  }
  [[nodiscard]] std::uint32_t stranger() const { return options_.hosts + options_.clients; }
  [[nodiscard]] HostOptions host_options(std::uint32_t me) const;
  void start_host(std::uint32_t me);
  // Answers are compared with those of one atomic table.
  [[nodiscard]] bool is_judged() const { return !options_.is_recorded && !options_.forgets; }
  [[nodiscard]] Key any_key() { return kKeys[random_.below(options_.keys)]; }
  [[nodiscard]] KeyRange any_range();
  [[nodiscard]] std::uint32_t any_host() { return random_.below(options_.hosts); }
  [[nodiscard]] std::uint32_t any_client() { return random_.below(options_.clients); }

  // What hosts and clients do to the world (ports.hpp).
  std::byte* host_says(std::uint32_t me, PeerId to, std::size_t bytes);
  void host_executes(std::uint32_t me, PeerId source, Bytes frame);
  void expect_answer(std::uint32_t me, PeerId source, const MessageView& message);
  void client_is_told(std::uint32_t client, std::uint64_t token, const Answer& answer);
  void note_call(const RegisterCall& call);
  void note_answer(Token token, const Stored& value);
  void check_answer(std::uint32_t host, std::uint32_t client, Bytes bytes) const;

  // What happens (events.hpp).
  void deliver();
  void deliver_to_client(std::uint32_t client, const testing::Packet& packet);
  void call();
  void tick(std::uint32_t node);
  void make_durable(std::uint32_t host);
  void checkpoint(std::uint32_t host);
  void crash(std::uint32_t host);
  void reconnect(std::uint32_t host, std::uint32_t client);
  void move_keys();
  void cut_or_heal();
  void reach(std::uint32_t client, std::uint32_t host, bool is_reached);
  void divert(std::uint32_t client);
  void disturb();
  [[nodiscard]] FrameView strange_frame();
  [[nodiscard]] bool is_settled() const;

  // Hosts that keep nothing (forgetting.hpp).
  void lose_everything(std::uint32_t host);
  void ask_others(std::uint32_t host);
  [[nodiscard]] bool is_introduction(const testing::Packet& packet);
  void begin_anew();

  // What must hold (invariants.hpp).
  void check() const;
  void check_key(Key key) const;
  void check_claims(Key key) const;
  void check_pair(std::uint32_t from, std::uint32_t to) const;
  [[nodiscard]] std::uint32_t claims_on_the_way(Key key, Stored& value) const;

  ClusterOptions options_;
  testing::Random random_;
  testing::Network network_;
  Oracle oracle_;
  std::vector<HostNode> hosts_;
  std::vector<ClientNode> clients_;
  RegisterHistory history_;             // by token
  std::vector<std::uint32_t> callers_;  // that are free: a call has its own while it is open
  std::uint32_t callers_made_ = 0;
  std::uint64_t stranger_number_ = 0;
  std::uint64_t now_ = 1;  // microseconds
  Step step_ = 0;
  std::uint64_t crashes_ = 0;
  std::uint64_t nonce_ = 0;
  std::uint64_t calls_ = 0;
};

}  // namespace quintet::ironkv::world

#include "ironkv/test/world/events.hpp"
#include "ironkv/test/world/forgetting.hpp"
#include "ironkv/test/world/invariants.hpp"
#include "ironkv/test/world/ports.hpp"
