// SPDX-License-Identifier: MIT
#include <algorithm>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "pm_log/shared_log.hpp"
#include "pm_log/test/world/operation.hpp"
#include "pm_log/test/world/subject.hpp"
#include "proof/explore/execution.hpp"
#include "proof/explore/explore.hpp"
#include "testing/catch.hpp"
#include "testing/crash_memory.hpp"

// The shared log in all interleavings of a few producers, on memory in which the power fails: when
// append() returns, every image that a failure may leave holds what was appended.
namespace quintet::pm_log {
namespace {

using proof::explore::Execution;
using proof::explore::ExploredAtomics;
using proof::explore::FailureKind;
using proof::explore::Model;
using proof::explore::Program;
using proof::explore::Report;
using proof::explore::Run;
using testing::CrashMemory;
using testing::CrashMemoryRef;
using world::content;

// Each producer's fences are its own; and between its steps those of others have their turn.
class ThreadedMemory {
 public:
  ThreadedMemory(CrashMemory& memory, ExploredAtomics::atomic<int>& steps)
      : memory_(&memory), steps_(&steps) {}

  [[nodiscard]] bool streams_in_parallel() const { return true; }
  [[nodiscard]] std::uint64_t size() const { return memory_->size(); }
  void store(std::uint64_t at, std::span<const std::byte> bytes) { mine().store(at, bytes); }
  void stream(std::uint64_t at, std::span<const std::byte> bytes) {
    steps_->fetch_add(1, std::memory_order_relaxed);
    mine().stream(at, bytes);
  }
  void flush(std::uint64_t at, std::uint64_t bytes) { mine().flush(at, bytes); }
  [[nodiscard]] bool fence() { return mine().fence(); }
  [[nodiscard]] bool read(std::uint64_t at, std::span<std::byte> bytes) const {
    return memory_->read(at, bytes);
  }

 private:
  CrashMemory& mine() {
    memory_->set_thread(static_cast<std::uint32_t>(Execution::current().running()));
    return *memory_;
  }
  CrashMemory* memory_;
  ExploredAtomics::atomic<int>* steps_;
};

struct Producer {
  std::vector<std::uint64_t> appends;  // sizes; from kOutside on copied without the lock
};
constexpr std::size_t kOutside = 64;
constexpr std::size_t kNever = 1'000;
constexpr std::uint64_t kRing = 256;
constexpr std::uint64_t kMemory = 0x5000;

using Bytes = std::vector<std::byte>;

// What the log holds in each image of a power failure now.
std::vector<Bytes> images_of(const CrashMemory& memory) {
  std::vector<Bytes> images;
  CrashMemory image(kMemory);
  testing::for_each_image(memory, image, [&](CrashMemory& left) {
    const auto pool = MultiLog<CrashMemoryRef>::open(CrashMemoryRef(left));
    QT_CHECK(pool.has_value(), "every image opens");
    Bytes& bytes = images.emplace_back(pool->info(0)->tail);
    QT_CHECK(pool->read(0, 0, bytes).has_value(), "and can be read");
    return true;
  });
  return images;
}

bool holds_at(const Bytes& log, Position position, const Bytes& bytes) {
  return position + bytes.size() <= log.size() &&
         std::equal(bytes.begin(), bytes.end(),
                    log.begin() + static_cast<std::ptrdiff_t>(position));
}

// Producers fill with what tells them apart.
template <Fault kFault>
Program program_of(std::vector<Producer> producers, std::size_t outside) {
  return [=](Run& run) {
    using Pool = MultiLog<ThreadedMemory, kFault>;
    CrashMemory memory(kMemory);
    const LogSpec spec{.capacity = kRing};
    ExploredAtomics::atomic<int> steps(0);
    ExploredAtomics::name(steps, "memory");
    Pool pool =
        *Pool::create(ThreadedMemory(memory, steps), std::span(&spec, 1), {.id = world::test_id()});
    SharedLog<ThreadedMemory, ExploredAtomics, kFault> log(pool, outside);
    std::vector<Bytes> images;
    Bytes whole;
    for (std::size_t i = 0; i < producers.size(); ++i) {
      run.spawn("producer" + std::to_string(i), [&, i] {
        for (const std::uint64_t size : producers[i].appends) {
          const auto bytes = content(static_cast<std::uint32_t>(i), 0, size, 0);
          const auto position = log.append(0, bytes);
          if (size > kRing) {
            run.check(!position && position.error().code == Errc::kNoSpace, "too much is refused");
            continue;
          }
          run.check(position.has_value(), "there is room");
          for (Bytes& image : images_of(memory)) {
            run.check(holds_at(image, *position, bytes), "append() returns what is durable");
            images.push_back(std::move(image));
          }
          whole.resize(std::max<std::size_t>(whole.size(), *position + size));
          std::copy(bytes.begin(), bytes.end(),
                    whole.begin() + static_cast<std::ptrdiff_t>(*position));
        }
      });
    }
    run.join();
    run.check(pool.info(0)->tail == whole.size(), "everything is committed, and nothing else");
    for (const Bytes& image : images) {
      run.check(holds_at(whole, 0, image), "what others find committed is what was appended");
    }
  };
}

Report explored(const std::string& name, Model model, const Program& program) {
  const Report report = explore(program, {.model = model});
  std::cout << name << ": " << report.summary() << std::endl;
  return report;
}

void holds(const std::string& name, const std::vector<Producer>& producers,
           std::size_t outside = kOutside) {
  for (const Model model : {Model::kSequential, Model::kViews}) {
    const Report report = explored(name, model, program_of<Fault::kNone>(producers, outside));
    INFO(report);
    CHECK(report.exhaustive());
  }
}

template <Fault kFault>
void refuted(const std::string& name, const std::vector<Producer>& producers, FailureKind kind,
             std::size_t outside = kOutside) {
  const Report report = explored(name, Model::kViews, program_of<kFault>(producers, outside));
  INFO(report);
  CHECK(report.failure.kind == kind);
}

TEST_CASE("two producers share the log in every interleaving") {
  holds("two short", {{{9}}, {{7}}});
  holds("a short and a long one", {{{9}}, {{64}}});
  holds("two long ones off boundaries", {{{70}}, {{100}}});
  holds("two and one", {{{9, 65}}, {{64}}});
  holds("whole lines under the lock", {{{64}}, {{70}}}, kNever);
}

TEST_CASE("a refused append leaves nobody waiting") {
  holds("one refused", {{{kRing + 1}}, {{64}}});
}

TEST_CASE("three producers share the log in every interleaving") {
  holds("three short", {{{9}}, {{8}}, {{7}}});
}

TEST_CASE("every seeded fault of the shared log is refuted") {
  refuted<Fault::kLeftToOthersFence>("left to another's fence", {{{64}}, {{9}}},
                                     FailureKind::kCheck, kNever);
  refuted<Fault::kCopiesNotAwaited>("copies not awaited", {{{64}}, {{9}}}, FailureKind::kCheck);
  refuted<Fault::kGroupNotAwaited>("group not awaited", {{{64}}, {{9}}}, FailureKind::kCheck);
  refuted<Fault::kArrivalsForgotten>("arrivals forgotten", {{{9}}, {{kRing + 1}}},
                                     FailureKind::kDeadlock);
}

}  // namespace
}  // namespace quintet::pm_log
