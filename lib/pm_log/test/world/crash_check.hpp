// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "pm_log/test/world/subject.hpp"
#include "proof/choose.hpp"

// The exhaustive check: every sequence of a scenario's operations, and in each operation every
// moment at which the power can fail or the process can be killed, and there every image that
// recovery can tell from the others.
//
// The moments of a power failure are before each fence and after each operation: within an epoch
// images only become more, and those before are among them. A process can be killed after every
// store: its successor sees all that was stored, durable or not.
namespace quintet::pm_log::world {

template <Fault kFault>
class CrashCheck {
 public:
  using Pool = PoolOf<kFault>;
  using Node = Subject<kFault>;

  explicit CrashCheck(const Scenario& scenario)
      : scenario_(scenario),
        image_(memory_for(scenario)),
        second_(memory_for(scenario)),
        third_(memory_for(scenario)) {
    if (!scenario_.every_payload) {
      for (CrashMemory* memory : {&image_, &second_, &third_}) {
        memory->one_stale_word_in(data_start(scenario.capacities.size()),
                                  second_superblock_at(memory->size()));
      }
    }
  }

  // Stops at the first violation.
  Report run() {
    const CheckHandler handler([](const BrokenCheck& broken) { throw Broken{broken.expression}; });
    try {
      const Node start(scenario_);
      examine(start.memory, start.model.crashed(), start.model.crashed(), true);
      descend(start, 1);
    } catch (const Broken& broken) {
      violated(std::string("an invariant breaks (") + broken.expression + ")");
    }
    return std::move(report_);
  }

 private:
  struct Broken {
    const char* expression;
  };

  void descend(const Node& parent, unsigned depth) {
    for (const Operation& operation : scenario_.alphabet) {
      if (!report_.violation.empty()) return;
      path_.push_back(&operation);
      step(parent, operation, depth);
      path_.pop_back();
    }
  }

  void step(const Node& parent, const Operation& operation, unsigned depth) {
    Node node(parent);
    ++report_.sequences;
    const AbstractPool before = node.model.crashed();
    const AbstractPool after = node.after(operation).crashed();
    const bool deep = depth <= scenario_.deep;
    node.memory.watch([&](CrashMemory::Event event) {
      if (!report_.violation.empty()) return;
      if (event == CrashMemory::Event::kBeforeFence) examine(node.memory, before, after, deep);
      if (event != CrashMemory::Event::kBeforeFence && deep) kill(node.memory, before, after);
    });
    const std::string broken = node.carry_out(operation);
    node.memory.watch({});
    if (!broken.empty()) return violated(broken);
    // P23: it is done, whatever happens.
    examine(node.memory, after, after, deep);
    if (report_.violation.empty() && depth < scenario_.depth) descend(node, depth + 1);
  }

  // P11, P13, P16, P23: every image of a power failure now is one of the two.
  void examine(const CrashMemory& memory, const AbstractPool& before, const AbstractPool& after,
               bool deep) {
    ++report_.crash_points;
    proof::Trail trail;
    do {
      ++report_.images;
      image_.become_image(memory, trail);
      CrashMemory* const left = deep ? recover_with_failure(trail) : &image_;
      auto opened = open(*left);
      if (!opened) return;
      const auto found = seen(*opened);
      if (!shows(found, before) && !shows(found, after)) {
        return violated(before == after ? "P23 a finished operation is undone by a power failure"
                                        : "P13/P16 neither the state before nor the one after");
      }
      if (deep) go_on(trail, *left, *std::move(opened), shows(found, after) ? after : before);
      if (!report_.violation.empty()) return;
    } while (trail.advance());
  }

  // Violated, and nothing, if it does not open.
  std::optional<Pool> open(CrashMemory& memory) {
    auto opened = Pool::open(CrashMemoryRef(memory), {.expected_id = test_id()});
    if (opened) return *std::move(opened);
    violated("P6 what a failure left does not open");
    return std::nullopt;
  }

  struct PowerFails {};

  // P5: recovery of image_ may itself be cut off at one of its fences. The memory that is left.
  CrashMemory* recover_with_failure(proof::Trail& trail) {
    image_.watch([&](CrashMemory::Event event) {
      if (event == CrashMemory::Event::kBeforeFence && trail.choose(2) == 1) throw PowerFails{};
    });
    CrashMemory* left = &image_;
    try {
      static_cast<void>(Pool::open(CrashMemoryRef(image_), {}));
    } catch (const PowerFails&) {
      second_.become_image(image_, trail);
      left = &second_;
    }
    image_.watch({});
    return left;
  }

  // P5, P7, P23: what was recovered stays, through another failure: at once, with the next append
  // under way, or after the next commit.
  void go_on(proof::Trail& trail, const CrashMemory& memory, Pool pool, AbstractPool expected) {
    const std::size_t next = trail.choose(3);
    if (next != 0) {
      const auto& log = expected.logs()[0];
      const std::uint64_t room = log.capacity - log.kept.size();
      const auto bytes = content(0, log.tail(), std::min<std::uint64_t>(room, kNext), 0);
      static_cast<void>(expected.tentative_append(0, bytes));
      if (!pool.tentative_append(0, bytes)) return violated("P8 no append after a failure");
      if (next == 2) {
        expected.commit();
        if (!pool.commit()) return violated("P14 no commit after a failure");
      }
    }
    third_.become_image(memory, trail);
    const auto again = open(third_);
    if (again && !shows(seen(*again), expected.crashed())) {
      violated(next == 2 ? "P23 a commit after a failure is undone by the next one"
                         : "P5 what was recovered is not what the next failure leaves");
    }
  }
  static constexpr std::uint64_t kNext = 64;  // a whole line goes to the media at once

  // The process is killed, its successor opens the pool, and then the power fails.
  void kill(const CrashMemory& memory, const AbstractPool& before, const AbstractPool& after) {
    ++report_.kills;
    CrashMemory killed(memory);
    killed.orphan();
    const auto successor = open(killed);
    if (!successor) return;
    const auto exposed = seen(*successor);
    if (!shows(exposed, before) && !shows(exposed, after)) {
      return violated("P13/P16 a killed process leaves neither state");
    }
    proof::Trail trail;
    do {
      ++report_.images;
      image_.become_image(killed, trail);
      const auto opened = open(image_);
      if (!opened) return;
      if (seen(*opened) != exposed) return violated("R1 exposed after a kill, lost with the power");
    } while (trail.advance());
  }

  void violated(const std::string& what) {
    if (!report_.violation.empty()) return;
    report_.violation = what + ", " + scenario_.name + ":";
    for (const Operation* operation : path_) report_.violation += " " + text(*operation) + ";";
  }

  const Scenario& scenario_;
  CrashMemory image_;
  CrashMemory second_;
  CrashMemory third_;
  std::vector<const Operation*> path_{};
  Report report_{};
};

}  // namespace quintet::pm_log::world
