// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/align.hpp"
#include "base/assert.hpp"
#include "base/units.hpp"
#include "pm_log/error.hpp"
#include "pm_log/format.hpp"
#include "pm_log/layout.hpp"
#include "pm_log/log_state.hpp"
#include "pm_log/options.hpp"
#include "pm_log/persistent_memory.hpp"
#include "pm_log/recovery.hpp"
#include "pm_log/ring.hpp"

// One to 64 logs in one pool of persistent memory. Each is an endless sequence of bytes of which a
// window is kept: appends extend it at the tail, advance_head gives space back at the head.
// Positions are those of the endless sequence and never wrap. What several appends did, to any of
// the logs, becomes durable and visible together with commit(), or not at all.
//
// Invariants, whatever a power failure keeps:
//   I1  the last commit's root, its slots and the bytes of [head, tail) are durable
//   I2  nothing that I1 names is overwritten by other content before a later commit is durable
//   I3  [tail, pending) is seen by nobody
// Threading: one thread at a time, and the same one from an append to its commit, whose fence waits
// for its own thread's stores only. Several producers share a log through shared_log.hpp.
namespace quintet::pm_log {

using LogIndex = std::uint32_t;
using Position = std::uint64_t;
using View = std::array<std::span<const std::byte>, 2>;

template <PersistentMemory M, Fault kFault = Fault::kNone>
class MultiLog {
 public:
  // Makes a pool on `memory` and opens it. Errors: see format().
  [[nodiscard]] static Result<MultiLog> create(M memory, std::span<const LogSpec> logs,
                                               const CreateOptions& options) {
    if (auto made = format<kFault>(memory, logs, options); !made) {
      return std::unexpected(made.error());
    }
    return open(std::move(memory), {.expected_id = options.id});
  }

  // Opens the pool on `memory`, with what the last commit left. O(logs), and in fast mode O(bytes
  // of the last commit). Errors: kNotALog, kVersionUnsupported, kIdMismatch, kSizeMismatch,
  // kCorrupt, kMedia, kIo.
  [[nodiscard]] static Result<MultiLog> open(M memory, const OpenOptions& options = {}) {
    auto pool = recover<kFault>(memory, options);
    if (!pool) return std::unexpected(pool.error());
    return MultiLog(std::move(memory), *std::move(pool), options.read_only);
  }

  // Adds bytes behind the tail of `log` and returns the position of the first one. They are seen
  // by nobody before commit(). Errors: kInvalidLog, kNoSpace (bytes available), kReadOnly,
  // kReserved.
  [[nodiscard]] Result<Position> tentative_append(LogIndex log, std::span<const std::byte> bytes) {
    if (auto ready = check_append(log, bytes.size()); !ready) [[unlikely]] {
      return std::unexpected(ready.error());
    }
    LogState& state = pool_.logs[log];
    const Position position = state.pending.position;
    put(state, bytes, delta_of(state));
    changed_ |= std::uint64_t{!bytes.empty()} << log;
    return position;
  }

  using Gather = std::span<const std::span<const std::byte>>;

  // The same for bytes in several places, all or nothing.
  [[nodiscard]] Result<Position> tentative_append(LogIndex log, Gather pieces);

  // The same, with four bytes more behind them: the CRC-32C of them all, continued from `seed`.
  [[nodiscard]] Result<Position> tentative_append_summed(LogIndex log, Gather pieces,
                                                         std::uint32_t seed);

  // Whole lines that are the caller's to stream, and to fence, before anybody commits.
  struct Lines {
    std::uint64_t at = 0;
    std::span<const std::byte> bytes{};
  };
  struct SplitAppend {
    Position position = 0;
    std::array<Lines, 2> lines{};
  };
  // As tentative_append, but leaves the whole lines to the caller: for producers that copy side by
  // side (shared_log.hpp). Requires: strict commits. Errors: the same.
  [[nodiscard]] Result<SplitAppend> tentative_append_split(LogIndex log,
                                                           std::span<const std::byte> bytes);

