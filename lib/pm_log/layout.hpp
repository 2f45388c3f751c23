// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "base/align.hpp"
#include "base/units.hpp"
#include "pm_log/checksum.hpp"
#include "pm_log/persistent_memory.hpp"

// The media format, version 1. All words little endian; every line that a commit writes has 256
// bytes to itself, the unit in which Optane writes.
//
//   offset           bytes  what
//   0                  256  superblock A
//   0x1000              64  commit word (strict): number of the last commit, and its checksum
//   0x1100, 0x1200      64  roots of even and odd commits
//   0x2000 + 128 i     128  directory: where log i lies, its name
//   0x4000 + 512 i   64+64  the two slots of log i, at +0 and +256: pools of several logs only
//   data_start         ...  the logs' areas: they start at pages and are whole lines long
//   size - 4096        256  superblock B, the same as A
//
// The root of a pool with one log is that log's slot. Every checksum of a pool starts from its id,
// and every line knows its place: a line of another pool, or of another place, is no valid line.
namespace quintet::pm_log {

static_assert(std::endian::native == std::endian::little, "the media format is little endian");

inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::uint64_t kMagic = 0x31474F4C4D505451;  // "QTPMLOG1"
inline constexpr std::uint64_t kMaxLogs = 64;
inline constexpr std::uint64_t kPageBytes = 4 * kKiB;
inline constexpr std::uint64_t kSuperblockBytes = 256;
inline constexpr std::uint64_t kDirectoryEntryBytes = 128;
inline constexpr std::size_t kNameBytes = 64;

inline constexpr std::uint64_t kCommitWordAt = 0x1000;
// Commits are numbered from 0 up to this, which no pool lives to see.
inline constexpr std::uint64_t kEndOfSeq = std::uint64_t{1} << 63;
[[nodiscard]] constexpr std::uint64_t root_at(std::uint64_t seq) {
  return 0x1100 + (seq & 1) * 256;
}
[[nodiscard]] constexpr std::uint64_t directory_at(std::uint64_t log) {
  return 0x2000 + log * kDirectoryEntryBytes;
}
[[nodiscard]] constexpr std::uint64_t slot_at(std::uint64_t log, std::uint64_t copy) {
  return 0x4000 + log * 512 + copy * 256;
}
[[nodiscard]] constexpr std::uint64_t data_start(std::uint64_t logs) {
  return logs == 1 ? 0x3000 : align_up(slot_at(logs, 0), kPageBytes);
}
[[nodiscard]] constexpr std::uint64_t second_superblock_at(std::uint64_t size) {
  return size - kPageBytes;
}

// One line of metadata.
struct alignas(kLineBytes) Line {
  std::array<std::uint64_t, kLineBytes / 8> words{};

  [[nodiscard]] std::span<const std::byte> bytes() const { return std::as_bytes(std::span(words)); }
  [[nodiscard]] std::span<std::byte> bytes() { return std::as_writable_bytes(std::span(words)); }
  friend bool operator==(const Line&, const Line&) = default;
};

// Name of a pool for good: no two have the same.
struct Uuid {
  std::array<std::byte, 16> bytes{};
  friend bool operator==(const Uuid&, const Uuid&) = default;
};

// What all checksums of a pool start from.
struct Seeds {
  std::uint64_t metadata = 0;
  std::uint32_t payload = 0;

