// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/align.hpp"
#include "pm_log/commit.hpp"
#include "pm_log/inspection.hpp"
#include "pm_log/layout.hpp"
#include "pm_log/text.hpp"

// The part of an inspection that looks at what create() wrote once: superblocks and directory.
namespace quintet::pm_log::internal {

// The superblock that a pool is checked by, or none, after saying what is wrong with both.
template <PersistentMemory M>
class SuperblockCheck {
 public:
  SuperblockCheck(const ReadOnlyView<M>& memory, Inspection& report)
      : memory_(memory), report_(report) {}

  [[nodiscard]] std::optional<Superblock> run() {
    const std::uint64_t bytes = memory_.size();
    const std::uint64_t least = data_start(1) + kPageBytes;
    if (bytes < least) {
      report_.add({.part = Part::kSuperblock,
                   .expected = joined({"at least ", std::to_string(least), " bytes"}),
                   .found = counted(bytes, "byte")});
      return {};
    }
    look(copies_[0], 0);
    // The second one lies where the first one says that the pool ends.
    const bool first_good = copies_[0].is_good();
    const std::uint64_t size = first_good ? decode(copies_[0].lines).pool_bytes : bytes;
    look(copies_[1], second_superblock_at(align_down(size, kPageBytes)));
    if (copies_[0].has_no_magic() && copies_[1].has_no_magic()) {
      report_.add({.part = Part::kSuperblock,
                   .expected = "the magic number " + hex(kMagic) + " of a log",
                   .found = hex(copies_[0].lines.lines[0].words[0])});
      return {};
    }
    for (const Copy& copy : copies_) complain(copy);
    compare();
    return choose();
  }

 private:
  struct Copy {
    SuperblockLines lines{};
    std::uint64_t at = 0;
    bool is_read = false;

    [[nodiscard]] bool has_no_magic() const { return is_read && !has_magic(lines); }
    [[nodiscard]] bool is_good() const { return is_read && is_valid(lines); }
  };

  void look(Copy& copy, std::uint64_t at) {
    copy.at = at;
    copy.is_read = memory_.read(at, copy.lines.bytes());
  }

  void complain(const Copy& copy) {
    if (copy.is_good()) return;
    Finding finding{.part = Part::kSuperblock, .offset = copy.at};
    if (!copy.is_read) {
      finding.expected = "readable bytes";
      finding.found =
          copy.at < memory_.size() ? "bytes that cannot be read" : "the end of the pool";
    } else if (!has_magic(copy.lines)) {
      finding.expected = "magic number " + hex(kMagic);
      finding.found = hex(copy.lines.lines[0].words[0]);
    } else {
      finding.expected = "checksum " + hex(copy.lines.checksum(0));
      finding.found = hex(copy.lines.lines.back().words.back());
    }
    report_.add(std::move(finding));
  }

  void compare() {
    if (!copies_[0].is_good() || !copies_[1].is_good()) return;
    if (copies_[0].lines.lines == copies_[1].lines.lines) return;
    report_.add({.part = Part::kSuperblock,
                 .offset = copies_[1].at,
                 .expected = "the same as the superblock at offset 0x0",
                 .found = "that of another pool, or of an earlier one"});
  }

  // A superblock that is whole. Else one whose id is: then an entry of the directory carries a
  // checksum that starts from it.
  [[nodiscard]] std::optional<Superblock> choose() const {
    for (const Copy& copy : copies_) {
      if (copy.is_good()) return decode(copy.lines);
    }
    for (const Copy& copy : copies_) {
      const Superblock superblock = decode(copy.lines);
      if (!copy.is_read || !has_magic(copy.lines) || superblock.logs > kMaxLogs) continue;
      const Seeds seeds(superblock.id);
      for (std::uint64_t i = 0; i < superblock.logs; ++i) {
        DirectoryLines lines;
        if (!memory_.read(directory_at(i), lines.bytes())) continue;
        if (is_valid(lines, directory_at(i), seeds)) return superblock;
      }
    }
    return {};
  }

  const ReadOnlyView<M>& memory_;
  Inspection& report_;
  std::array<Copy, 2> copies_{};
};

// Whether the rest can be checked by this superblock; if not, says why.
template <PersistentMemory M>
[[nodiscard]] bool check_fields(const Superblock& superblock, const ReadOnlyView<M>& memory,
                                Inspection& report) {
  Finding finding{.part = Part::kSuperblock};
  if (superblock.version != kVersion) {
    finding.expected = "version " + std::to_string(kVersion);
    finding.found = "version " + std::to_string(superblock.version);
  } else if (superblock.logs == 0 || superblock.logs > kMaxLogs) {
    finding.expected = joined({"1 to ", std::to_string(kMaxLogs), " logs"});
    finding.found = std::to_string(superblock.logs);
  } else {
    if (superblock.pool_bytes != memory.size()) {
      finding.expected = counted(superblock.pool_bytes, "byte") + " in the pool";
      finding.found = counted(memory.size(), "byte");
      report.add(std::move(finding));
    }
    return true;
  }
  report.add(std::move(finding));
  return false;
}

// One window for each log, as far as its directory entry is whole.
template <PersistentMemory M>
[[nodiscard]] std::vector<Window> check_directory(const Superblock& superblock, const Seeds& seeds,
                                                  const ReadOnlyView<M>& memory,
                                                  Inspection& report) {
  std::vector<Window> windows(superblock.logs);
  const std::uint64_t first = data_start(superblock.logs);
  const std::uint64_t end = second_superblock_at(align_down(superblock.pool_bytes, kPageBytes));
  std::uint64_t behind = first;  // the areas lie in the order of the logs
  for (std::uint32_t i = 0; i < superblock.logs; ++i) {
    const std::uint64_t at = directory_at(i);
    Finding finding{.part = Part::kDirectory, .log = i, .offset = at};
    DirectoryLines lines;
    const bool is_read = memory.read(at, lines.bytes());
    const DirectoryEntry place = decode(lines);
    if (!is_read) {
      finding.expected = "readable bytes";
      finding.found = "bytes that cannot be read";
    } else if (!lines.carries(lines.checksum(seeds.metadata))) {
      finding.expected = "checksum " + hex(lines.checksum(seeds.metadata));
      finding.found = hex(lines.lines.back().words.back());
    } else if (!is_valid(lines, at, seeds)) {
      finding.expected = "an entry for this offset";
      finding.found = "one for offset " + hex(lines.lines[0].words[2]);
    } else if (place.area < first || place.area > end || place.area % kPageBytes != 0 ||
               place.length == 0 || place.length % kLineBytes != 0 ||
               place.length > end - place.area || place.area < behind) {
      finding.expected = joined({"whole lines at a page from ", hex(behind), " to ", hex(end)});
      finding.found = joined({counted(place.length, "byte"), " at ", hex(place.area)});
    } else {
      behind = place.area + place.length;
      windows[i] = {.place = place, .known = true};
      continue;
    }
    report.add(std::move(finding));
  }
  return windows;
}

}  // namespace quintet::pm_log::internal
