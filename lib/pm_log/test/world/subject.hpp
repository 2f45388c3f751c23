// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pm_log/multi_log.hpp"
#include "pm_log/spec/abstract_pool.hpp"
#include "pm_log/test/world/operation.hpp"
#include "testing/crash_memory.hpp"

// A pool on memory in which the power fails, and what it should be: copied as one.
namespace quintet::pm_log::world {

using spec::AbstractPool;
using testing::CrashMemory;
using testing::CrashMemoryRef;

template <Fault kFault>
using PoolOf = MultiLog<CrashMemoryRef, kFault>;

inline Uuid test_id() {
  Uuid id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i)
    id.bytes[i] = static_cast<std::byte>(17 * i + 1);
  return id;
}

[[nodiscard]] inline std::vector<LogSpec> specs_of(const Scenario& scenario) {
  std::vector<LogSpec> specs;
  for (const std::uint64_t capacity : scenario.capacities) specs.push_back({.capacity = capacity});
  return specs;
}
[[nodiscard]] inline std::uint64_t memory_for(const Scenario& scenario) {
  std::uint64_t bytes = data_start(scenario.capacities.size()) + kPageBytes;
  for (const std::uint64_t capacity : scenario.capacities) bytes += align_up(capacity, kPageBytes);
  return bytes;
}

// What the pool shows, as the spec would.
template <class Pool>
[[nodiscard]] std::vector<spec::AbstractLog> seen(const Pool& pool) {
  std::vector<spec::AbstractLog> logs;
  for (std::uint32_t i = 0; i < pool.logs(); ++i) {
    const Info info = *pool.info(i);
    spec::AbstractLog log{.capacity = info.capacity, .head = info.head};
    // Positions may be nonsense; then nothing is read.
    if (info.tail - info.head <= info.capacity) log.kept.resize(info.tail - info.head);
    if (!pool.read(i, info.head, log.kept)) log.kept.clear();
    log.pending.resize(std::min(info.pending_tail - info.tail, info.capacity));
    logs.push_back(std::move(log));
  }
  return logs;
}

// `seen` of a pool that was opened, against what the spec says it holds.
[[nodiscard]] inline bool shows(const std::vector<spec::AbstractLog>& logs,
                                const AbstractPool& expected) {
  return logs == expected.logs();
}

template <Fault kFault>
struct Subject {
  using Pool = PoolOf<kFault>;

  explicit Subject(const Scenario& scenario)
      : memory(memory_for(scenario)), model(scenario.capacities), pool(create(scenario)) {
    for (const Operation& operation : scenario.before) {
      QT_CHECK(carry_out(operation).empty(), "what a scenario starts with must go well");
    }
  }
  Subject(const Subject& other)
      : memory(other.memory), model(other.model), salt(other.salt), pool(other.pool) {
    pool.memory() = CrashMemoryRef(memory);
  }
  Subject& operator=(const Subject&) = delete;

  // Does it to both. Empty, or the property that broke.
  std::string carry_out(const Operation& operation) {
    switch (operation.kind) {
      case Operation::Kind::kAppend: {
        const auto bytes = next_bytes(operation.log, operation.bytes);
        const auto expected = model.tentative_append(operation.log, bytes);
        if (pool.tentative_append(operation.log, bytes) != expected) return "P8/P9 append answers";
        break;
      }
      case Operation::Kind::kCommit:
        model.commit();
        if (!pool.commit()) return "P14 commit fails";
        break;
      case Operation::Kind::kAbort:
        ++salt;
        model.abort();
        pool.abort();
        break;
      case Operation::Kind::kAdvance: {
        const std::uint64_t to = target(operation);
        const auto expected = model.advance_head(operation.log, to);
        if (pool.advance_head(operation.log, to) != expected) return "P15/P17 advance_head answers";
        break;
      }
      case Operation::Kind::kReopen:
        model = model.crashed();
        if (auto broken = reopen(); !broken.empty()) return broken;
        break;
    }
    return compare();
  }

  // What the operation would make of the spec.
  [[nodiscard]] AbstractPool after(const Operation& operation) const {
    AbstractPool next = model;
    switch (operation.kind) {
      case Operation::Kind::kAppend:
      case Operation::Kind::kReopen:
      case Operation::Kind::kAbort:
        break;
      case Operation::Kind::kCommit:
        next.commit();
        break;
      case Operation::Kind::kAdvance:
        static_cast<void>(next.advance_head(operation.log, target(operation)));
        break;
    }
    return next;
  }

  [[nodiscard]] std::vector<std::byte> next_bytes(std::uint32_t log, std::uint64_t count) const {
    return content(log, model.info(log)->pending_tail, count, salt);
  }

  CrashMemory memory;
  AbstractPool model;
  std::uint64_t salt = 0;
  Pool pool;

 private:
  Pool create(const Scenario& scenario) {
    const auto specs = specs_of(scenario);
    auto made =
        Pool::create(CrashMemoryRef(memory), specs, {.id = test_id(), .commit = scenario.commit});
    QT_CHECK(made.has_value(), "a scenario's pool can be made");
    return *std::move(made);
  }

  [[nodiscard]] std::uint64_t target(const Operation& operation) const {
    const Info info = *model.info(operation.log);
    switch (operation.where) {
      case Operation::Where::kHead:
        return info.head;
      case Operation::Where::kMiddle:
        return info.head + (info.tail - info.head) / 2;
      case Operation::Where::kTail:
        break;
    }
    return info.tail;
  }

  std::string reopen() {
    auto opened = Pool::open(CrashMemoryRef(memory), {.expected_id = test_id()});
    if (!opened) return "P6 a good pool does not open";
    pool = *std::move(opened);
    return "";
  }

  // P18, P22, and that pending bytes are seen by nobody.
  [[nodiscard]] std::string compare() const {
    pool.check_invariants();
    for (std::uint32_t i = 0; i < pool.logs(); ++i) {
      if (pool.info(i) != model.info(i)) return "P22 info is not what it should be";
      const Info info = *model.info(i);
      std::vector<std::byte> bytes(info.tail - info.head);
      if (!pool.read(i, info.head, bytes)) return "P18 what is there cannot be read";
      if (bytes != *model.read(i, info.head, bytes.size())) return "P18 other bytes are read";
    }
    if (memory.overwrites() != 0) return "P25 a write over an outstanding one";
    if (memory.outstanding_reads() != 0) return "P25 a read of what is not durable yet";
    return "";
  }
};

}  // namespace quintet::pm_log::world
