// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <expected>
#include <span>
#include <utility>

#include "pm_log/commit.hpp"
#include "pm_log/error.hpp"
#include "pm_log/layout.hpp"
#include "pm_log/log_state.hpp"
#include "pm_log/options.hpp"
#include "pm_log/persistent_memory.hpp"
#include "pm_log/ring.hpp"

// From media to a PoolState. Nothing is trusted that does not carry its checksum. Every line that
// the answer rests on is written back before it is given: what a killed process left in the cache
// must not be seen now and lost with the next power failure.
namespace quintet::pm_log {

template <PersistentMemory M, Fault kFault = Fault::kNone>
class RecoveryOf {
 public:
  // Nothing is written, unless a fast commit must be discarded and `options` allow it: then its
  // root is replaced, in one line, by one that says what was recovered.
  [[nodiscard]] static Result<PoolState> run(M& memory, const OpenOptions& options) {
    RecoveryOf self(memory, options);
    if (auto done = self.find_superblock(); !done) return std::unexpected(done.error());
    if (auto done = self.read_directory(); !done) return std::unexpected(done.error());
    if (auto done = self.read_roots(); !done) return std::unexpected(done.error());
    auto done = self.pool_.is_fast() ? self.decide_fast() : self.decide_strict();
    if (!done) return std::unexpected(done.error());
    if (!self.settle()) return std::unexpected(Error{.code = Errc::kIo});
    return std::move(self.pool_);
  }

 private:
  using Outcome = Result<void>;

  RecoveryOf(M& memory, const OpenOptions& options) : memory_(memory), options_(options) {}

  static std::unexpected<Error> corrupt(Part part, std::uint64_t at, std::uint32_t log = 0) {
    return std::unexpected(Error{.code = Errc::kCorrupt, .log = log, .a = at, .part = part});
  }

  // Reads what will be relied on.
  Outcome read(std::uint64_t at, std::span<std::byte> bytes) {
    if (!memory_.read(at, bytes)) return std::unexpected(Error{.code = Errc::kMedia, .a = at});
    if constexpr (kFault != Fault::kNoWriteBackOnOpen) memory_.flush(at, bytes.size());
    return {};
  }

  Outcome find_superblock() {
    const std::uint64_t bytes = memory_.size();
    const std::uint64_t whole = align_down(bytes, kPageBytes);
    if (whole < data_start(1) + kPageBytes) {
      return std::unexpected(Error{.code = Errc::kNotALog, .a = bytes});
    }
    SuperblockLines a;
    SuperblockLines b;
    // One unreadable copy is as good as a damaged one.
    const bool a_read = read(0, a.bytes()).has_value();
    const bool b_read = read(second_superblock_at(whole), b.bytes()).has_value();
    const bool a_good = a_read && is_valid(a);
    const bool b_good = b_read && is_valid(b) && (!a_good || b.lines == a.lines);
    if (!a_good && !b_good) {
      const bool magic = (a_read && has_magic(a)) || (b_read && has_magic(b));
      if (!a_read) return std::unexpected(Error{.code = Errc::kMedia, .a = 0});
      if (magic) return corrupt(Part::kSuperblock, 0);
      return std::unexpected(Error{.code = Errc::kNotALog, .a = bytes});
    }
    pool_.recovery.superblock_a_bad = !a_good;
    pool_.recovery.superblock_b_bad = !b_good;
    pool_.superblock = decode(a_good ? a : b);
    return check_superblock();
  }

  Outcome check_superblock() {
    const Superblock& superblock = pool_.superblock;
    if (superblock.version != kVersion) {
      return std::unexpected(
          Error{.code = Errc::kVersionUnsupported, .a = superblock.version, .b = kVersion});
    }
    if (superblock.pool_bytes != memory_.size()) {
      return std::unexpected(
          Error{.code = Errc::kSizeMismatch, .a = superblock.pool_bytes, .b = memory_.size()});
    }
    if (superblock.logs == 0 || superblock.logs > kMaxLogs) return corrupt(Part::kSuperblock, 0);
    if (options_.expected_id && *options_.expected_id != superblock.id) {
      std::uint64_t found = 0;
      std::uint64_t expected = 0;
      std::memcpy(&found, superblock.id.bytes.data(), sizeof found);
      std::memcpy(&expected, options_.expected_id->bytes.data(), sizeof expected);
      return std::unexpected(Error{.code = Errc::kIdMismatch, .a = expected, .b = found});
    }
    pool_.seeds = Seeds(superblock.id);
    return {};
  }

