// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "node_replication/node_replicated.hpp"
#include "node_replication/test/explored_env.hpp"
#include "node_replication/test/world/monitor.hpp"
#include "node_replication/test/world/plan.hpp"
#include "node_replication/test/world/sheet.hpp"
#include "proof/explore/explore.hpp"

// A plan as a program of the explorer, with all that every execution must satisfy.
namespace quintet::node_replication::world {

using proof::explore::ExploredAtomics;
using proof::explore::Model;
using proof::explore::Run;

// Who looks at an execution: the program only, at what comes out of calls, or the monitor, too, in
// the sequential model.
enum class Watch { kCalls, kMonitor };

template <class D, Fault kFault>
class World {
 public:
  using Replicated = NodeReplicated<D, ExploredEnv, kFault>;
  using Session = typename Replicated::SessionOf;
  using Op = typename D::WriteOp;
  using Order = std::vector<Id>;

  World(Run& run, const Plan& plan, Model model, Watch watch)
      : run_(run), plan_(plan), model_(model), monitor_(plan.lines, plan.actors.size() + 1) {
    const bool watched = model == Model::kSequential && watch == Watch::kMonitor;
    ExploredEnv::monitor = watched ? &monitor_ : nullptr;
    ExploredEnv::few = plan.few;
    auto made = Replicated::create({.replicas = plan.replicas,
                                    .max_replicas = plan.replicas + 1,
                                    .max_sessions = plan.actors.size() + 1,
                                    .log_lines = plan.lines},
                                   [](ReplicaId) { return D(); });
    replicated_ = std::move(*made);
    for (std::size_t i = 0; i < plan.actors.size(); ++i) {
      actors_.push_back(std::make_unique<Actors>());
      ExploredAtomics::name(actors_[i]->said, "said", i);
    }
    if (plan.written > 0) write_before();
    for (std::size_t i = 0; i < plan.actors.size(); ++i) {
      const Actor& actor = plan.actors[i];
      if (!actor.attaches && needs_session(actor)) attach(i);
    }
  }

  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() { ExploredEnv::monitor = nullptr; }

  void spawn_all() {
    for (std::size_t i = 0; i < plan_.actors.size(); ++i) {
      run_.spawn("actor" + std::to_string(i), [this, i] {
        if (plan_.actors[i].attaches) attach(i);
        for (const char act : plan_.actors[i].acts) perform(i, act);
        actors_[i]->session.reset();
      });
    }
  }

  // After join().
  void check_all() {
    replicated_->sync();
    Order order;
    for (std::uint32_t r = 0, found = 0; found < replicated_->replicas(); ++r) {
      if (!replicated_->is_replica(ReplicaId{r})) continue;
      auto session = *replicated_->attach(ReplicaId{r});
      const Order here = session.read([](const D& data) { return data.applied; });
      if (found++ == 0) order = here;
      check(here == order, "replicas are equal");
    }
    std::size_t writes = 0;
    for (const auto& actor : actors_) {
      for (const auto& [id, position] : actor->writes) {
        check(position >= 1 && position <= order.size() && order[position - 1] == id,
              "responses are those of the one order");
      }
      for (const Order& seen : actor->reads) {
        check(seen.size() <= order.size() && std::equal(seen.begin(), seen.end(), order.begin()),
              "reads see prefixes of the one order");
      }
      writes += actor->writes.size();
    }
    check(order.size() == writes + plan_.written, "every operation is applied once");
    if (replicated_->replicas() > 1) replicated_->check_invariants();
  }

 private:
  struct Write {
    Id id;
    std::size_t position;
  };
  struct Actors {
    std::optional<Session> session;
    std::vector<Write> writes;
    std::vector<Order> reads;
    std::size_t known = 0;  // a position up to which all must be seen
    ExploredAtomics::atomic<std::size_t> said{0};
  };

  void check(bool holds, const char* what) { run_.check(holds, what); }
  static bool needs_session(const Actor& actor) {
    return actor.acts.find_first_of("+-=") == std::string::npos;
  }
  void attach(std::size_t i) {
    auto session = replicated_->attach(static_cast<ReplicaId>(plan_.actors[i].replica));
    check(session.has_value(), "there is room for the session");
    actors_[i]->session.emplace(std::move(*session));
  }
  void write_before() {
    auto session = *replicated_->attach(ReplicaId{0});
    for (std::size_t i = 0; i < plan_.written; ++i) session.write(Op{static_cast<Id>(1000 + i)});
    completed_ = plan_.written;
  }

