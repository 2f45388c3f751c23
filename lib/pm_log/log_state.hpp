// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "pm_log/layout.hpp"
#include "pm_log/options.hpp"
#include "pm_log/ring.hpp"

// What a process keeps in DRAM of the logs that it has open. All of it is derived from the media
// and from what was appended since; none of it is ever written there as it stands.
namespace quintet::pm_log {

struct LogState {
  DirectoryEntry place{};
  Cursor<std::uint64_t> head{};     // of the oldest byte
  Cursor<std::uint64_t> tail{};     // behind the newest committed byte
  Cursor<std::uint64_t> pending{};  // behind the newest byte
  std::uint32_t delta_crc = 0;      // fast: of [tail, pending)
  std::uint64_t slot_crc = 0;       // several logs: checksum of the slot that counts
  std::uint64_t reserved = 0;       // bytes of the open reservation

  // The line of the ring that holds `pending`, as far as it is filled. Whole lines go to the
  // media at once, a partial one when it is committed, so that no word is written twice.
  Line line{};

  // Bytes of it that are filled.
  [[nodiscard]] std::size_t filled() const { return pending.at % kLineBytes; }
};

// A pool as recovery found it, or as create() left it.
struct PoolState {
  Superblock superblock{};
  Seeds seeds{Uuid{}};
  std::uint64_t seq = 0;     // number of the last commit
  std::uint64_t live = 0;    // several logs: bit i is the copy of log i's slot that counts
  std::uint64_t digest = 0;  // exclusive or of their checksums
  std::vector<LogState> logs{};
  Recovery recovery{};

  [[nodiscard]] bool is_fast() const { return (superblock.flags & kFlagFast) != 0; }
  [[nodiscard]] bool is_single() const { return logs.size() == 1; }
};

// The root that says what `pool` says, as of commit `seq`, with nothing appended by it.
[[nodiscard]] inline Line settled_root(const PoolState& pool, std::uint64_t seq) {
  if (!pool.is_single()) {
    return encode(MasterSlot{seq, pool.live, pool.digest}, root_at(seq), pool.seeds);
  }
  const LogState& log = pool.logs.front();
  const std::uint64_t tail = log.tail.position;
  return encode(LogSlot{seq, log.head.position, tail, tail, pool.seeds.payload, 0}, root_at(seq),
                pool.seeds);
}

}  // namespace quintet::pm_log