  // Makes everything appended since the last commit durable and visible, at once in all logs.
  // Errors: kIo if the device did not take it; whether it happened is then known by opening the
  // pool again, and this object refuses every change.
  [[nodiscard]] Result<void> commit();

  // Forgets everything appended since the last commit.
  void abort();

  // Gives the bytes before `position` back. Durable on return; does not commit. In a log of records
  // the position must be the start of one, or the tail: RecordReader finds them.
  // Errors: kInvalidLog, kHeadBeforeHead (head), kHeadBeyondTail (tail), kReadOnly, kIo.
  [[nodiscard]] Result<void> advance_head(LogIndex log, Position position);

  // Copies committed bytes. Does not check them: records do (record_log.hpp).
  // Errors: kInvalidLog, kBeforeHead (head), kPastTail (tail), kMedia.
  [[nodiscard]] Result<void> read(LogIndex log, Position position,
                                  std::span<std::byte> bytes) const;

  // Committed bytes where they lie: two pieces if they wrap, else the second one is empty. They
  // stay until the head is moved past them.
  [[nodiscard]] Result<View> view(LogIndex log, Position position, std::uint64_t count) const
    requires MappedMemory<M>;

  // Appending without a copy: room for `count` bytes behind the tail, to be written in place.
  // Until publish() nothing else may be appended to this log.
  // Errors: as tentative_append; kNotContiguous (bytes before the ring ends).
  [[nodiscard]] Result<std::span<std::byte>> reserve(LogIndex log, std::uint64_t count)
    requires MappedMemory<M>;
  // Appends the first `count` bytes of the reservation, tentatively. Errors: kInvalidLog,
  // kReserved if more than reserved.
  [[nodiscard]] Result<Position> publish(LogIndex log, std::uint64_t count)
    requires MappedMemory<M>;

  [[nodiscard]] Result<Info> info(LogIndex log) const {
    if (log >= pool_.logs.size()) return std::unexpected(invalid_log());
    const LogState& state = pool_.logs[log];
    return Info{state.head.position, state.tail.position, state.pending.position,
                state.place.length};
  }
  [[nodiscard]] std::size_t logs() const { return pool_.logs.size(); }
  // Whether the log was made for records (record_log.hpp).
  [[nodiscard]] bool holds_records(LogIndex log) const {
    return (pool_.logs[log].place.flags & kFlagRecords) != 0;
  }
  [[nodiscard]] std::string_view name(LogIndex log) const { return pool_.logs[log].place.label(); }
  [[nodiscard]] const Uuid& id() const { return pool_.superblock.id; }
  [[nodiscard]] Commit protocol() const {
    return pool_.is_fast() ? Commit::kFast : Commit::kStrict;
  }
  [[nodiscard]] const Seeds& seeds() const { return pool_.seeds; }
  [[nodiscard]] const Recovery& recovery() const { return pool_.recovery; }
  [[nodiscard]] const PoolState& state() const { return pool_; }
  [[nodiscard]] M& memory() { return memory_; }
  [[nodiscard]] const M& memory() const { return memory_; }

  // Ends with a state that no damage to payload can make look unfinished (fast). Errors: kIo.
  [[nodiscard]] Result<void> settle();

  // What the writer committed since this pool was opened read-only: afterwards this object shows
  // it. What is seen may become durable only a moment later. Requires: opened read-only.
  // Errors: as open().
  [[nodiscard]] Result<void> refresh();

  void check_invariants() const;

 private:
  MultiLog(M memory, PoolState pool, bool read_only)
      : memory_(std::move(memory)), pool_(std::move(pool)), read_only_(read_only) {}

  // What a log will be after the commit that is being made.
  struct Change {
    Position head;
    Position tail;
    std::uint32_t delta_crc;
  };
  // Where committed bytes lie.
  struct Where {
    std::uint64_t area;
    std::uint64_t at;
    Pieces<std::uint64_t> pieces;
  };

