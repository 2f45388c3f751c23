// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/align.hpp"
#include "pm_log/error.hpp"
#include "pm_log/layout.hpp"
#include "pm_log/options.hpp"
#include "pm_log/persistent_memory.hpp"
#include "pm_log/placement.hpp"

// Making a pool. A power failure at any time leaves no pool or a whole one: the superblock, which
// makes it one, is written after all that it stands for is durable.
namespace quintet::pm_log {

namespace internal {

template <PersistentMemory M>
bool holds_superblock(const M& memory, std::uint64_t at) {
  Line first{};
  return memory.read(at, first.bytes()) && first.words[0] == kMagic;
}

// The magic number makes superblocks count, and its absence makes them none: one word each.
template <PersistentMemory M>
bool stamp(M& memory, std::uint64_t bytes, std::uint64_t magic) {
  for (const std::uint64_t at : {std::uint64_t{0}, second_superblock_at(bytes)}) {
    memory.store(at, std::as_bytes(std::span(&magic, 1)));
    memory.flush(at, sizeof magic);
  }
  return memory.fence();
}

// All of a superblock but its magic number.
template <PersistentMemory M>
void write_superblocks(M& memory, std::uint64_t bytes, const SuperblockLines& whole) {
  SuperblockLines lines = whole;
  lines.lines[0].words[0] = 0;
  memory.stream(0, lines.bytes());
  memory.stream(second_superblock_at(bytes), lines.bytes());
}

// Directory, slots and root of a pool without a byte.
template <PersistentMemory M>
void write_logs(M& memory, std::span<const DirectoryEntry> places, const Seeds& seeds) {
  const bool single = places.size() == 1;
  std::uint64_t digest = 0;
  for (std::uint32_t i = 0; i < places.size(); ++i) {
    memory.stream(directory_at(i), encode(places[i], directory_at(i), seeds).bytes());
    if (single) break;
    const LogSlot empty{.delta_crc = seeds.payload, .log = i};
    const Line slot = encode(empty, slot_at(i, 0), seeds);
    digest ^= slot.words[7];
    memory.stream(slot_at(i, 0), slot.bytes());
    memory.stream(slot_at(i, 1), Line{}.bytes());
  }
  const Line root = single ? encode(LogSlot{.delta_crc = seeds.payload}, root_at(0), seeds)
                           : encode(MasterSlot{.digest = digest}, root_at(0), seeds);
  memory.stream(root_at(0), root.bytes());
  memory.stream(root_at(1), Line{}.bytes());
  memory.stream(kCommitWordAt, Line{{commit_word(0, seeds)}}.bytes());
}

}  // namespace internal

// Writes an empty pool. Requires nothing of the content. O(number of logs).
// Errors: as place_logs(); kExists where there is a pool, unless options.overwrite; kIo.
template <Fault kFault = Fault::kNone, PersistentMemory M>
[[nodiscard]] Result<void> format(M& memory, std::span<const LogSpec> specs,
                                  const CreateOptions& options) {
  const std::uint64_t bytes = align_down(memory.size(), kPageBytes);
  const auto places = place_logs(memory.size(), specs);
  if (!places) return std::unexpected(places.error());
  const bool exists = internal::holds_superblock(memory, 0) ||
                      internal::holds_superblock(memory, second_superblock_at(bytes));
  if (exists && !options.overwrite) return std::unexpected(Error{.code = Errc::kExists});

  const Superblock superblock{.id = options.id,
                              .pool_bytes = memory.size(),
                              .logs = static_cast<std::uint32_t>(specs.size()),
                              .flags = options.commit == Commit::kFast ? kFlagFast : 0,
                              .created_unix = options.created_unix};
  const Seeds seeds(options.id);
  bool ok = true;
  if (exists) ok = internal::stamp(memory, bytes, 0);
  internal::write_superblocks(memory, bytes, encode(superblock));
  if constexpr (kFault == Fault::kSuperblockFirst) {
    ok = memory.fence() && internal::stamp(memory, bytes, kMagic) && ok;
  }
  internal::write_logs(memory, *places, seeds);
  ok = memory.fence() && ok;
  ok = ok && internal::stamp(memory, bytes, kMagic);
  if (!ok) return std::unexpected(Error{.code = Errc::kIo});
  return {};
}

}  // namespace quintet::pm_log
