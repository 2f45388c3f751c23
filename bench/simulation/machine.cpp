// SPDX-License-Identifier: MIT
#include "simulation/machine.hpp"

#include <algorithm>
#include <utility>

#include "base/align.hpp"
#include "base/assert.hpp"

namespace quintet::simulation {

Machine* Machine::current_ = nullptr;

Machine::Machine(const Shape& shape, const Parameters& parameters, std::uint64_t seed)
    : shape_(shape), parameters_(parameters), random_(seed), cores_(shape.all_cores()) {
  QT_CHECK(current_ == nullptr, "one simulated machine at a time");
  QT_CHECK(shape.all_cores() <= kMostCores, "so many cores are not simulated");
  current_ = this;
}

Machine::~Machine() { current_ = nullptr; }

void Machine::spawn(unsigned core, bool crowded, double start, std::function<void()> body) {
  QT_CHECK(core < shape_.all_cores(), "there is no such core");
  auto thread = std::make_unique<Thread>();
  thread->index = static_cast<std::uint32_t>(threads_.size());
  thread->core = core;
  thread->socket = core / shape_.cores;
  thread->slow = crowded ? parameters_.hyperthread : 1;
  thread->slow_miss = crowded ? parameters_.hyperthread_miss : 1;
  thread->now = start;
  thread->fiber = std::make_unique<proof::explore::Fiber>();
  thread->fiber->start([body = std::move(body)] {
    try {
      body();
    } catch (const Stopped&) {
    }
  });
  push(*thread, kReady, start);
  threads_.push_back(std::move(thread));
}

void Machine::run(double deadline) {
  deadline_ = deadline;
  while (!events_.empty()) {
    const Event event = events_.top();
    events_.pop();
    Thread& thread = *threads_[event.thread];
    if (event.wait != kReady) {
      if (!thread.waiting || thread.waits != event.wait) continue;
      thread.timed_out = true;
      thread.stop = event.time > deadline_;
      thread.now = event.time;
    }
    resume(thread);
  }
  stop_the_rest();
}

void Machine::stop_the_rest() {
  ending_ = true;
  for (bool found = true; found;) {
    found = false;
    for (const auto& thread : threads_) {
      if (thread->fiber->done()) continue;
      found = true;
      thread->stop = true;
      resume(*thread);
    }
  }
}

void Machine::resume(Thread& thread) {
  self_ = &thread;
  thread.waiting = false;
  thread.fiber->resume();
  self_ = nullptr;
}

void Machine::push(Thread& thread, std::uint64_t wait, double time) {
  events_.push({time, order_++, thread.index, wait});
}

// Gives way to threads whose time has come.
void Machine::let_others(double ahead) {
  while (!ending_ && !events_.empty() && events_.top().time + ahead < self_->now) {
    Thread& self = *self_;
    push(self, kReady, self.now);
    self.fiber->suspend();
  }
}

void Machine::block(double until) {
  Thread& self = *self_;
  self.waiting = true;
  self.timed_out = false;
  if (until != kNever) push(self, self.waits, until);
  const double since = self.now;
  self.fiber->suspend();
  ++self.waits;
  if (self.stop) throw Stopped{};
  self.now = std::max(self.now, since);
}

Machine::Line& Machine::line(const void* address) {
  Line& found = lines_[reinterpret_cast<std::uintptr_t>(address) / kCacheLineBytes];
  if (found.id == 0) found.id = ++line_ids_;
  return found;
}

bool Machine::owns(const Line& line) const { return line.owner == static_cast<int>(self_->core); }
bool Machine::holds(const Line& line) const { return owns(line) || line.sharers[self_->core]; }

bool Machine::is_local(const Cores& cores) const {
  for (unsigned core = 0; core < shape_.cores; ++core) {
    if (cores[self_->socket * shape_.cores + core]) return true;
  }
  return false;
}

double Machine::latency_to_load(const Line& line) const {
  if (line.owner >= 0) {
    const bool local = static_cast<unsigned>(line.owner) / shape_.cores == self_->socket;
    return local ? parameters_.local_dirty : parameters_.remote_dirty;
  }
  if (line.sharers.none()) return parameters_.memory;
  return is_local(line.sharers) ? parameters_.local_clean : parameters_.remote_clean;
}

double Machine::latency_to_own(const Line& line) const {
  if (line.owner >= 0 || line.sharers.none()) return latency_to_load(line);
  Cores elsewhere = line.sharers;
  for (unsigned core = 0; core < shape_.cores; ++core) {
    elsewhere.reset(self_->socket * shape_.cores + core);
  }
  return elsewhere.any() ? parameters_.remote_upgrade : parameters_.local_upgrade;
}

double Machine::hit(Line& line) {
  Core& core = cores_[self_->core];
  if (core.filled.size() <= line.id) core.filled.resize(line.id + 1024U, 0);
  const std::uint32_t at = core.filled[line.id];
  const bool recent = at != 0 && core.fills - at < static_cast<std::uint32_t>(parameters_.l1_lines);
  if (!recent) core.filled[line.id] = ++core.fills;
  return (recent ? parameters_.l1_hit : parameters_.l2_hit) * self_->slow;
}
void Machine::fill(Line& line) { static_cast<void>(hit(line)); }

void Machine::charge(const Line* line, Spent kind, double ns) {
  if (accounting_) account_.add(line == nullptr ? "" : line->name, kind, ns);
}

void Machine::work(double ns, const char* what) {
  const double unit = static_cast<double>(random_() >> 11) * 0x1p-52 - 1;  // from -1 to 1
  const double spent = ns * self_->slow * (1 + parameters_.jitter * unit);
  self_->now += spent;
  if (accounting_) account_.add(what, Spent::kWork, spent);
}

// The neighbour of a line, or the third in steps of up to 2 KiB.
bool Machine::expects(const void* address) {
  constexpr std::uint64_t kLongestStep = 2048 / kCacheLineBytes;
  const std::uint64_t at = reinterpret_cast<std::uintptr_t>(address) / kCacheLineBytes;
  auto& loaded = self_->loaded;
  const auto has = [&loaded](std::uint64_t line) {
    return std::find(loaded.begin(), loaded.end(), line) != loaded.end();
  };
  if (has(at)) return true;
  bool expected = has(at - 1);
  for (std::uint64_t before : loaded) {
    const std::uint64_t step = at - before;
    expected = expected || (step <= kLongestStep && has(before - step));
  }
  loaded[self_->loads++ % loaded.size()] = at;
  return expected;
}

std::pair<double, double> Machine::share(Line& line) {
  const double start = std::max({self_->now, line.free_at, line.seen_at});
  const double latency = latency_to_load(line);
  const bool dirty = line.owner >= 0;
  if (dirty) line.sharers.set(static_cast<std::size_t>(line.owner));
  line.owner = -1;
  line.sharers.set(self_->core);
  line.free_at = start + (dirty ? latency : parameters_.service);
  return {start, latency};
}

double Machine::wait_for_prefetched(const Line& line) {
  auto& coming = cores_[self_->core].coming;
  const auto found = coming.find(line.id);
  if (found == coming.end()) return 0;
  const double rest = found->second - self_->now;
  coming.erase(found);
  return std::max(rest, 0.0);
}

void Machine::prefetch(const void* address) {
  Line& line = this->line(address);
  let_others(holds(line) ? kAhead : 0);
  self_->now += parameters_.l1_hit * self_->slow;
  if (holds(line)) return;
  const auto [start, latency] = share(line);
  cores_[self_->core].coming[line.id] = start + latency * self_->slow_miss;
  fill(line);
}

void Machine::load(const void* address, bool waited_for) {
  Line& line = this->line(address);
  let_others(holds(line) ? kAhead : 0);
  Thread& self = *self_;
  const bool streams = expects(address);
  if (holds(line)) {
    const double rest = wait_for_prefetched(line);
    if (rest > 0) charge(&line, Spent::kLoad, rest);
    const double cost = hit(line);
    self.now += rest + cost;
    charge(&line, Spent::kHit, cost);
  } else {
    const auto [start, latency] = share(line);
    const double exposed = waited_for ? parameters_.spin_exposed
                           : streams  ? parameters_.stream_exposed
                                      : parameters_.load_exposed;
    const double end = start + latency * exposed * self.slow_miss;
    charge(&line, Spent::kLoad, end - self.now);
    self.now = end;
    fill(line);
  }
  if (self.looks.size() < kMostLooks) {
    self.looks.push_back({&line, line.writes});
  } else {
    self.looks_only = false;
  }
}

double Machine::acquire(Line& line) {
  const double start = std::max({self_->now, line.free_at, line.seen_at});
  const double latency = latency_to_own(line) * self_->slow_miss;
  line.owner = static_cast<int>(self_->core);
  line.sharers.reset();
  line.free_at = start + latency;
  fill(line);
  return line.free_at;
}

void Machine::store(const void* address, bool sequential) {
  if (sequential) return update(address);
  Line& line = this->line(address);
  let_others(owns(line) ? kAhead : 0);
  Thread& self = *self_;
  self.looks_only = false;
  const double cost = parameters_.l1_hit * self.slow;
  self.now += cost;
  if (owns(line)) {
    charge(&line, Spent::kHit, cost);
    self.drained = std::max(self.drained, self.now);
  } else {
    const double there = acquire(line);
    // In order; the next store's line is fetched while this one comes.
    const double alone = self.now + (there - self.now);
    const double after = self.drained + (there - self.now) * parameters_.store_exposed;
    self.drained = std::max(alone, after);
    charge(&line, Spent::kStore, there - self.now);
  }
  line.seen_at = std::max(line.seen_at, self.drained);
}

void Machine::update(const void* address) {
  Line& line = this->line(address);
  let_others(0);
  Thread& self = *self_;
  self.looks_only = false;
  if (self.drained > self.now) {
    charge(&line, Spent::kDrain, self.drained - self.now);
    self.now = self.drained;
    let_others(0);
  }
  const double start = self.now;
  if (owns(line)) {
    self.now += hit(line);
  } else {
    self.now = acquire(line);
  }
  self.now += parameters_.rmw * self.slow;
  self.drained = self.now;
  line.free_at = std::max(line.free_at, self.now);
  line.seen_at = std::max(line.seen_at, self.now);
  charge(&line, Spent::kUpdate, self.now - start);
}

void Machine::wrote(const void* address) {
  Line& line = this->line(address);
  ++line.writes;
  if (line.waiters.empty()) return;
  for (const Waiter& waiter : line.waiters) {
    Thread& thread = *threads_[waiter.thread];
    if (!thread.waiting || thread.waits != waiter.wait) continue;
    ++thread.waits;
    thread.waiting = false;
    thread.timed_out = false;
    const double since = thread.now;
    thread.now = std::max(thread.now, line.seen_at);
    charge(&line, Spent::kWait, thread.now - since);
    push(thread, kReady, thread.now);
  }
  line.waiters.clear();
}

bool Machine::wait(const void* address, double longest) {
  Line& line = this->line(address);
  line.waiters.push_back({self_->index, self_->waits});
  block(longest == kNever ? kNever : self_->now + longest);
  return !self_->timed_out;
}

void Machine::pause() {
  Thread& self = *self_;
  const bool unchanged = std::all_of(self.looks.begin(), self.looks.end(), [](const Look& look) {
    return look.line->writes == look.writes;
  });
  const bool waits = self.looks_only && unchanged && !self.looks.empty();
  if (waits) {
    for (const Look& look : self.looks) look.line->waiters.push_back({self.index, self.waits});
  }
  self.looks.clear();
  self.looks_only = true;
  if (waits) {
    block(kNever);
  } else {
    self.now += parameters_.pause * self.slow;
  }
}

void Machine::name(const void* address, const char* text) {
  if (accounting_) line(address).name = text;
}

}  // namespace quintet::simulation