  // What this actor knows to be complete: by its own operations, by what others told it, and where
  // there is but one memory, because it was there before.
  [[nodiscard]] std::size_t known(std::size_t i) const {
    return model_ == Model::kSequential ? std::max(completed_, actors_[i]->known)
                                        : actors_[i]->known;
  }
  void learned(std::size_t i, std::size_t position) {
    actors_[i]->known = std::max(actors_[i]->known, position);
    completed_ = std::max(completed_, position);
  }
  void written(std::size_t i, Id id, std::size_t position, std::size_t before) {
    check(position > before, "what was complete before comes before");
    actors_[i]->writes.push_back({id, position});
    learned(i, position);
  }
  [[nodiscard]] Id next_id(std::size_t i, std::size_t ahead = 0) const {
    return static_cast<Id>(100 * i + actors_[i]->writes.size() + ahead);
  }

  void perform(std::size_t i, char act) {
    Actors& actor = *actors_[i];
    const std::size_t before = known(i);
    if (act == 'w') {
      const Id id = next_id(i);
      const std::size_t position = actor.session->write(Op{id});
      check(actor.session->last_version() == position, "the version is that of the write");
      written(i, id, position, before);
    } else if (act >= '2' && act <= '9') {
      write_batch(i, static_cast<std::size_t>(act - '0'), before);
    } else if (act == 'u') {
      const Id id = next_id(i);
      actor.session->submit(Op{id});
      const std::size_t position = actor.session->take();
      written(i, id, position, before);
    } else if (act == 'r') {
      if (ExploredEnv::monitor != nullptr) ExploredEnv::monitor->read_begins();
      Order seen = actor.session->read([](const D& data) { return data.applied; });
      check(seen.size() >= before, "a read sees what was complete before it");
      check(actor.session->last_version() == seen.size(), "the version is what was read");
      learned(i, seen.size());
      actor.reads.push_back(std::move(seen));
    } else if (act == 's') {
      actor.session->sync();
    } else if (act == 'd') {
      actor.session.reset();
      attach(i);
    } else {
      perform_beside(i, act);
    }
  }
  void write_batch(std::size_t i, std::size_t count, std::size_t before) {
    std::vector<Op> ops;
    std::vector<std::size_t> positions(count);
    const Id first = next_id(i);
    for (std::size_t k = 0; k < count; ++k) ops.push_back(Op{next_id(i, k)});
    actors_[i]->session->write(ops, positions);
    check(actors_[i]->session->last_version() == positions.back(), "the version is of the last");
    for (std::size_t k = 0; k < count; ++k) {
      written(i, first + static_cast<Id>(k), positions[k], before);
      before = positions[k];
    }
  }
  void perform_beside(std::size_t i, char act) {
    if (act == '!') {
      actors_[i]->said.store(actors_[i]->known, std::memory_order_release);
    } else if (act == '?') {
      for (const auto& other : actors_) {
        if (other == actors_[i]) continue;
        learned(i, other->said.load(std::memory_order_acquire));
      }
    } else if (act == '+') {
      check(replicated_->add_replica().has_value(), "there is room for a replica");
    } else if (act == '-') {
      const auto last = static_cast<ReplicaId>(plan_.replicas - 1);
      const auto removed = replicated_->remove_replica(last);
      check(removed.has_value() || removed.error().code == Errc::kSessionsAttached,
            "a replica without sessions is removed");
    } else if (act == '=') {
      replicated_->sync();
    } else {
      check(false, "the plan has acts that there are");
    }
  }

  Run& run_;
  const Plan& plan_;
  Model model_;
  Monitor monitor_;
  std::unique_ptr<Replicated> replicated_;
  std::vector<std::unique_ptr<Actors>> actors_;
  std::size_t completed_ = 0;  // writes that were complete, or seen, by anybody
};

template <class D, Fault kFault>
void run_in(Run& run, const Plan& plan, Model model, Watch watch) {
  if constexpr (requires { D::WriteOp::live; }) D::WriteOp::live = 0;
  {
    World<D, kFault> world(run, plan, model, watch);
    world.spawn_all();
    run.join();
    world.check_all();
  }
  if constexpr (requires { D::WriteOp::live; }) {
    run.check(D::WriteOp::live == 0, "every operation is destroyed, once");
  }
}

template <Kind kKind>
using SheetOf =
    std::conditional_t<kKind == Kind::kSmall, Sheet,
                       std::conditional_t<kKind == Kind::kWide, WideSheet, OwningSheet>>;

// Requires: the plan is of one of these kinds. Only these are compiled, which takes long.
template <Fault kFault, Kind... kKinds>
[[nodiscard]] proof::explore::Program program_of(const Plan& plan, Model model, Watch watch) {
  QT_CHECK(((plan.kind == kKinds) || ...), "the plan is of another kind");
  return [plan, model, watch](Run& run) {
    ((plan.kind == kKinds ? run_in<SheetOf<kKinds>, kFault>(run, plan, model, watch) : void()),
     ...);
  };
}

}  // namespace quintet::node_replication::world
