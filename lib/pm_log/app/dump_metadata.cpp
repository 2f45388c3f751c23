// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pm_log/app/commands.hpp"
#include "pm_log/app/json.hpp"
#include "pm_log/app/open_pool.hpp"
#include "pm_log/describe.hpp"
#include "pm_log/inspect_metadata.hpp"

namespace quintet::pm_log::app {
namespace {

struct Row {
  std::uint64_t offset;
  std::string what;
  std::string_view state;  // OK, BAD, unused, unreadable
  std::string content;
};

class Metadata {
 public:
  Metadata(const MappedPm& memory, const Superblock& superblock)
      : memory_(memory), superblock_(superblock), seeds_(superblock.id) {}

  std::vector<Row> rows() {
    add_superblock("superblock A", 0);
    if ((superblock_.flags & kFlagFast) == 0) add_commit_word();
    for (std::uint64_t i = 0; i < 2; ++i) add_root(i);
    for (std::uint32_t i = 0; i < superblock_.logs && i < kMaxLogs; ++i) add_entry(i);
    if (superblock_.logs > 1 && superblock_.logs <= kMaxLogs) {
      for (std::uint32_t i = 0; i < superblock_.logs; ++i) {
        for (std::uint64_t copy = 0; copy < 2; ++copy) {
          add_line(fmt::format("slot {} of log {}", copy, i), slot_at(i, copy), true);
        }
      }
    }
    add_superblock("superblock B", second_superblock_at(align_down(memory_.size(), kPageBytes)));
    return std::move(rows_);
  }

 private:
  void add(std::uint64_t offset, std::string what, std::string_view state, std::string content) {
    rows_.push_back({offset, std::move(what), state, std::move(content)});
  }
  [[nodiscard]] bool read(std::uint64_t at, std::span<std::byte> bytes, const std::string& what) {
    if (ReadOnlyView(memory_).read(at, bytes)) return true;
    add(at, what, "unreadable", "");
    return false;
  }

  void add_superblock(const std::string& what, std::uint64_t at) {
    SuperblockLines lines;
    if (!read(at, lines.bytes(), what)) return;
    const Superblock s = decode(lines);
    add(at, what, is_valid(lines) ? "OK" : "BAD",
        fmt::format("version {}, id {}, {} bytes, {}, {}, created {}", s.version, to_text(s.id),
                    s.pool_bytes, counted(s.logs, "log"),
                    name((s.flags & kFlagFast) != 0 ? Commit::kFast : Commit::kStrict),
                    s.created_unix));
  }

  void add_commit_word() {
    Line line;
    if (!read(kCommitWordAt, line.bytes(), "commit word")) return;
    const std::uint64_t word = line.words[0];
    Line root;
    const std::uint64_t at = root_at(word & 1);
    const bool good = ReadOnlyView(memory_).read(at, root.bytes()) && is_valid(root, at, seeds_) &&
                      commit_word(root.words[0], seeds_) == word;
    add(kCommitWordAt, "commit word", good ? "OK" : "BAD",
        fmt::format("{:#018x}: the root at {:#x} counts", word, at));
  }

  void add_root(std::uint64_t which) {
    add_line(fmt::format("root {}", which), root_at(which), superblock_.logs == 1);
  }

  // A line that commits write: of one log, or the root of several.
  void add_line(std::string what, std::uint64_t at, bool of_log) {
    Line line;
    if (!read(at, line.bytes(), what)) return;
    if (line == Line{}) return add(at, std::move(what), "unused", "");
    std::string content;
    if (of_log) {
      const LogSlot slot = decode_log(line);
      content =
          fmt::format("commit {}, log {}, head {}, previous tail {}, tail {}, checksum {:#x}",
                      slot.seq, slot.log, slot.head, slot.previous_tail, slot.tail, slot.delta_crc);
    } else {
      const MasterSlot slot = decode_master(line);
      content =
          fmt::format("commit {}, slots {:#b}, digest {:#x}", slot.seq, slot.live, slot.digest);
    }
    add(at, std::move(what), is_valid(line, at, seeds_) ? "OK" : "BAD", std::move(content));
  }

  void add_entry(std::uint32_t log) {
    DirectoryLines lines;
    const std::uint64_t at = directory_at(log);
    const std::string what = fmt::format("directory {}", log);
    if (!read(at, lines.bytes(), what)) return;
    const DirectoryEntry entry = decode(lines);
    add(at, what, is_valid(lines, at, seeds_) ? "OK" : "BAD",
        fmt::format("'{}', {} at {:#x}, {}", printable(entry.label()),
                    counted(entry.length, "byte"), entry.area,
                    (entry.flags & kFlagRecords) != 0 ? "records" : "bytes"));
  }

  const MappedPm& memory_;
  const Superblock& superblock_;
  Seeds seeds_;
  std::vector<Row> rows_;
};

std::string as_text(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) {
    text += fmt::format("{:#012x} {:<18} {:<12} {}\n", row.offset, row.what,
                        fmt::format("[{}]", row.state), row.content);
  }
  return text;
}

std::string as_json(const std::vector<Row>& rows) {
  std::vector<std::string> items;
  for (const Row& row : rows) {
    items.push_back(JsonObject()
                        .add("offset", row.offset)
                        .add("what", row.what)
                        .add("state", row.state)
                        .add("content", row.content)
                        .text());
  }
  return json_array(items) + "\n";
}

}  // namespace

Outcome<void> dump_metadata(const DumpArguments& arguments) {
  const auto memory = map_pool(arguments.path, true);
  if (!memory) return std::unexpected(memory.error());
  Inspection ignored;
  const ReadOnlyView view(*memory);
  const auto superblock = internal::SuperblockCheck(view, ignored).run();
  if (!superblock) {
    // Neither copy tells the id, which all checksums start from.
    const auto pool = open_pool(arguments.path, true);
    return pool ? Outcome<void>{} : std::unexpected(pool.error());
  }
  const auto rows = Metadata(*memory, *superblock).rows();
  return put(arguments.json ? as_json(rows) : as_text(rows));
}

}  // namespace quintet::pm_log::app
