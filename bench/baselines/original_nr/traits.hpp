// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

// In what the three originals of node replication differ. Everything else is one design
// (baselines/original_nr.hpp). The constants are theirs.
namespace quintet::baselines {

// Lines are padded to two: the processor fetches them in pairs.
inline constexpr std::size_t kNrPadding = 128;

// node-replication 0.1.1, in Rust.
struct UpstreamNr {
  // The log. An entry has a line of its own.
  static constexpr std::size_t kEntryAlign = 64;
  static constexpr std::uint64_t kLogEntries = std::uint64_t{1} << 15;  // 2 MiB, as in benchmarks
  static constexpr std::uint64_t kGcMargin = 8192;
  static constexpr bool kMask = true;  // alive bits are compared with a mask per replica
  static constexpr std::size_t kMaxReplicas = 192;
  // Contexts: a ring of pending operations each. Only those in use are looked at.
  static constexpr std::size_t kThreads = 256;
  static constexpr std::size_t kPending = 32;
  static constexpr bool kScansAll = false;
  static constexpr bool kSeparateFlag = true;
  // Combining.
  static constexpr int kLooksAtLock = 4;
  static constexpr bool kWeakLock = true;
  static constexpr bool kHoldsLockAcross = false;  // the data lock: for append, and again for exec
  static constexpr bool kMovesData = false;
  // The data lock.
  using ReaderCount = std::uint64_t;
  static constexpr bool kReaderByCas = false;
  static constexpr bool kUnlocksByCas = true;

  static constexpr std::memory_order kRelaxed = std::memory_order_relaxed;
  static constexpr std::memory_order kAcquire = std::memory_order_acquire;
  static constexpr std::memory_order kRelease = std::memory_order_release;
  static constexpr std::memory_order kAcqRel = std::memory_order_acq_rel;
};

// Every access sequentially consistent: a store is an exchange.
struct SequentialOrders {
  static constexpr std::memory_order kRelaxed = std::memory_order_seq_cst;
  static constexpr std::memory_order kAcquire = std::memory_order_seq_cst;
  static constexpr std::memory_order kRelease = std::memory_order_seq_cst;
  static constexpr std::memory_order kAcqRel = std::memory_order_seq_cst;
};

// The one verified with Verus, in Rust.
struct VerifiedNr : SequentialOrders {
  static constexpr std::size_t kEntryAlign = 128;
  static constexpr std::uint64_t kLogEntries = std::uint64_t{1} << 19;
  static constexpr std::uint64_t kGcMargin = 128;
  static constexpr bool kMask = false;  // parity of the lap, by division
  static constexpr std::size_t kMaxReplicas = 16;
  static constexpr std::size_t kThreads = 128;
  static constexpr std::size_t kPending = 1;  // a cell and a flag
  static constexpr bool kScansAll = true;
  static constexpr bool kSeparateFlag = true;
  static constexpr int kLooksAtLock = 1;
  static constexpr bool kWeakLock = false;
  static constexpr bool kHoldsLockAcross = true;
  static constexpr bool kMovesData = true;  // out of its cell, and back
  using ReaderCount = std::uint64_t;
  static constexpr bool kReaderByCas = true;
  static constexpr bool kUnlocksByCas = false;
};

// IronSync's, verified with Linear Dafny, compiled to C++.
struct IronsyncNr : SequentialOrders {
  static constexpr std::size_t kEntryAlign = 32;  // two in a line
  static constexpr std::uint64_t kLogEntries = std::uint64_t{1} << 20;
  static constexpr std::uint64_t kGcMargin = 255;
  static constexpr bool kMask = false;
  static constexpr std::size_t kMaxReplicas = 4;
  static constexpr std::size_t kThreads = 255;
  static constexpr std::size_t kPending = 1;
  static constexpr bool kScansAll = true;
  static constexpr bool kSeparateFlag = false;
  static constexpr int kLooksAtLock = 5;
  static constexpr bool kWeakLock = true;
  static constexpr bool kHoldsLockAcross = true;
  static constexpr bool kMovesData = false;
  using ReaderCount = std::uint8_t;
  static constexpr bool kReaderByCas = false;
  static constexpr bool kUnlocksByCas = false;
};

}  // namespace quintet::baselines