  Outcome read_directory() {
    const std::uint64_t end = second_superblock_at(align_down(memory_.size(), kPageBytes));
    std::uint64_t free = data_start(pool_.superblock.logs);
    for (std::uint32_t i = 0; i < pool_.superblock.logs; ++i) {
      DirectoryLines lines;
      if (auto done = read(directory_at(i), lines.bytes()); !done) return done;
      const DirectoryEntry place = decode(lines);
      const bool fits = place.area >= free && place.area <= end && place.area % kPageBytes == 0 &&
                        place.length != 0 && place.length % kLineBytes == 0 &&
                        place.length <= end - place.area;
      if (!is_valid(lines, directory_at(i), pool_.seeds) || !fits) {
        return corrupt(Part::kDirectory, directory_at(i), i);
      }
      free = place.area + place.length;
      pool_.logs.push_back({.place = place});
    }
    return {};
  }

  Outcome read_roots() {
    for (std::uint64_t i = 0; i < 2; ++i) {
      if (auto done = read(root_at(i), roots_[i].bytes()); !done) return done;
      seen_[i] = {is_valid(roots_[i], root_at(i), pool_.seeds) || kFault == Fault::kRootUnchecked,
                  roots_[i].words[0]};
      // The number of a commit says where its root is.
      if ((seen_[i].seq & 1) != i || seen_[i].seq >= kEndOfSeq) seen_[i].valid = false;
    }
    return {};
  }

  // The commit word names the commit that counts. Its root must be whole.
  Outcome decide_strict() {
    Line line;
    if (auto done = read(kCommitWordAt, line.bytes()); !done) return done;
    const std::uint64_t word = line.words[0];
    const std::uint64_t which = word & 1;
    if (!seen_[which].valid) {
      // Then the word, too, may be the damaged one: it tells when the other root knows its number.
      const bool odd_one_out = seen_[which ^ 1].valid &&
                               commit_word(seen_[which ^ 1].seq - 1, pool_.seeds) != word &&
                               commit_word(seen_[which ^ 1].seq + 1, pool_.seeds) != word;
      if (odd_one_out) return corrupt(Part::kCommitWord, kCommitWordAt);
      return corrupt(Part::kRoot, root_at(which));
    }
    if (commit_word(seen_[which].seq, pool_.seeds) != word) {
      return corrupt(Part::kCommitWord, kCommitWordAt);
    }
    return load(roots_[which]);
  }

  // The newest whole root counts, if what its commit appended is whole; else the one before.
  Outcome decide_fast() {
    const std::size_t first = kFault == Fault::kOlderRootWins
                                  ? newest<std::uint64_t>(seen_[0], seen_[1]) ^ 1
                                  : newest<std::uint64_t>(seen_[0], seen_[1]);
    if (first == kNoRoot) return corrupt(Part::kRoot, root_at(0));
    const std::size_t other = first ^ 1;
    const Outcome newest_loads = load(roots_[first]);
    if (newest_loads) {
      // A pool without a commit has one root. Everything else has two, or one was cut off.
      const bool fresh = seen_[first].seq == 0 && roots_[other] == Line{};
      pool_.recovery.discarded_last = !seen_[other].valid && !fresh;
      return {};
    }
    if (!seen_[other].valid || newest_loads.error().code == Errc::kMedia) return newest_loads;
    pool_.recovery.discarded_last = true;
    return load(roots_[other]);
  }

