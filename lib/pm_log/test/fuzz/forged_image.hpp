// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/assert.hpp"
#include "pm_log/multi_log.hpp"
#include "pm_log/test/fuzz/heap_pm.hpp"
#include "testing/fuzz/input.hpp"

// The media that a fuzzer's bytes stand for: a small valid pool, or zeros, with some bytes changed,
// and with new checksums where the input asks for them, since no fuzzer would guess one.
//
//   byte 0    bit 0: fast   bit 1: two logs   bits 2, 3: its history, or 3: zeros instead of a pool
//             bit 4: open for reading   bit 5: another size, in two bytes that follow byte 1
//   byte 1    which checksums are made anew: see Seal
//   edits     place, offset in it, number of bytes - 1 (low 4 bits; bit 7: from another place,
//             named by one byte), the bytes
namespace quintet::pm_log::fuzz {

enum Seal : std::uint8_t {
  kSealSuperblocks = 1,  // and magic, version, size
  kSealDirectory = 2,
  kSealSlots = 4,
  kSealDigest = 8,
  kSealRoots = 16,
  kSealWord = 32,
};

struct Forged {
  std::vector<std::byte> media{};
  bool read_only = false;
};

using testing::Input;

inline constexpr std::uint64_t kBytes = 9 * kPageBytes;
inline const std::array<LogSpec, 2> kSpecs{{{.capacity = 5'056}, {.capacity = 1'024}}};

// A pool with some history: fresh, in its first lap, wrapped and full to its last byte.
inline std::vector<std::byte> make_pool(Commit commit, std::size_t logs, int history) {
  std::vector<std::byte> media(kBytes);
  auto pool = MultiLog<HeapPm>::create(HeapPm(media), std::span(kSpecs).first(logs),
                                       {.id = {{std::byte{0x51}}}, .commit = commit});
  QT_CHECK(pool.has_value());
  std::array<std::byte, 700> bytes{};
  const int commits = history == 2 ? 25 : 6 * history;
  for (int i = 0; i < commits; ++i) {
    for (LogIndex log = 0; log < logs; ++log) {
      bytes.fill(static_cast<std::byte>(i));
      const std::size_t count = static_cast<std::size_t>(i * 37 + 5) % (history == 2 ? 700 : 150);
      if (history == 2)
        QT_CHECK(pool->advance_head(log, pool->info(log)->tail - static_cast<Position>(i % 2)));
      QT_CHECK(pool->tentative_append(log, std::span(bytes).first(count)));
    }
    QT_CHECK(pool->commit());
  }
  for (LogIndex log = 0; history == 2 && log < logs; ++log) {
    const Info info = *pool->info(log);
    const std::vector<std::byte> rest(info.capacity - (info.tail - info.head), std::byte{9});
    QT_CHECK(pool->tentative_append(log, rest));
  }
  QT_CHECK(pool->commit());
  return media;
}

inline const std::vector<std::byte>& pool_image(bool fast, bool several, int history) {
  static const auto images = [] {
    std::array<std::vector<std::byte>, 16> all;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const int history_of = static_cast<int>(i / 4);
      all[i] = history_of == 3 ? std::vector<std::byte>(kBytes)
                               : make_pool(i % 2 != 0 ? Commit::kFast : Commit::kStrict,
                                           i / 2 % 2 + 1, history_of);
    }
    return all;
  }();
  return images[static_cast<std::size_t>(history * 4 + several * 2 + fast)];
}

// Where an edit goes: mostly to what recovery reads.
inline std::uint64_t place(std::uint8_t number, std::uint64_t size) {
  switch (number % 16) {
    case 0:
      return 0;
    case 1:
      return align_down(size, kPageBytes) < kPageBytes
                 ? 0
                 : second_superblock_at(align_down(size, kPageBytes));
    case 2:
    case 3:
      return directory_at(number % 2);
    case 4:
      return kCommitWordAt;
    case 5:
    case 6:
      return root_at(number % 2);
    case 7:
    case 8:
    case 9:
    case 10:
      return slot_at((number - 7U) % 16 / 2 % 2, number % 2);
    default:
      return data_start(number / 16 % 2 + 1) + std::uint64_t{number / 32U} * 256;
  }
}