  explicit Seeds(const Uuid& id) : metadata(crc64(0, id.bytes)), payload(crc32c(0, id.bytes)) {}
};

// --- lines that commits write ---------------------------------------------------------------

// State of one log as of commit `seq`.
struct LogSlot {
  std::uint64_t seq = 0;
  std::uint64_t head = 0;
  std::uint64_t tail = 0;
  std::uint64_t previous_tail = 0;  // [previous_tail, tail) came with this commit
  std::uint32_t delta_crc = 0;      // their CRC-32C (fast)
  std::uint32_t log = 0;
};

// Which slots count as of commit `seq`, in pools of several logs.
struct MasterSlot {
  std::uint64_t seq = 0;
  std::uint64_t live = 0;    // bit i: which copy of log i's slot
  std::uint64_t digest = 0;  // exclusive or of those slots' checksums: a stale slot shows
};

inline constexpr std::uint64_t kMasterMark = 0x5245545341'4D;  // "MASTER"

[[nodiscard]] inline std::uint64_t checksum(const Line& line, const Seeds& seeds) {
  return crc64(seeds.metadata, line.bytes().first(kLineBytes - 8));
}

// The line of these fields for offset `at` of the media.
[[nodiscard]] inline Line encode(const LogSlot& slot, std::uint64_t at, const Seeds& seeds) {
  Line line{{slot.seq, slot.head, slot.tail, slot.previous_tail,
             slot.delta_crc | std::uint64_t{slot.log} << 32, at, 0, 0}};
  line.words[7] = checksum(line, seeds);
  return line;
}
[[nodiscard]] inline Line encode(const MasterSlot& slot, std::uint64_t at, const Seeds& seeds) {
  Line line{{slot.seq, slot.live, slot.digest, 0, 0, at, kMasterMark, 0}};
  line.words[7] = checksum(line, seeds);
  return line;
}

// Whether the line is whole, of this pool, and for this offset.
[[nodiscard]] inline bool is_valid(const Line& line, std::uint64_t at, const Seeds& seeds) {
  return line.words[7] == checksum(line, seeds) && line.words[5] == at;
}
// Requires: is_valid(line).
[[nodiscard]] inline LogSlot decode_log(const Line& line) {
  return {line.words[0],
          line.words[1],
          line.words[2],
          line.words[3],
          static_cast<std::uint32_t>(line.words[4]),
          static_cast<std::uint32_t>(line.words[4] >> 32)};
}
[[nodiscard]] inline MasterSlot decode_master(const Line& line) {
  return {line.words[0], line.words[1], line.words[2]};
}

// The commit word: low half the commit's number, high half a checksum of all of it.
[[nodiscard]] inline std::uint64_t commit_word(std::uint64_t seq, const Seeds& seeds) {
  const auto crc = crc32c(seeds.payload, std::as_bytes(std::span(&seq, 1)));
  return (seq & 0xFFFF'FFFF) | std::uint64_t{crc} << 32;
}

// --- what create() writes once --------------------------------------------------------------

struct Superblock {
  std::uint32_t version = kVersion;
  Uuid id{};
  std::uint64_t pool_bytes = 0;
  std::uint32_t logs = 0;
  std::uint32_t flags = 0;         // bit 0: fast commits
  std::uint64_t created_unix = 0;  // seconds; 0: not said
};
inline constexpr std::uint32_t kFlagFast = 1;

struct DirectoryEntry {
  std::uint64_t area = 0;    // offset of the area
  std::uint64_t length = 0;  // its bytes
  std::uint64_t flags = 0;   // bit 0: what is appended are records
  std::array<char, kNameBytes> name{};

  [[nodiscard]] std::string_view label() const {
    return {name.data(), strnlen(name.data(), name.size())};
  }
};

inline constexpr std::uint64_t kFlagRecords = 1;

// Several lines with one checksum, in the last word.
template <std::uint64_t kBytes>
struct Block {
  std::array<Line, kBytes / kLineBytes> lines{};

  [[nodiscard]] std::span<const std::byte> bytes() const { return std::as_bytes(std::span(lines)); }
  [[nodiscard]] std::span<std::byte> bytes() { return std::as_writable_bytes(std::span(lines)); }
  [[nodiscard]] std::uint64_t& check() { return lines.back().words.back(); }
  [[nodiscard]] std::uint64_t checksum(std::uint64_t start) const {
    return crc64(start, bytes().first(kBytes - 8));
  }
  [[nodiscard]] bool carries(std::uint64_t sum) const { return lines.back().words.back() == sum; }
};
using SuperblockLines = Block<kSuperblockBytes>;
using DirectoryLines = Block<kDirectoryEntryBytes>;

// This version's superblock, and every later one's, has its magic number first, its version
// second, and the CRC-64 of what is before it in its last word.
[[nodiscard]] inline SuperblockLines encode(const Superblock& superblock) {
  SuperblockLines block;
  auto& words = block.lines[0].words;
  words[0] = kMagic;
  words[1] = superblock.version | kSuperblockBytes << 32;
  std::memcpy(&words[2], superblock.id.bytes.data(), superblock.id.bytes.size());
  words[4] = superblock.pool_bytes;
  words[5] = superblock.logs | std::uint64_t{superblock.flags} << 32;
  words[6] = superblock.created_unix;
  block.check() = block.checksum(0);
  return block;
}
[[nodiscard]] inline bool has_magic(const SuperblockLines& block) {
  return block.lines[0].words[0] == kMagic;
}
[[nodiscard]] inline bool is_valid(const SuperblockLines& block) {
  return has_magic(block) && block.carries(block.checksum(0));
}
[[nodiscard]] inline Superblock decode(const SuperblockLines& block) {
  const auto& words = block.lines[0].words;
  Superblock superblock{.version = static_cast<std::uint32_t>(words[1]),
                        .pool_bytes = words[4],
                        .logs = static_cast<std::uint32_t>(words[5]),
                        .flags = static_cast<std::uint32_t>(words[5] >> 32),
                        .created_unix = words[6]};
  std::memcpy(superblock.id.bytes.data(), &words[2], superblock.id.bytes.size());
  return superblock;
}

inline constexpr std::size_t kNameAt = 24;  // in a directory entry; the flags follow it
static_assert(kNameAt + kNameBytes == kLineBytes + 3 * sizeof(std::uint64_t));

[[nodiscard]] inline DirectoryLines encode(const DirectoryEntry& entry, std::uint64_t at,
                                           const Seeds& seeds) {
  DirectoryLines block;
  auto& words = block.lines[0].words;
  words[0] = entry.area;
  words[1] = entry.length;
  words[2] = at;
  std::memcpy(block.bytes().data() + kNameAt, entry.name.data(), kNameBytes);
  block.lines[1].words[3] = entry.flags;
  block.check() = block.checksum(seeds.metadata);
  return block;
}
[[nodiscard]] inline bool is_valid(const DirectoryLines& block, std::uint64_t at,
                                   const Seeds& seeds) {
  return block.carries(block.checksum(seeds.metadata)) && block.lines[0].words[2] == at;
}
[[nodiscard]] inline DirectoryEntry decode(const DirectoryLines& block) {
  DirectoryEntry entry{.area = block.lines[0].words[0],
                       .length = block.lines[0].words[1],
                       .flags = block.lines[1].words[3]};
  std::memcpy(entry.name.data(), block.bytes().data() + kNameAt, kNameBytes);
  return entry;
}

}  // namespace quintet::pm_log
