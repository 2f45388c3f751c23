// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/result.hpp"

// Why an operation was refused, with the values that tell why. Unless it is kIo or kMedia, an
// error leaves the log and its media as they were.
namespace quintet::pm_log {

enum class Errc : std::uint8_t {
  kNotALog,             // no log's magic number in either superblock        a: bytes of the media
  kVersionUnsupported,  // made by a version that this one does not read     a: its version, b: ours
  kIdMismatch,    // another log than expected                         a, b: first halves of theirs
                  // and ours
  kSizeMismatch,  // media smaller or larger than when it was made     a: expected, b: found
  kCorrupt,       // metadata does not carry its checksum              a: offset, what
  kMedia,         // the device cannot read what it holds (poison)     a: offset
  kNoSpace,       // the log is too full                               a: bytes available
  kInvalidLog,    // no log of that index                              a: number of logs
  kBeforeHead,    // read below the head                               a: head
  kPastTail,      // read beyond the tail                              a: tail
  kHeadBeforeHead,  // advance_head would go back                        a: head
  kHeadBeyondTail,  // advance_head beyond the tail                      a: tail
  kTooSmall,        // media too small for the logs wanted               a: bytes needed, b: given
  kTooManyLogs,     // none, or more logs than a pool can hold           a: most
  kNotContiguous,   // a reservation would wrap around                   a: contiguous bytes
  kReserved,        // a reservation of this log is open                 a: its position
  kNotRecords,      // the log was not made for records
  kExists,          // create() would overwrite a log
  kBusy,            // another process has it open
  kReadOnly,        // a change through a read-only opening
  kIo,              // the operating system refused or failed            a: errno
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