inline void edit(std::vector<std::byte>& media, Input& input) {
  const std::uint64_t at = place(input.next(), media.size()) + input.next();
  const std::uint8_t what = input.next();
  const std::uint64_t source = (what & 128) != 0 ? place(input.next(), media.size()) : UINT64_MAX;
  const std::uint64_t count = source == UINT64_MAX ? what % 16 + 1U : kLineBytes;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::byte typed = source == UINT64_MAX ? std::byte{input.next()} : std::byte{};
    if (at + i >= media.size()) return;
    if (source == UINT64_MAX) {
      media[at + i] = typed;
    } else if (source + i < media.size()) {
      media[at + i] = media[source + i];
    }
  }
}

// Makes checksums, and what else a line must carry, as the mask says. What lies outside of the
// media is zeros, and stays so.
class Sealer {
 public:
  explicit Sealer(std::vector<std::byte>& media) : media_(media) {}

  void seal(std::uint8_t mask) {
    if (media_.size() < kPageBytes) return;
    if ((mask & kSealSuperblocks) != 0) superblocks();
    const Superblock superblock = decode(load<SuperblockLines>(0));
    const Seeds seeds(superblock.id);
    const std::uint64_t logs = std::min<std::uint64_t>(superblock.logs, kMaxLogs);
    if ((mask & kSealDirectory) != 0) directory(logs, seeds);
    for (std::uint64_t slot = 0; logs != 1 && (mask & kSealSlots) != 0 && slot < 2 * logs; ++slot) {
      line(slot_at(slot / 2, slot % 2), seeds);
    }
    for (int i = 0; i < 2; ++i) root(root_at(static_cast<std::uint64_t>(i)), mask, logs, seeds);
    if ((mask & kSealWord) != 0) {
      const std::uint64_t which = load<Line>(kCommitWordAt).words[0] & 1;
      save(kCommitWordAt, Line{{commit_word(load<Line>(root_at(which)).words[0], seeds)}});
    }
  }

 private:
  template <class Lines>
  [[nodiscard]] Lines load(std::uint64_t at) const {
    Lines lines;
    if (!contains<std::uint64_t>(0, media_.size(), at, sizeof lines)) return lines;
    std::memcpy(lines.bytes().data(), media_.data() + at, sizeof lines);
    return lines;
  }
  template <class Lines>
  void save(std::uint64_t at, const Lines& lines) {
    if (!contains<std::uint64_t>(0, media_.size(), at, sizeof lines)) return;
    std::memcpy(media_.data() + at, lines.bytes().data(), sizeof lines);
  }

  void superblocks() {
    auto block = load<SuperblockLines>(0);
    block.lines[0].words[0] = kMagic;
    block.lines[0].words[1] = kVersion | kSuperblockBytes << 32;
    block.lines[0].words[4] = media_.size();
    block.check() = block.checksum(0);
    save(0, block);
    save(second_superblock_at(align_down(media_.size(), kPageBytes)), block);
  }
  void directory(std::uint64_t logs, const Seeds& seeds) {
    for (std::uint64_t i = 0; i < logs; ++i) {
      auto block = load<DirectoryLines>(directory_at(i));
      block.lines[0].words[2] = directory_at(i);
      block.check() = block.checksum(seeds.metadata);
      save(directory_at(i), block);
    }
  }
  void line(std::uint64_t at, const Seeds& seeds) {
    auto sealed = load<Line>(at);
    sealed.words[5] = at;
    sealed.words[7] = checksum(sealed, seeds);
    save(at, sealed);
  }
  void root(std::uint64_t at, std::uint8_t mask, std::uint64_t logs, const Seeds& seeds) {
    auto root = load<Line>(at);
    if (logs != 1 && (mask & kSealDigest) != 0) {
      root.words[2] = 0;
      root.words[6] = kMasterMark;
      for (std::uint64_t i = 0; i < logs; ++i) {
        root.words[2] ^= load<Line>(slot_at(i, root.words[1] >> i & 1)).words[7];
      }
      save(at, root);
    }
    if ((mask & kSealRoots) != 0) line(at, seeds);
  }

  std::vector<std::byte>& media_;
};

inline Forged forge(std::span<const std::uint8_t> bytes) {
  Input input(bytes);
  const std::uint8_t head = input.next();
  const std::uint8_t mask = input.next();
  Forged forged{.media = pool_image((head & 1) != 0, (head & 2) != 0, head / 4 % 4),
                .read_only = (head & 16) != 0};
  if ((head & 32) != 0) {
    const std::uint64_t low = input.next();
    forged.media.resize((low | std::uint64_t{input.next()} << 8) % (2 * kBytes));
  }
  while (!input.ended()) edit(forged.media, input);
  Sealer(forged.media).seal(mask);
  return forged;
}

}  // namespace quintet::pm_log::fuzz
