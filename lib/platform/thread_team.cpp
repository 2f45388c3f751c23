// SPDX-License-Identifier: MIT
#include "platform/thread_team.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "platform/clock.hpp"

namespace quintet::platform {
namespace {

enum class Signal : int { kWait, kGo, kCancel };

// Members count themselves in when bound; the thread that starts the run waits for all of them,
// then stamps the clock and says go. Members spin, because a wake-up would cost more than many
// of the operations that are measured, and yield, because there may be more threads than units.
class StartLine {
 public:
  void arrive() noexcept { arrived_.fetch_add(1, std::memory_order_release); }  // with wait_for

  void wait_for(std::size_t members) const noexcept {
    // acquire: pairs with arrive(), so that failures recorded before it are seen.
    while (arrived_.load(std::memory_order_acquire) < members) std::this_thread::yield();
  }

  void say(Signal signal) noexcept { signal_.store(signal, std::memory_order_release); }

  [[nodiscard]] bool wait_for_go() const noexcept {
    Signal seen;
    // acquire: pairs with say(), so that the caller's preparations are seen.
    while ((seen = signal_.load(std::memory_order_acquire)) == Signal::kWait) {
      std::this_thread::yield();
    }
    return seen == Signal::kGo;
  }

 private:
  alignas(kCacheLineBytes) std::atomic<std::size_t> arrived_ = 0;
  alignas(kCacheLineBytes) std::atomic<Signal> signal_ = Signal::kWait;
};

// The first error of any member.
class FirstError {
 public:
  void record(const OsError& error) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = error;
  }
  [[nodiscard]] const std::optional<OsError>& get() const noexcept { return error_; }

 private:
  std::mutex mutex_;
  std::optional<OsError> error_;
};

}  // namespace

Result<ThreadTeam> ThreadTeam::create(const Topology& topology, std::size_t threads,
                                      PinPolicy policy) {
  auto units = topology.placement(policy, threads);
  if (!units) return std::unexpected(units.error());
  return ThreadTeam(topology, std::move(*units));
}

Result<TeamRun> ThreadTeam::run(const Member& member, std::chrono::nanoseconds duration,
                                std::atomic<bool>* stop) const {
  StartLine line;
  FirstError failure;
  TeamRun result{0, std::vector<std::uint64_t>(size())};
  std::vector<std::int64_t> finished_ns(size());
  const auto work = [&](std::size_t index) {
    if (const auto bound = topology_->bind_current_thread(units_[index]); !bound) {
      failure.record(bound.error());
    }
    line.arrive();
    if (!line.wait_for_go()) return;
    result.ops[index] = member(index);
    finished_ns[index] = now_ns();
  };

  std::vector<std::jthread> threads;
  threads.reserve(size());
  try {
    for (std::size_t i = 0; i < size(); ++i) threads.emplace_back(work, i);
  } catch (const std::system_error& error) {
    failure.record({error.code().value(), "start a thread", "ask for fewer threads"});
  }
  line.wait_for(threads.size());
  const bool cancelled = failure.get().has_value();
  const std::int64_t start_ns = now_ns();
  line.say(cancelled ? Signal::kCancel : Signal::kGo);
  if (stop != nullptr && !cancelled) {
    std::this_thread::sleep_for(duration);
    stop->store(true, std::memory_order_relaxed);
  }
  threads.clear();  // joins
  if (cancelled) return std::unexpected(*failure.get());
  result.seconds = static_cast<double>(*std::ranges::max_element(finished_ns) - start_ns) * 1e-9;
  return result;
}

}  // namespace quintet::platform
