// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string>
#include <vector>

#include "base/result.hpp"

// What replicated structures are made with, what they answer when they refuse, and the faults that
// checks seed into them.
namespace quintet::node_replication {

enum class ReplicaId : std::uint32_t {};
using LogIndex = std::uint64_t;  // of a line of the log; they grow for ever
using Version = std::uint64_t;   // of a replica: how many operations have been applied

struct Options {
  std::size_t replicas = 1;         // at first; more come and go by add_replica(), remove_replica()
  std::size_t max_replicas = 64;    // 1 to 64
  std::size_t max_sessions = 256;   // of one replica
  std::size_t log_lines = 1 << 14;  // rounded up to a power of two; from 64 bytes each
  // Where each replica (with its requests) and the log live; null, or missing: on the heap.
  // They must outlive the object. placement.hpp has some that are bound to a node.
  std::vector<std::pmr::memory_resource*> replica_memory{};
  std::pmr::memory_resource* log_memory = nullptr;
};

// Each with what `value` of its error is.
enum class Errc : std::uint8_t {
  kBadReplicas,       // no replicas, or more than max_replicas; replicas
  kBadMaxReplicas,    // not 1 to 64; max_replicas
  kBadMaxSessions,    // none, or more than 65,536; max_sessions
  kBadLogLines,       // fewer than 2, or more than 2^32; log_lines
  kNoSuchReplica,     // never made, or removed; the replica
  kTooManySessions,   // all sessions of the replica are attached; max_sessions
  kTooManyReplicas,   // there are max_replicas of them; max_replicas
  kSessionsAttached,  // a replica with sessions cannot be removed; how many
  kLastReplica,       // nor the last one; the replica
  kBadLogs,           // a concurrent structure without a log; how many
};

struct Error {
  Errc code;
  std::uint64_t value = 0;

  friend bool operator==(const Error&, const Error&) = default;
};

// What was refused, and what to do instead; for people.
[[nodiscard]] inline std::string to_string(const Error& error) {
  const std::string value = std::to_string(error.value);
  switch (error.code) {
    case Errc::kBadReplicas:
      return value + " replicas: use 1 to max_replicas, which is 64 at most";
    case Errc::kBadMaxReplicas:
      return "max_replicas is " + value + ": use 1 to 64";
    case Errc::kBadMaxSessions:
      return "max_sessions is " + value + ": use 1 to 65536";
    case Errc::kBadLogLines:
      return "log_lines is " + value + ": use 2 to 2^32";
    case Errc::kNoSuchReplica:
      return "there is no replica " + value + ": it was never made, or it was removed";
    case Errc::kTooManySessions:
      return "all " + value +
             " sessions of the replica are attached: end one, or raise max_sessions";
    case Errc::kTooManyReplicas:
      return "there are " + value + " replicas already: raise max_replicas";
    case Errc::kSessionsAttached:
      return "the replica has sessions (" + value + "): end them before it is removed";
    case Errc::kLastReplica:
      return "replica " + value + " is the last one, which stays";
    case Errc::kBadLogs:
      return value + " logs: use one or more";
  }
  return "unknown error " + std::to_string(static_cast<int>(error.code));
}

template <class T>
using Result = quintet::Result<T, Error>;

// Seeded faults; the real code has none. Each must be found by a check (test/README.md).
enum class Fault : std::uint8_t {
  kNone,
  kDataReleasedBetweenLines,  // M1: readers see what ltail, and with it ctail, does not tell
  kExecutedAgain,             // M2: after a lack of room, what was done is done again
  kReadersBeforeLtail,        // M3: readers are let in before ltail is raised
  kAnsweredBeforeLtail,       // M4: so before ctail is
  kReaderNotFenced,           // M5: the reader's word and its look may change places
  kRoomOffByOne,              // M6: a line is reserved that a replica still needs
  kPublishedBeforeWritten,    // M7
  kLaggardForgotten,          // M8: the minimum leaves out the last replica
  kReadWithoutCatchingUp,     // M9
  kReadersNotAwaited,         // the writer does not wait for readers to leave
  kWriterNotFenced,           // the writer's flag and its look may change places
  kLeftOpen,                  // the writer does not close the readers' lock
  kHeavyFenceForgotten,       // it does, but not so that all readers see it
  kUnpublishedApplied,        // a line is applied before it is published
  kWantedIgnored,             // the lock is given up though someone waits behind it
  kPostNotReleased,           // a request is seen before what it asks
  kAnswerNotReleased,         // an answer is seen before the response
  kLockNotReleased,           // the next holder does not see what the last one did
  kHeadNotReleased,           // room is seen before the last reader of the line has left
  kAddedAfterUnlock,          // a new replica is counted too late: the log overtakes it
  kHelpedWithoutLock,         // a laggard is helped beside its own combiner
  kBatonForgotten,            // the lock is passed on and given up
  kCaughtUpTooFar,            // a reader waits for the line after the one that it has seen
  kDestroyedTooEarly,         // operations are destroyed before all replicas have applied them
};

}  // namespace quintet::node_replication