  // Takes what the root says, and checks all that it stands for.
  Outcome load(const Line& root) {
    if (pool_.is_single()) return load_log(0, decode_log(root), root, root_at(root.words[0]));
    const MasterSlot master = decode_master(root);
    const std::uint64_t at = root_at(master.seq);
    if (root.words[6] != kMasterMark) return corrupt(Part::kRoot, at);
    pool_.live = master.live;
    pool_.digest = master.digest;
    pool_.seq = master.seq;
    std::uint64_t digest = 0;
    for (std::uint32_t i = 0; i < pool_.logs.size(); ++i) {
      const std::uint64_t slot = slot_at(i, master.live >> i & 1);
      Line line;
      if (auto done = read(slot, line.bytes()); !done) return done;
      if (!is_valid(line, slot, pool_.seeds)) return corrupt(Part::kLogSlot, slot, i);
      digest ^= line.words[7];
      pool_.logs[i].slot_crc = line.words[7];
      if (auto done = load_log(i, decode_log(line), root, slot); !done) return done;
    }
    if (digest != master.digest && kFault != Fault::kDigestUnchecked) {
      return corrupt(Part::kLogSlot, at);
    }
    return {};
  }

  Outcome load_log(std::uint32_t i, const LogSlot& slot, const Line& root, std::uint64_t at) {
    LogState& log = pool_.logs[i];
    const std::uint64_t length = log.place.length;
    const Part part = pool_.is_single() ? Part::kRoot : Part::kLogSlot;
    if (slot.log != i || slot.seq > root.words[0] || slot.head > slot.previous_tail ||
        slot.previous_tail > slot.tail || slot.tail - slot.head > length) {
      return corrupt(part, at, i);
    }
    pool_.seq = root.words[0];
    log.head = {slot.head, slot.head % length};
    log.tail = {slot.tail, slot.tail % length};
    log.pending = log.tail;
    log.delta_crc = pool_.seeds.payload;
    if (pool_.is_fast() && slot.seq == pool_.seq) {
      if (auto done = check_delta(log, slot, i); !done) return done;
    }
    const std::uint64_t start = log.tail.at - log.filled();
    return read(log.place.area + start, log.line.bytes().first(log.filled()));
  }

  Outcome check_delta(const LogState& log, const LogSlot& slot, std::uint32_t i) {
    const std::uint64_t length = log.place.length;
    std::uint64_t at = slot.previous_tail % length;
    std::uint32_t crc = pool_.seeds.payload;
    std::array<std::byte, kPageBytes> buffer;
    for (std::uint64_t left = slot.tail - slot.previous_tail; left != 0;) {
      const std::uint64_t count = std::min({left, length - at, std::uint64_t{buffer.size()}});
      const auto bytes = std::span(buffer).first(count);
      if (auto done = read(log.place.area + at, bytes); !done) return done;
      crc = crc32c(crc, bytes);
      at = at + count == length ? 0 : at + count;
      left -= count;
    }
    if (crc == slot.delta_crc || kFault == Fault::kDeltaUnchecked) return {};
    return corrupt(Part::kPayload, log.place.area + slot.previous_tail % length, i);
  }

  // A discarded root must go before anything is appended: bytes that happen to match its checksum
  // would bring it to life.
  bool settle() {
    const bool replace =
        pool_.recovery.discarded_last && !options_.read_only && pool_.seq + 1 < kEndOfSeq;
    if (replace && kFault != Fault::kDiscardedRootKept) {
      ++pool_.seq;
      memory_.stream(root_at(pool_.seq), settled_root(pool_, pool_.seq).bytes());
    }
    pool_.recovery.seq = pool_.seq;
    return memory_.fence();
  }

  M& memory_;
  const OpenOptions& options_;
  PoolState pool_{};
  std::array<Line, 2> roots_{};
  std::array<RootSeen<std::uint64_t>, 2> seen_{};
};

template <Fault kFault = Fault::kNone, PersistentMemory M>
[[nodiscard]] Result<PoolState> recover(M& memory, const OpenOptions& options) {
  return RecoveryOf<M, kFault>::run(memory, options);
}

}  // namespace quintet::pm_log