  [[nodiscard]] Error invalid_log() const {
    return {.code = Errc::kInvalidLog, .a = pool_.logs.size()};
  }
  [[nodiscard]] std::uint64_t room(const LogState& state) const {
    const auto room = available(state.head.position, state.pending.position, state.place.length);
    return kFault == Fault::kSpaceOffByOne ? room + 1 : room;
  }
  [[nodiscard]] Result<void> check_change(LogIndex log) const {
    if (log >= pool_.logs.size()) return std::unexpected(invalid_log());
    if (read_only_) return std::unexpected(Error{.code = Errc::kReadOnly, .log = log});
    if (broken_) return std::unexpected(Error{.code = Errc::kIo, .log = log});
    return {};
  }
  [[nodiscard]] Result<void> check_append(LogIndex log, std::uint64_t count) const;

  [[nodiscard]] Result<Where> find(LogIndex log, Position position, std::uint64_t count) const;

  // What is summed before it is copied, and not while: it is in the first-level cache for the copy,
  // and the parts of lines at its ends, which are summed by themselves, cost more than that.
  static constexpr std::uint64_t kSumFirst = 2 * kKiB;
  void put(LogState& state, std::span<const std::byte> bytes, std::uint32_t* sum);
  template <class Stream>
  void put_with(LogState& state, std::span<const std::byte> bytes, std::uint32_t* sum,
                Stream stream);
  void put_part(LogState& state, std::span<const std::byte> bytes, std::uint32_t* sum);
  void put_lines(std::uint64_t at, std::span<const std::byte> lines, std::uint32_t* sum);
  // The sum that appended bytes go into, if any.
  [[nodiscard]] std::uint32_t* delta_of(LogState& state) const {
    return pool_.is_fast() ? &state.delta_crc : nullptr;
  }
  // Offset in the ring of the line that was just filled.
  [[nodiscard]] static std::uint64_t line_before(const LogState& state) {
    return (state.pending.at == 0 ? state.place.length : state.pending.at) - kLineBytes;
  }
  void write_payload(std::uint64_t at, std::span<const std::byte> lines);
  void write_partial_line(LogState& state);
  void load_partial_line(LogState& state);
  void move_pending(LogState& state, std::uint64_t count) {
    std::uint64_t length = state.place.length;
    if (kFault == Fault::kWrapOffByOne && length > kLineBytes) length -= kLineBytes;
    state.pending = advanced<std::uint64_t>(state.pending, count, length);
  }

  template <class Do>
  void for_each_log(std::uint64_t logs, Do visit) {
    for (; logs != 0; logs &= logs - 1) {
      visit(pool_.logs[static_cast<std::size_t>(std::countr_zero(logs))]);
    }
  }
  [[nodiscard]] Result<void> commit_logs(std::uint64_t logs);
  template <class ChangeOf>
  [[nodiscard]] Result<void> make_durable(std::uint64_t logs, ChangeOf change_of);
  void write_slot(LogState& state, std::uint64_t seq, const Change& change);
  [[nodiscard]] Line slot_line(LogIndex log, std::uint64_t seq, const Change& change,
                               std::uint64_t at) const;
  [[nodiscard]] bool seal(std::uint64_t seq);
  template <Fault kUnflushed>
  void write_line(std::uint64_t at, const Line& line) {
    if constexpr (kFault == kUnflushed) {
      memory_.store(at, line.bytes());
    } else {
      memory_.stream(at, line.bytes());
    }
  }

  M memory_;
  PoolState pool_;
  std::uint64_t changed_ = 0;  // bit i: log i has pending bytes
  bool read_only_;
  bool broken_ = false;  // the device failed: what it holds is not known
};

}  // namespace quintet::pm_log

#include "pm_log/multi_log_append.hpp"  // IWYU pragma: export
#include "pm_log/multi_log_commit.hpp"  // IWYU pragma: export
