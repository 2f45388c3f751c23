// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "page_table/spec/address_space.hpp"
#include "page_table/test/world/traced_memory.hpp"

// The tables as they lie in memory, read entry by entry without the page table's help: which
// tables a root reaches, what they map, and how one store changes that. Literals, as in spec/.
namespace quintet::page_table::world {

using spec::PlacedPage;

// Ignored bits that the library and the processor change beside a walk: the population count
// (61:52) and the accessed bit of an entry that references a table.
inline constexpr std::uint64_t kQuietReferenceBits = 0x3FF0'0000'0000'0020;

struct TableAt {
  int level = 0;
  std::uint64_t va = 0;      // first address that the table covers
  std::uint64_t parent = 0;  // physical address of the entry that references it; 0: the root
};

[[nodiscard]] bool is_present(std::uint64_t entry);
[[nodiscard]] bool is_leaf(std::uint64_t entry, int level);  // of a present entry
[[nodiscard]] std::uint64_t bytes_per_entry(int level);
// Address of entry `index` in a table, sign-extended for `levels`.
[[nodiscard]] std::uint64_t address_of(const TableAt& table, std::uint64_t index, int levels);
// The page that a leaf entry at `level` describes, flags in 4 KiB layout.
[[nodiscard]] spec::Page decode(std::uint64_t entry, int level);
[[nodiscard]] std::string to_text(const PlacedPage& page);
[[nodiscard]] std::string to_text(std::uint64_t number);

struct Tables {
  int levels = 4;
  std::uint64_t root = 0;
  std::map<std::uint64_t, TableAt> frames;            // reachable tables
  std::vector<PlacedPage> pages;                      // ascending
  std::vector<std::pair<std::uint64_t, int>> leaves;  // slot and level, in step with `pages`
  std::string damage;  // a frame outside memory or referenced twice; empty: a tree

  [[nodiscard]] static Tables read(const TracedMemory& memory, std::uint64_t root, int levels);

  // The words of every reachable table.
  [[nodiscard]] std::map<std::uint64_t, std::vector<std::uint64_t>> image(
      const TracedMemory& memory) const;
  // First address of what the entry at `slot` covers.
  [[nodiscard]] std::optional<std::uint64_t> va_of_slot(std::uint64_t slot) const;
};

// What one store did to a table that the root reaches.
struct Change {
  std::uint64_t slot;
  int level;
  std::uint64_t before, after;
  bool quiet;                          // only ignored bits of a reference differ
  std::vector<PlacedPage> gone, come;  // pages that the walk finds before or after only
};

// Follows the reachable tables store by store.
class View {
 public:
  void start(const TracedMemory& memory, std::uint64_t root, int levels);
  // Nothing when the store went to no reachable table.
  [[nodiscard]] std::optional<Change> store(std::uint64_t pa, std::uint64_t before,
                                            std::uint64_t after);
  [[nodiscard]] bool reaches(std::uint64_t frame) const { return frames_.contains(frame); }
  // Tables that stores have unlinked since the last call.
  [[nodiscard]] std::vector<std::uint64_t> take_unlinked() { return std::exchange(unlinked_, {}); }

 private:
  void link(std::uint64_t frame, TableAt at);
  void unlink(std::uint64_t frame, int level);
  void collect(std::uint64_t entry, int level, std::uint64_t va,
               std::vector<PlacedPage>& pages) const;

  const TracedMemory* memory_ = nullptr;
  int levels_ = 4;
  std::map<std::uint64_t, TableAt> frames_;
  std::vector<std::uint64_t> unlinked_;
};

}  // namespace quintet::page_table::world
