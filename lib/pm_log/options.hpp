// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pm_log/layout.hpp"

// What a pool is made with and opened with, and what opening it found. And the seeded faults of
// the test suite, which every check must catch and which no real instantiation has.
namespace quintet::pm_log {

// How a commit becomes durable. Both are atomic over power failures, and durable on return.
enum class Commit : std::uint8_t {
  kStrict,  // two fences: any damage to metadata is told from an unfinished commit
  kFast,    // one fence: a checksum over what the commit appended decides whether it happened.
            // Damage to exactly the last commit looks unfinished: see Recovery::discarded_last
};

struct LogSpec {
  std::uint64_t capacity = 0;  // bytes, rounded up to whole lines of 64; 0: an equal share of
                               // what the others leave
  std::string name = {};       // up to 64 bytes, another for each log
  bool records = false;        // for records: see record_log.hpp
};

struct CreateOptions {
  Uuid id{};  // must be one that no other pool has: see random_uuid()
  Commit commit = Commit::kStrict;
  std::uint64_t created_unix = 0;  // seconds since 1970, for the record
  bool overwrite = false;          // make the pool even where there is one
};

struct OpenOptions {
  std::optional<Uuid> expected_id = {};
  bool read_only = false;  // nothing is written; changes are refused
};

// What opening a pool found.
struct Recovery {
  std::uint64_t seq = 0;          // number of the last commit
  bool superblock_a_bad = false;  // one of the two copies is damaged; the other served
  bool superblock_b_bad = false;
  bool discarded_last = false;  // fast: the newest commit did not carry its checksum: a power
                                // failure cut it off before it returned, or its bytes were damaged
  friend bool operator==(const Recovery&, const Recovery&) = default;
};

struct Info {
  std::uint64_t head = 0;          // position of the oldest byte
  std::uint64_t tail = 0;          // position after the newest committed byte
  std::uint64_t pending_tail = 0;  // position that the next append gets
  std::uint64_t capacity = 0;      // bytes that head and pending_tail may lie apart
  friend bool operator==(const Info&, const Info&) = default;
};

enum class Fault : std::uint8_t {
  kNone,
  kNoFenceBeforeWord,      // strict: the commit word may overtake what it commits
  kNoFenceAfterCommit,     // commit returns before it is durable
  kPayloadNotFlushed,      // payload stays in the cache
  kRootNotFlushed,         // so does the root
  kWordNotFlushed,         // strict: so does the commit word
  kSlotNotFlushed,         // several logs: so does a log's slot
  kActiveRootOverwritten,  // the root of the last commit is overwritten
  kActiveSlotOverwritten,  // several logs: the slot of the last commit is
  kCommitPerLog,           // several logs: each is committed by itself
  kDigestUnchecked,        // several logs: stale slots pass
  kPartialLineForgotten,   // the last, partial line of an append is not written
  kLiveBytesOverwritten,   // the partial line at the tail takes the head's bytes in it along
  kWrapOffByOne,           // the ring is taken for a line shorter than it is
  kSpaceOffByOne,          // one byte more than free is accepted
  kHeadAdvancedEarly,      // advance_head returns before the new head is durable
  kAdvanceCommitsPending,  // advance_head makes pending bytes visible
  kRootUnchecked,          // recovery does not look at the root's checksum
  kDeltaUnchecked,         // fast: nor at that of the last commit's bytes
  kOlderRootWins,          // fast: recovery takes the older of two roots
  kDiscardedRootKept,      // fast: a discarded root stays, to be completed by later appends
  kNoWriteBackOnOpen,      // what recovery saw may be undone by the next power failure
  kSuperblockFirst,        // create() writes the superblock before what it stands for
  kLeftToOthersFence,      // shared log: a producer does not fence what others will commit
  kCopiesNotAwaited,       // shared log: a commit does not wait for those who still copy
  kGroupNotAwaited,        // shared log: append() returns before its group is committed
  kArrivalsForgotten,      // shared log: nobody commits for those who waited for an arrival
};

}  // namespace quintet::pm_log
