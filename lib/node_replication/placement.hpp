// SPDX-License-Identifier: MIT
#pragma once
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <memory_resource>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "node_replication/options.hpp"
#include "platform/topology.hpp"

// Which replica lives where: the machine's processing units are shared out among the replicas,
// each replica has memory on the nodes of its units, and the log lies on all of them in turn. On
// a machine with one node, or none that hwloc can see, there is one replica and nothing to place.
// Placing is a wish: where the kernel refuses it, all works, and unbound() says why.
//   I1  every processing unit belongs to one replica, and every replica has at least one unit;
//       for_threads() leaves out the nodes that it has no use for.
// Threading: immutable; any thread may use it. Copies share their memory; the last of them must
// outlive every structure that was made with its options.
namespace quintet::node_replication {

// How many replicas, and where.
class Strategy {
 public:
  static constexpr Strategy per_node() { return {Kind::kPerNode, 0}; }
  static constexpr Strategy whole_system() { return {Kind::kWholeSystem, 0}; }  // one replica
  static constexpr Strategy per_l3() { return {Kind::kPerL3, 0}; }  // node, where no L3 is shown
  // `replicas` of about the same size: each has whole nodes, or a part of one.
  static constexpr Strategy exactly(std::size_t replicas) { return {Kind::kExactly, replicas}; }

 private:
  friend class Placement;
  enum class Kind : std::uint8_t { kPerNode, kWholeSystem, kPerL3, kExactly };
  constexpr Strategy(Kind kind, std::size_t count) : kind_(kind), count_(count) {}

  Kind kind_;
  std::size_t count_;
};

// Where each of some threads runs, and which replica it attaches to.
struct Assignment {
  std::vector<platform::ProcessingUnit> units;      // by thread
  std::vector<ReplicaId> replicas;                  // by thread
  std::vector<std::size_t> threads_of_replica;      // by replica
  [[nodiscard]] std::size_t replicas_used() const;  // with at least one thread
};

template <class Make>
class OnNode;

class Placement {
 public:
  // Errors: EINVAL for 0 replicas, or more than there are processing units.
  [[nodiscard]] static platform::Result<Placement> create(const platform::Topology& topology,
                                                          Strategy strategy = Strategy::per_node());

  // One replica for each node that `threads` threads come to under `policy`, and none elsewhere:
  // under kFill, min(threads / cores of a node, rounded up; nodes). Errors: those of
  // Topology::placement.
  [[nodiscard]] static platform::Result<Placement> for_threads(const platform::Topology& topology,
                                                               platform::PinPolicy policy,
                                                               std::size_t threads);

  [[nodiscard]] std::size_t replicas() const noexcept;

  // Replicas that are added later, beyond replicas(), take the places of the first ones again.
  [[nodiscard]] std::vector<platform::ProcessingUnit> units_of(ReplicaId replica) const;
  [[nodiscard]] std::vector<unsigned> nodes_of(ReplicaId replica) const;

  // The first replica, for a unit that is nobody's.
  [[nodiscard]] ReplicaId replica_of(const platform::ProcessingUnit& unit) const noexcept;
  // The nearest replica, for as long as the thread stays on its unit. No system call.
  [[nodiscard]] ReplicaId replica_of_calling_thread() const noexcept;
  // Keeps the calling thread on the units of `replica`. Errors: Topology::bind_current_thread.
  [[nodiscard]] platform::Result<void> bind_current_thread(ReplicaId replica) const;

  // Errors: those of Topology::placement.
  [[nodiscard]] platform::Result<Assignment> assign(platform::PinPolicy policy,
                                                    std::size_t threads) const;

  // Memory on the nodes of `replica`, for large and small blocks; strictly on one node, where it
  // has one. Good for the replica and, through polymorphic allocators, for what is in it.
  [[nodiscard]] std::pmr::memory_resource* memory(ReplicaId replica) const;
  // Memory on all nodes of all replicas, page by page in turn.
  [[nodiscard]] std::pmr::memory_resource* log_memory() const;
  // Nothing if all that memory is where it should be; else why some is not.
  [[nodiscard]] std::optional<platform::OsError> unbound() const;

  // Fills in how many replicas there are, and where their memory is, that of later ones too.
  void apply_to(Options& options) const;
  [[nodiscard]] Options options() const;

  // Wraps make(replica) -> D, or copy(original, replica) -> D, so that it runs on a thread of its
  // own beside the memory of that replica: what it touches first is there. What it throws reaches
  // the caller, and so does std::system_error when there can be no thread.
  // What malloc hands out may have been touched before, elsewhere: memory() is certain.
  template <class Make>
  [[nodiscard]] OnNode<Make> on_node(Make make) const;

 private:
  template <class Make>
  friend class OnNode;
  struct State;
  using Groups = std::vector<std::vector<platform::ProcessingUnit>>;
  static platform::Result<Placement> with_groups(const platform::Topology& topology, Groups groups);
  explicit Placement(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  [[nodiscard]] std::size_t place_of(ReplicaId replica) const noexcept;
  void run_on_node(ReplicaId replica, const std::function<void()>& work) const;
  template <class Work>
  [[nodiscard]] auto call_on_node(ReplicaId replica, Work work) const;

  std::shared_ptr<const State> state_;
};

template <class Work>
auto Placement::call_on_node(ReplicaId replica, Work work) const {
  std::optional<std::invoke_result_t<Work&>> made;
  run_on_node(replica, [&] { made.emplace(work()); });
  return *std::move(made);
}

// What Placement::on_node() answers.
template <class Make>
class OnNode {
 public:
  OnNode(Placement placement, Make make)
      : placement_(std::move(placement)), make_(std::move(make)) {}

  auto operator()(ReplicaId replica)
    requires std::invocable<Make&, ReplicaId>
  {
    return placement_.call_on_node(replica, [&] { return std::invoke(make_, replica); });
  }
  template <class D>
    requires std::invocable<Make&, const D&, ReplicaId>
  auto operator()(const D& original, ReplicaId replica) {
    return placement_.call_on_node(replica, [&] { return std::invoke(make_, original, replica); });
  }

 private:
  Placement placement_;
  Make make_;
};

template <class Make>
OnNode<Make> Placement::on_node(Make make) const {
  return {*this, std::move(make)};
}

}  // namespace quintet::node_replication
