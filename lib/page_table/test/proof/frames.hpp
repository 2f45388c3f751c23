// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "page_table/physical_memory.hpp"
#include "page_table/spec/contracts.hpp"
#include "page_table/test/proof/words.hpp"
#include "proof/symbolic/memory.hpp"

// The physical memory of a table under proof: any content at all, and an allocator of which only
// its contract is known. Records what was given out and taken back, so that proofs can say what
// became of every frame.
namespace quintet::page_table::proof_world {

// Breaches of the allocator's contract, for proofs that must then fail.
enum class Breach : std::uint8_t {
  kNone,
  kFrameInUse,      // a frame given out may be a table of the tree
  kFrameNotZeroed,  // a frame given out holds anything
};

// The address of any frame at all.
[[nodiscard]] inline Word any_frame(const std::string& name, int maxphyaddr) {
  const Word frame = proof::any<Word>(name) & Word(~0xFFFULL);
  proof::assume(spec::is_frame<Boolean>(frame, maxphyaddr));
  return frame;
}

class Frames {
 public:
  using Word = proof_world::Word;
  using PhysAddr = proof_world::PhysAddr;
  // As an arena's pointers: of another type than addresses, so that mixing them up cannot pass.
  struct Location {
    Word at;
    Location operator+(const Word& bytes) const { return {at + bytes}; }
    friend Location select(const Boolean& c, const Location& a, const Location& b) {
      return {proof::select(c, a.at, b.at)};
    }
  };
  struct Released {
    Word frame;
    proof::Memory::Version when;
  };

  // `root` is what the first allocation returns: the top of a tree that exists already.
  Frames(Word root, int maxphyaddr, Breach breach)
      : memory_("memory"), root_(root), maxphyaddr_(maxphyaddr), breach_(breach) {}

  // A table that an allocator must not give out, if it is `reached`.
  void in_use(const Boolean& reached, const Word& table) {
    in_use_.emplace_back(reached, table);
    for (const Word& frame : fresh_) keep_apart(frame, in_use_.back());
  }

  // ---- PhysicalMemory
  [[nodiscard]] Word read(PhysAddr pa) const { return memory_.read(pa.value); }
  [[nodiscard]] Word read(Location location) const { return memory_.read(location.at); }
  void write(PhysAddr pa, Word word) { memory_.write(pa.value, word); }
  void write(Location location, Word word) { memory_.write(location.at, word); }
  [[nodiscard]] Location locate(PhysAddr pa) const { return {pa.value}; }
  [[nodiscard]] PhysAddr address(Location location) const { return PhysAddr(location.at); }

  PhysAddr allocate() {
    if (!created_) {
      created_ = true;
      return PhysAddr(root_);
    }
    if (proof::choose(2) == 0) {
      refused_ = true;
      proof::note("  allocate: no frame");
      return PhysAddr();
    }
    const Word frame = any_frame("frame " + std::to_string(fresh_.size()), maxphyaddr_);
    for (const Word& earlier : fresh_) proof::assume(frame != earlier);
    for (const auto& table : in_use_) keep_apart(frame, table);
    if (breach_ != Breach::kFrameNotZeroed) memory_.clear(frame, kTableBytes);
    fresh_.push_back(frame);
    return PhysAddr(frame);
  }
  void release(PhysAddr frame, FrameContent) {
    proof::note("  release", frame.value);
    released_.push_back({frame.value, memory_.version()});
  }

  // ---- what happened
  [[nodiscard]] const proof::Memory& memory() const { return memory_; }
  [[nodiscard]] const std::vector<Word>& fresh() const { return fresh_; }
  [[nodiscard]] const std::vector<Released>& released() const { return released_; }
  [[nodiscard]] bool refused() const { return refused_; }

 private:
  using InUse = std::pair<Boolean, Word>;
  void keep_apart(const Word& frame, const InUse& table) {
    if (breach_ == Breach::kFrameInUse) return;
    proof::assume(spec::differs(frame, table.first, table.second));
  }

  proof::Memory memory_;
  Word root_;
  int maxphyaddr_;
  Breach breach_;
  bool created_ = false;
  bool refused_ = false;
  std::vector<InUse> in_use_;
  std::vector<Word> fresh_;
  std::vector<Released> released_;
};
static_assert(PhysicalMemory<Frames> && LocatingMemory<Frames>);

}  // namespace quintet::page_table::proof_world
