// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/result.hpp"

// Why an operation was refused, with the values that tell why. Unless it is kIo or kMedia, an
// error leaves the log and its media as they were.
namespace quintet::pm_log {

// Each with what `a` and `b` of its error are.
enum class Errc : std::uint8_t {
  kNotALog,             // no log's magic number in either superblock; bytes of the media
  kVersionUnsupported,  // made by a later version; its version, ours
  kIdMismatch,          // another pool; first halves of the id expected, found
  kSizeMismatch,        // the media have another size than when it was made; expected, found
  kCorrupt,             // metadata do not carry their checksum; offset
  kMedia,               // the device cannot read what it holds; offset
  kNoSpace,             // the log is too full; bytes available, wanted
  kInvalidLog,          // no log of that index; number of logs
  kBeforeHead,          // read below the head; head, position
  kPastTail,            // read beyond the tail; tail, position
  kHeadBeforeHead,      // advance_head would go back; head, position
  kHeadBeyondTail,      // advance_head beyond the tail; tail, position
  kTooSmall,            // the media are too small for the logs; bytes needed, given
  kTooManyLogs,         // none, or more than there may be; most, wanted
  kBadName,             // a log's name is too long, or another log's; most bytes, its bytes
  kNotContiguous,       // a reservation would wrap around; contiguous bytes, wanted
  kReserved,            // a reservation of this log is open; its position
  kNotRecords,          // the log was not made for records
  kExists,              // create() would overwrite a pool
  kBusy,                // another process has it open
  kReadOnly,            // a change through a read-only opening
  kIo,                  // the operating system refused or failed; errno
};

// Which part of the media an error is about.
enum class Part : std::uint8_t {
  kNone,
  kSuperblock,
  kDirectory,
  kCommitWord,
  kRoot,
  kLogSlot,
  kPayload,
  kRecord,  // `a` of the error is its position, not an offset
};

struct Error {
  Errc code;
  std::uint32_t log = 0;  // the log concerned, where there is one
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  Part part = Part::kNone;

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = quintet::Result<T, Error>;

}  // namespace quintet::pm_log
