// SPDX-License-Identifier: MIT
#include "proof/explore/memory.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace quintet::proof::explore {
namespace {

bool acquires(std::memory_order order) {
  return order != std::memory_order_relaxed && order != std::memory_order_release;
}
bool releases(std::memory_order order) {
  return order == std::memory_order_release || order == std::memory_order_acq_rel ||
         order == std::memory_order_seq_cst;
}

}  // namespace

void Memory::reset() {
  locations_.clear();
  threads_ = {};
  sequential_.clear();
}

void Memory::start(ThreadId thread) { threads_[thread].current = threads_[kMain].current; }

void Memory::join(ThreadId thread) { join(threads_[kMain].current, threads_[thread].current); }

void Memory::join(Knowledge& into, const Knowledge& other) const {
  explore::join(into.clock, other.clock);
  if (other.view.size() > into.view.size()) into.view.resize(other.view.size());
  for (std::size_t i = 0; i < other.view.size(); ++i) {
    into.view[i] = std::max(into.view[i], other.view[i]);
  }
}

void Memory::see(std::vector<std::uint32_t>& view, LocationId location, std::uint32_t store) {
  if (store == 0) return;
  if (view.size() <= location) view.resize(location + 1);
  view[location] = std::max(view[location], store);
}

LocationId Memory::create(ThreadId by, std::uint64_t value) {
  Thread& thread = threads_[by];
  const std::uint32_t now = ++thread.current.clock[by];
  Location location;
  location.stores.push_back({value, {}});
  location.creator = location.writer = by;
  location.created = location.written = now;
  locations_.push_back(std::move(location));
  return static_cast<LocationId>(locations_.size() - 1);
}

std::uint32_t Memory::oldest(ThreadId thread, const Operation& operation) const {
  const Location& location = locations_[operation.location];
  const auto newest = static_cast<std::uint32_t>(location.stores.size() - 1);
  if (model_ == Model::kSequential || !operation.only_reads()) return newest;
  const auto& view = threads_[thread].current.view;
  std::uint32_t first = operation.location < view.size() ? view[operation.location] : 0;
  if (operation.sequential()) first = std::max(first, location.sequential);
  return std::max(first, newest - std::min(newest, kMaxAge));
}

std::uint64_t Memory::readable(ThreadId thread, const Operation& operation) const {
  if (operation.is_fence()) return 1;
  const auto& stores = locations_[operation.location].stores;
  const auto newest = static_cast<std::uint32_t>(stores.size() - 1);
  const std::uint32_t first = oldest(thread, operation);
  std::uint64_t ages = 0;
  for (std::uint32_t age = 0; age <= newest - first; ++age) {
    const bool right = operation.kind != Kind::kAwait ||
                       operation.predicate(operation.context, stores[newest - age].value);
    if (right) ages |= std::uint64_t{1} << age;
  }
  return ages;
}

void Memory::read(Thread& thread, Location& location, const Operation& operation,
                  std::memory_order order, std::uint32_t index) {
  see(thread.current.view, operation.location, index);
  if (order == std::memory_order_seq_cst) {
    location.sequential = std::max(location.sequential, index);
  }
  join(acquires(order) ? thread.current : thread.received, location.stores[index].message);
}

// An update continues the release sequence of the store that it read.
void Memory::write(Thread& thread, Location& location, const Operation& operation,
                   std::uint64_t value, bool update) {
  const auto index = static_cast<std::uint32_t>(location.stores.size());
  see(thread.current.view, operation.location, index);
  Knowledge message = releases(operation.order) ? thread.current : thread.released;
  if (update) join(message, location.stores.back().message);
  if (operation.order == std::memory_order_seq_cst) location.sequential = index;
  location.stores.push_back({value, std::move(message)});
}

void Memory::fence(Thread& thread, std::memory_order order) {
  if (acquires(order)) join(thread.current, thread.received);
  if (order == std::memory_order_seq_cst) take_place_in_order(thread);
  if (releases(order)) thread.released = thread.current;
}

void Memory::take_place_in_order(Thread& thread) {
  for (LocationId i = 0; i < locations_.size(); ++i) {
    see(sequential_, i, locations_[i].sequential);
  }
  for (LocationId i = 0; i < sequential_.size(); ++i) {
    see(thread.current.view, i, sequential_[i]);
  }
  for (LocationId i = 0; i < thread.current.view.size(); ++i) {
    locations_[i].sequential = std::max(locations_[i].sequential, thread.current.view[i]);
  }
  sequential_ = thread.current.view;
}

// The others are fenced between two fences of the caller: they see what it has stored, and it sees
// what they have. They get no happens-before by it.
void Memory::heavy_fence(Thread& thread) {
  fence(thread, std::memory_order_seq_cst);
  for (Thread& other : threads_) {
    if (&other != &thread) take_place_in_order(other);
  }
  fence(thread, std::memory_order_seq_cst);
}

Outcome Memory::apply(ThreadId by, const Operation& operation, std::uint32_t age) {
  Thread& thread = threads_[by];
  ++thread.current.clock[by];
  Outcome outcome;
  if (operation.kind == Kind::kFence) {
    fence(thread, operation.order);
    return outcome;
  }
  if (operation.kind == Kind::kHeavyFence) {
    heavy_fence(thread);
    return outcome;
  }
  Location& location = locations_[operation.location];
  outcome.newest_store = static_cast<std::uint32_t>(location.stores.size() - 1);
  outcome.read_store = outcome.newest_store - age;
  outcome.read = location.stores[outcome.read_store].value;
  if (operation.kind == Kind::kStore) {
    outcome.written = operation.operand;
    outcome.wrote = true;
    write(thread, location, operation, outcome.written, false);
    return outcome;
  }
  const bool refused =
      operation.kind == Kind::kCompareExchange && outcome.read != operation.expected;
  read(thread, location, operation, refused ? operation.failure : operation.order,
       outcome.read_store);
  outcome.wrote = operation.writes() && !refused;
  if (outcome.wrote) {
    outcome.written = operation.update != nullptr
                          ? operation.update(outcome.read, operation.operand)
                          : operation.operand;
    write(thread, location, operation, outcome.written, true);
  }
  return outcome;
}

bool Memory::knows(ThreadId by, ThreadId other, std::uint32_t when) const {
  return by == other || threads_[by].current.clock[other] >= when;
}

ThreadId Memory::unfinished(ThreadId by, LocationId at) const {
  const Location& location = locations_[at];
  return knows(by, location.creator, location.created) ? kNobody : location.creator;
}

ThreadId Memory::plain_load(ThreadId by, LocationId at) {
  Location& location = locations_[at];
  location.reads[by] = ++threads_[by].current.clock[by];
  return knows(by, location.writer, location.written) ? kNobody : location.writer;
}

ThreadId Memory::plain_store(ThreadId by, LocationId at) {
  Location& location = locations_[at];
  ThreadId other = knows(by, location.writer, location.written) ? kNobody : location.writer;
  for (ThreadId reader = 0; reader < kThreadSlots; ++reader) {
    if (!knows(by, reader, location.reads[reader])) other = reader;
  }
  location.writer = by;
  location.written = ++threads_[by].current.clock[by];
  location.reads = {};
  return other;
}

}  // namespace quintet::proof::explore
