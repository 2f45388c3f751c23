// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <queue>
#include <random>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "proof/explore/fiber.hpp"
#include "simulation/account.hpp"
#include "simulation/parameters.hpp"

// A simulated machine: many hardware threads with virtual clocks and the lines of their caches. The
// program is real code that asks for each access to shared memory (sim_env.hpp) and runs in fibers;
// who has the least time goes on.
//
// A line is owned by one core, or shared by some, or in memory. A miss takes as long as the line
// has to come; while an owned line is on its way nobody else gets it, so a hot line serves one
// after another, in the order in which they ask. Loads and stores feel a part of that, since
// processors work ahead; a locked instruction, and a sequentially consistent store, waits for all
// earlier stores and feels all of it. Values change in the order of requests; others see a store
// when it would have left the store buffer.
//
// Results are a function of program, parameters and seed, not of addresses: the lines are numbered
// by first use. Threading: one thread; one machine at a time.
namespace quintet::simulation {

// Thrown out of waits when nobody is left to end them, or the deadline has passed.
struct Stopped {};

class Machine {
 public:
  static constexpr double kNever = std::numeric_limits<double>::infinity();
  static constexpr std::size_t kMostCores = 128;

  Machine(const Shape& shape, const Parameters& parameters, std::uint64_t seed);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // The machine that runs now, or null.
  [[nodiscard]] static Machine* current() { return current_; }

  // A thread on a core, from that time on. `crowded`: another hardware thread of the core is used.
  void spawn(unsigned core, bool crowded, double start, std::function<void()> body);
  // Until all have ended. Threads that wait beyond the deadline are stopped.
  void run(double deadline = kNever);

  [[nodiscard]] bool in_thread() const { return self_ != nullptr; }
  // Of the running thread.
  [[nodiscard]] double now() const { return self_->now; }
  [[nodiscard]] const Parameters& parameters() const { return parameters_; }
  void work(double ns, const char* what = "work");
  // The turn of a loop: if since the last one nothing was written and everything was only looked
  // at, the thread waits until one of the lines is written.
  void pause();

  // The line sets off, and the thread goes on; who loads it too early waits for the rest.
  void prefetch(const void* address);
  // Each before the value is read or changed; wrote() after it was changed.
  void load(const void* address, bool waited_for = false);
  void store(const void* address, bool sequential);
  void update(const void* address);
  void wrote(const void* address);
  // Until somebody writes the line, or for so long; false then.
  bool wait(const void* address, double longest);

  void name(const void* address, const char* text);
  void keep_account(bool keep) { accounting_ = keep; }
  [[nodiscard]] const Account& account() const { return account_; }

 private:
  using Cores = std::bitset<kMostCores>;
  struct Waiter {
    std::uint32_t thread;
    std::uint64_t wait;
  };
  struct Line {
    std::uint32_t id = 0;
    int owner = -1;
    Cores sharers;  // when there is no owner
    double free_at = 0;
    double seen_at = 0;  // when its last store left the store buffer
    std::uint64_t writes = 0;
    std::vector<Waiter> waiters;
    const char* name = "?";
  };
  struct Core {
    std::vector<std::uint32_t> filled;  // by line: when it came into the first-level cache
    std::uint32_t fills = 0;
    std::unordered_map<std::uint32_t, double> coming;  // by line: when what was prefetched is there
  };
  struct Look {
    Line* line;
    std::uint64_t writes;
  };
  struct Thread {
    std::uint32_t index = 0;
    unsigned core = 0;
    unsigned socket = 0;
    double slow = 1;
    double slow_miss = 1;
    double now = 0;
    double drained = 0;                     // when the store buffer is empty
    std::array<std::uint64_t, 8> loaded{};  // the last lines, by address
    std::size_t loads = 0;
    std::uint64_t waits = 0;  // wake-ups for earlier ones do not count
    bool waiting = false;
    bool timed_out = false;
    bool stop = false;
    bool looks_only = false;
    std::vector<Look> looks;
    std::unique_ptr<proof::explore::Fiber> fiber;
  };
  struct Event {
    double time;
    std::uint64_t order;
    std::uint32_t thread;
    std::uint64_t wait;  // of a wake-up by time; kReady: it runs
    bool operator>(const Event& other) const {
      return time != other.time ? time > other.time : order > other.order;
    }
  };
  static constexpr std::uint64_t kReady = ~std::uint64_t{0};
  static constexpr double kAhead = 15;  // so far a thread may run ahead on its own lines
  static constexpr std::size_t kMostLooks = 8;

  [[nodiscard]] Line& line(const void* address);
  [[nodiscard]] bool holds(const Line& line) const;
  [[nodiscard]] bool owns(const Line& line) const;
  [[nodiscard]] double latency_to_load(const Line& line) const;
  [[nodiscard]] double latency_to_own(const Line& line) const;
  [[nodiscard]] bool is_local(const Cores& cores) const;
  double hit(Line& line);
  // How long the running thread waits for what was prefetched.
  double wait_for_prefetched(const Line& line);
  // Shares the line out to the running core. When it sets off, and how long that takes.
  std::pair<double, double> share(Line& line);
  void fill(Line& line);
  // Makes the line the running core's. When it is there.
  double acquire(Line& line);
  // Whether the last loads let the processor expect this one; remembers it.
  bool expects(const void* address);
  void charge(const Line* line, Spent kind, double ns);
  void let_others(double ahead);
  void push(Thread& thread, std::uint64_t wait, double time);
  void block(double until);
  void resume(Thread& thread);
  void stop_the_rest();

  static Machine* current_;

  Shape shape_;
  Parameters parameters_;
  std::mt19937_64 random_;
  std::unordered_map<std::uint64_t, Line> lines_;
  std::vector<Core> cores_;
  std::vector<std::unique_ptr<Thread>> threads_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::uint64_t order_ = 0;
  std::uint32_t line_ids_ = 0;
  double deadline_ = kNever;
  Thread* self_ = nullptr;
  bool ending_ = false;
  bool accounting_ = false;
  Account account_;
};

}  // namespace quintet::simulation
