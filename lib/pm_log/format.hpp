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

// One after the other, so that one is always whole. The second one is durable after a fence.
template <PersistentMemory M>
bool write_superblocks(M& memory, const SuperblockLines& lines, std::uint64_t bytes) {
  memory.stream(0, lines.bytes());
  if (!memory.fence()) return false;
  memory.stream(second_superblock_at(bytes), lines.bytes());
  return true;
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
  bool ok = !exists || internal::write_superblocks(memory, SuperblockLines{}, bytes);
  ok = memory.fence() && ok;
  if constexpr (kFault == Fault::kSuperblockFirst) {
    ok = internal::write_superblocks(memory, encode(superblock), bytes) && ok;
  }

  std::uint64_t digest = 0;
  const bool single = specs.size() == 1;
  for (std::uint64_t i = 0; i < specs.size(); ++i) {
    memory.stream(directory_at(i), encode((*places)[i], directory_at(i), seeds).bytes());
    if (single) break;
    const Line slot =
        encode(LogSlot{.delta_crc = seeds.payload, .log = static_cast<std::uint32_t>(i)},
               slot_at(i, 0), seeds);
    digest ^= slot.words[7];
    memory.stream(slot_at(i, 0), slot.bytes());
    memory.stream(slot_at(i, 1), Line{}.bytes());
  }
  const Line root = single ? encode(LogSlot{.delta_crc = seeds.payload}, root_at(0), seeds)
                           : encode(MasterSlot{.digest = digest}, root_at(0), seeds);
  memory.stream(root_at(0), root.bytes());
  memory.stream(root_at(1), Line{}.bytes());
  memory.stream(kCommitWordAt, Line{{commit_word(0, seeds)}}.bytes());
  ok = memory.fence() && ok;
  ok = ok && internal::write_superblocks(memory, encode(superblock), bytes);
  if (!memory.fence() || !ok) return std::unexpected(Error{.code = Errc::kIo});
  return {};
}

}  // namespace quintet::pm_log
