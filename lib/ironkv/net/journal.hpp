// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "ironkv/host.hpp"

// What a durable host keeps: records of what it has carried out, in a log of lib/pm_log, and now
// and then a checkpoint, after which older records are given back.
//
//   <folder>/journal     a pool with one log of records (pmlog info, verify and cat read it)
//   <folder>/checkpoint  position in the log, checksum, snapshot; replaced as a whole
//   <folder>/owner       whose it is, written and looked at by the server
//
// Invariant: the checkpoint and the records from its position on are the state of the last commit.
// Several records become durable with one commit(): a host that serves many clients makes one for
// all that have spoken since the last. Errors are sentences that name the file and what helps;
// after one of append() or commit() nothing that was not durable before may leave the host.
// Threading: one thread. A folder is of one process at a time.
namespace quintet::ironkv {

struct JournalOptions {
  std::string folder{};                               // made if it is not there
  std::uint64_t log_bytes = std::uint64_t{64} << 20;  // of a new log; at least 16 MiB
};

struct Recovered {
  bool is_new = false;        // there was nothing
  std::uint64_t records = 0;  // carried out again
  std::uint64_t snapshot_bytes = 0;
  std::uint64_t keys = 0;  // that the host has now
};

class Journal {
 public:
  // Takes the folder, whose log is made if there is none.
  [[nodiscard]] static std::expected<Journal, std::string> open(const JournalOptions& options);
  Journal(Journal&&) noexcept;
  Journal& operator=(Journal&&) = delete;
  ~Journal();

  // Brings a new host to the state of the last commit. Once, before any append().
  [[nodiscard]] std::expected<Recovered, std::string> recover(Host& host);

  // Adds a record of Host::append_record() or append_forget_record(). Not durable yet.
  [[nodiscard]] std::expected<void, std::string> append(Bytes record);
  [[nodiscard]] bool has_uncommitted() const;
  // All of them are durable when it returns.
  [[nodiscard]] std::expected<void, std::string> commit();

  // Half of the log is used: time for a checkpoint.
  [[nodiscard]] bool wants_checkpoint() const;
  // Of the host as it is after the last record. O(its state). What could not be written leaves the
  // last checkpoint as it was.
  [[nodiscard]] std::expected<void, std::string> checkpoint(const Host& host);

 private:
  struct Impl;
  explicit Journal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace quintet::ironkv
