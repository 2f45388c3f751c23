// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <expected>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "page_table/error.hpp"
#include "page_table/spec/address_space.hpp"
#include "page_table/test/world/subject.hpp"

// Sequences of operations: drawn as small integers that shrink well, turned into operations that
// collide at every level of the tree, carried out on a page table and on the model side by side.
namespace quintet::page_table::world {

using spec::PageRun;
using spec::PlacedPage;

enum class Do : std::uint8_t {
  kMap,
  kUnmap,
  kProtect,
  kResolve,
  kClearAccessed,
  kClearDirty,
  kMapRange,
  kUnmapRange,
  kProtectRange,
  kMapBatch,
  kUnmapBatch,
  kResolveBatch,
  kSplit,
  kMerge,
  kFlush,
  kTouch,  // the hardware sets accessed and dirty
};
[[nodiscard]] const char* to_string(Do what);
[[nodiscard]] bool is_map(Do what);     // adds mappings only
[[nodiscard]] bool is_unmap(Do what);   // removes mappings only
[[nodiscard]] bool is_single(Do what);  // changes the meaning of one page (or its size)

// One operation as it is drawn; 0 everywhere is the simplest.
struct Draw {
  int what = 0, anchor = 0, shift = 0, size = 0, target = 0, flags = 0, length = 0, aim = 0;
  int salt = 0;
};
inline constexpr int kDrawLimits[] = {32, 3, 8, 8, 16, 16, 16, 4, 1 << 16};

struct Script {
  int focus = 0;     // which anchors the draws collide at
  int frames = 160;  // size of the memory
  std::vector<Draw> draws;
};

struct Op {
  Do what = Do::kMap;
  std::uint64_t va = 0, pa = 0, bytes = 0, flags = 0;
  std::uint64_t size = spec::kSmall;  // of the page; of the largest page for kMapRange
  std::vector<PlacedPage> batch;
};
std::ostream& operator<<(std::ostream& out, const Op& op);

// What an operation answered, from the page table or from the model.
struct Answer {
  std::optional<Error> error;  // of the table
  spec::Reasons reasons = 0;   // of the model; 0: done
  std::size_t index = 0;       // of the refused request in a batch
  std::vector<PlacedPage> pages;
  std::vector<std::optional<Error>> errors;  // of the table, one a request of kResolveBatch
  std::vector<spec::Reasons> each;           // of the model, likewise
  std::uint64_t number = 0;                  // bytes, or a bit
};

[[nodiscard]] Answer carry_out(Subject& table, const Op& op);
[[nodiscard]] Answer carry_out(spec::AddressSpace& model, const Op& op);
// What is wrong with the table's answer given the model's; empty: they agree. Running out of
// frames is judged elsewhere.
[[nodiscard]] std::string disagreement(const Answer& table, const Answer& model);
[[nodiscard]] spec::Reasons reason_of(Error error);
[[nodiscard]] spec::Machine machine_of(const Traits& traits);
[[nodiscard]] PlacedPage placed(const Mapping& mapping);
[[nodiscard]] PageSize page_size(std::uint64_t bytes);

// Addresses at and around the edges of tables at every level.
[[nodiscard]] std::uint64_t anchor_address(int anchor, int levels);
[[nodiscard]] std::vector<std::uint64_t> probe_addresses(const Script& script, int levels);
// The operation for `draw`, which may aim at a page of `model`.
[[nodiscard]] Op decode(const Draw& draw, const Script& script, const spec::AddressSpace& model,
                        const Traits& traits);

// A script of `length` draws from a seed, for checks that do not shrink.
[[nodiscard]] Script random_script(std::uint64_t seed, std::size_t length);

}  // namespace quintet::page_table::world
