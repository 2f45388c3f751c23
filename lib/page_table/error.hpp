// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>

#include "base/result.hpp"

// Why an operation was refused. Every error leaves the tables bit for bit as they were.
namespace quintet::page_table {

enum class Error : std::uint8_t {
  kMisaligned,    // an address or length is not a multiple of the page size in question
  kNonCanonical,  // a virtual address, or the end of the range, is not canonical
  kPhysRange,     // the page ends beyond 2^MAXPHYADDR
  kBadSize,       // no page of that size on this CPU, or none that can be split or merged so
  kBadFlags,      // flag bits outside `flag_bit::kAll`, or XD without NXE
  kBadRange,      // an empty range, or one that wraps or crosses the canonical hole
  kOverlap,       // something in the range is mapped already
  kNotMapped,     // nothing is mapped there
  kNotBase,       // the address lies inside a larger page but is not its base
  kStraddles,     // the range cuts a larger page in two: split it first
  kNotMergeable,  // the pages are not contiguous, equal in flags and complete
  kOutOfFrames,   // the physical memory has no frame for a table
};

// The error in words, with the remedy where there is one.
[[nodiscard]] constexpr const char* to_string(Error error) noexcept {
  switch (error) {
    case Error::kMisaligned:
      return "address or length not aligned to the page size";
    case Error::kNonCanonical:
      return "virtual address not canonical";
    case Error::kPhysRange:
      return "physical address beyond MAXPHYADDR";
    case Error::kBadSize:
      return "page size not available here";
    case Error::kBadFlags:
      return "flag bits not supported by this CPU";
    case Error::kBadRange:
      return "range empty, wrapping or across the canonical hole";
    case Error::kOverlap:
      return "range overlaps an existing mapping; unmap it first";
    case Error::kNotMapped:
      return "nothing is mapped there";
    case Error::kNotBase:
      return "address is inside a larger page; use its base";
    case Error::kStraddles:
      return "range cuts a larger page in two; split it first";
    case Error::kNotMergeable:
      return "pages are not contiguous, equal in flags and complete";
    case Error::kOutOfFrames:
      return "no frame left for a table";
  }
  return "unknown error";
}

template <class T>
using Result = quintet::Result<T, Error>;

// A refused batch: the position of the request that could not be carried out, and why.
struct BatchError {
  std::size_t index;
  Error error;
};

template <class T>
using BatchResult = quintet::Result<T, BatchError>;

}  // namespace quintet::page_table
