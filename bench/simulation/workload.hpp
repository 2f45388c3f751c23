// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "baselines/original_nr.hpp"
#include "node_replication/node_replicated.hpp"
#include "simulation/machine.hpp"
#include "simulation/sim_env.hpp"

// The workload of figure 10 on the simulated machine: threads in a closed loop, so many of a
// hundred operations map a page and the others resolve one. Threads fill the first hardware thread
// of each core, socket by socket, then the second ones; there is a replica for each socket in use.
namespace quintet::simulation {

struct Run {
  unsigned threads = 1;
  unsigned writes = 0;  // of a hundred operations
  std::uint64_t seed = 1;
  double warm_up = 0;  // nanoseconds; 0: what the mix needs
  double window = 0;
  bool account = false;
};

struct Measured {
  double mops = 0;
  double ns_per_op = 0;       // of a thread
  std::uint64_t stopped = 0;  // threads that waited when time was over, and nobody came
  std::uint64_t operations = 0;
  Account account;
};

// What the page table costs; its own memory is the replica's, on its socket.
struct SimulatedSpace {
  struct WriteOp {
    std::uint64_t address;
    std::uint64_t frame;
  };
  bool apply(const WriteOp&) {
    SimEnv::work(Machine::current()->parameters().apply, "apply");
    return true;
  }
  [[nodiscard]] bool resolve() const {
    SimEnv::work(Machine::current()->parameters().read, "read");
    return true;
  }
};

template <class Traits>
class SimulatedOriginal {
  using Nr = baselines::OriginalNr<SimulatedSpace, SimEnv, Traits>;

 public:
  class Handle {
   public:
    Handle(Nr& nr, std::size_t replica) : nr_(&nr), token_(*nr.register_thread(replica)) {}
    void write(std::uint64_t key) { nr_->write(token_, {key, key}); }
    void read() {
      nr_->read(token_, [](const SimulatedSpace& space) { return space.resolve(); });
    }

   private:
    Nr* nr_;
    typename Nr::Token token_;
  };

  // A short log is enough for a short time.
  explicit SimulatedOriginal(std::size_t replicas)
      : nr_(replicas, std::max<std::uint64_t>(2 * Traits::kGcMargin, 1U << 12),
            [](std::size_t) { return SimulatedSpace{}; }) {}
  [[nodiscard]] Handle attach(std::size_t replica) { return Handle(nr_, replica); }

 private:
  Nr nr_;
};

class SimulatedQuintet {
  using Nr = node_replication::NodeReplicated<SimulatedSpace, SimEnv>;

 public:
  class Handle {
   public:
    explicit Handle(Nr::SessionOf session) : session_(std::move(session)) {}
    void write(std::uint64_t key) { session_.write({key, key}); }
    void read() {
      session_.read([](const SimulatedSpace& space) { return space.resolve(); });
    }

   private:
    Nr::SessionOf session_;
  };

  explicit SimulatedQuintet(std::size_t replicas)
      : nr_(*Nr::create({.replicas = replicas},
                        [](node_replication::ReplicaId) { return SimulatedSpace{}; })) {}
  [[nodiscard]] Handle attach(std::size_t replica) {
    return Handle(*nr_->attach(static_cast<node_replication::ReplicaId>(replica)));
  }

 private:
  std::unique_ptr<Nr> nr_;
};

// Read and write in turn by virtual time: each takes as much of it as its share is small.
class Mix {
 public:
  explicit Mix(unsigned writes)
      : read_stride_(writes == 100 ? kNever : 1'000'000 / (100 - writes)),
        write_stride_(writes == 0 ? kNever : 1'000'000 / writes) {
    if (writes == 100) read_at_ = kNever;
    if (writes == 0) write_at_ = kNever;
  }
  bool next_writes() {
    const bool writes = write_at_ < read_at_;
    (writes ? write_at_ : read_at_) += writes ? write_stride_ : read_stride_;
    return writes;
  }

 private:
  static constexpr std::uint64_t kNever = ~std::uint64_t{0} / 4;
  std::uint64_t read_stride_;
  std::uint64_t write_stride_;
  std::uint64_t read_at_ = 0;
  std::uint64_t write_at_ = 0;
};

[[nodiscard]] inline std::size_t replicas_for(unsigned threads, const Shape& shape) {
  return std::min(shape.sockets, (threads + shape.cores - 1) / shape.cores);
}

template <class Impl>
Measured simulate(const Run& run, const Parameters& parameters, const Shape& shape = {}) {
  Machine machine(shape, parameters, run.seed);
  machine.keep_account(run.account);
  const double warm_up = run.warm_up > 0 ? run.warm_up : (run.writes == 0 ? 2'000 : 30'000);
  const double window = run.window > 0 ? run.window : (run.writes == 0 ? 10'000 : 200'000);
  const double end = warm_up + window;
  Impl impl(replicas_for(run.threads, shape));
  std::deque<typename Impl::Handle> handles;  // they come and go outside of simulated time
  std::mt19937_64 random(run.seed);
  Measured measured;
  measured.stopped = run.threads;
  for (unsigned i = 0; i < run.threads; ++i) {
    const unsigned core = i % shape.all_cores();
    const bool crowded = i >= shape.all_cores() || i + shape.all_cores() < run.threads;
    const double start = static_cast<double>(random() % 1000);
    auto& handle = handles.emplace_back(impl.attach(core / shape.cores));
    machine.spawn(core, crowded, start, [&, mix = Mix(run.writes), i]() mutable {
      for (std::uint64_t key = i; machine.now() < end; ++key) {
        machine.work(machine.parameters().loop, "loop");
        if (mix.next_writes()) {
          handle.write(key);
        } else {
          handle.read();
        }
        if (machine.now() >= warm_up && machine.now() < end) ++measured.operations;
      }
      --measured.stopped;
    });
  }
  machine.run(end + 20'000);
  const double operations = static_cast<double>(measured.operations);
  measured.mops = operations / window * 1e3;
  measured.ns_per_op = operations > 0 ? run.threads * window / operations : 0;
  measured.account = machine.account();
  return measured;
}

}  // namespace quintet::simulation
