// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "pm_log/multi_log.hpp"

// One log: the common case of multi_log.hpp, without indices.
namespace quintet::pm_log {

template <PersistentMemory M, Fault kFault = Fault::kNone>
class Log {
 public:
  // Makes a pool of one log, of all the room that `memory` has, and opens it.
  [[nodiscard]] static Result<Log> create(M memory, const CreateOptions& options) {
    const LogSpec all{};
    return wrap(Pool::create(std::move(memory), std::span(&all, 1), options));
  }
  // Errors: as MultiLog::open, and kTooManyLogs for a pool of several.
  [[nodiscard]] static Result<Log> open(M memory, const OpenOptions& options = {}) {
    return wrap(Pool::open(std::move(memory), options));
  }

  // Appends and commits: durable on return. The position of the first byte.
  [[nodiscard]] Result<Position> append(std::span<const std::byte> bytes) {
    const auto position = pool_.tentative_append(0, bytes);
    if (!position) return position;
    if (auto done = pool_.commit(); !done) return std::unexpected(done.error());
    return position;
  }
  [[nodiscard]] Result<Position> append(std::span<const std::span<const std::byte>> pieces) {
    const auto position = pool_.tentative_append(0, pieces);
    if (!position) return position;
    if (auto done = pool_.commit(); !done) return std::unexpected(done.error());
    return position;
  }

  [[nodiscard]] Result<Position> tentative_append(std::span<const std::byte> bytes) {
    return pool_.tentative_append(0, bytes);
  }
  [[nodiscard]] Result<void> commit() { return pool_.commit(); }
  void abort() { pool_.abort(); }
  [[nodiscard]] Result<void> advance_head(Position position) {
    return pool_.advance_head(0, position);
  }
  [[nodiscard]] Result<void> read(Position position, std::span<std::byte> bytes) const {
    return pool_.read(0, position, bytes);
  }
  [[nodiscard]] Info info() const { return *pool_.info(0); }

  // The pool, for what is not said here.
  using Pool = MultiLog<M, kFault>;
  [[nodiscard]] Pool& pool() { return pool_; }
  [[nodiscard]] const Pool& pool() const { return pool_; }

 private:
  explicit Log(Pool pool) : pool_(std::move(pool)) {}
  [[nodiscard]] static Result<Log> wrap(Result<Pool> pool) {
    if (!pool) return std::unexpected(pool.error());
    if (pool->logs() != 1) {
      return std::unexpected(Error{.code = Errc::kTooManyLogs, .a = 1, .b = pool->logs()});
    }
    return Log(*std::move(pool));
  }

  Pool pool_;
};

}  // namespace quintet::pm_log
