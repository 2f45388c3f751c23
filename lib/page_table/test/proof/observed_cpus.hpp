// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "page_table/test/proof/any_tree.hpp"

// CPUs that hold translations while a table changes: what the core reports to them, in order.
namespace quintet::page_table::proof_world {

// Everything that was reported, and when.
class Log {
 public:
  struct Stale {
    Word va, bytes;
    int size_level;
    std::size_t flushes;  // before it
  };
  struct Flush {
    Version when;
    std::size_t released;  // frames given back before it
  };

  // Requires: `frames` and `memory` outlive the log's use.
  void watch(const Frames& frames, const proof::Memory& memory) {
    frames_ = &frames;
    memory_ = &memory;
  }
  void stale(const Word& va, const Word& bytes, PageSize size) {
    if (frames_ == nullptr) return;
    stale_.push_back({va, bytes, static_cast<int>(size), flushes_.size()});
  }
  void flush() {
    if (frames_ == nullptr) return;
    flushes_.push_back({memory_->version(), frames_->released().size()});
  }

  [[nodiscard]] bool empty() const { return stale_.empty(); }
  [[nodiscard]] const std::vector<Stale>& stale() const { return stale_; }
  [[nodiscard]] const std::vector<Flush>& flushes() const { return flushes_; }

 private:
  const Frames* frames_ = nullptr;
  const proof::Memory* memory_ = nullptr;
  std::vector<Stale> stale_;
  std::vector<Flush> flushes_;
};

// An Invalidation (invalidation.hpp) that flushes at the end of each operation.
class ObservedCpus {
 public:
  static constexpr bool kNeeded = true;
  static constexpr bool kDeferred = false;
  explicit ObservedCpus(Log& log) : log_(&log) {}
  void stale(VirtAddr va, Word bytes, PageSize size) { log_->stale(va.value, bytes, size); }
  void flush() { log_->flush(); }

 private:
  Log* log_;
};

// A translation that is out of date was reported before a flush, as a page of its size; and a table
// is given back only after a flush at which no walk reached it any more.
template <class Tree>
void prove_told(const Log& log, const Tree& tree, const typename Tree::Observed& x) {
  const Meaning& before = x.before.meaning;
  Boolean told = false;
  for (const auto& each : log.stale()) {
    if (each.flushes == log.flushes().size()) continue;  // nothing was flushed after it
    const Boolean covers = (x.va - each.va) < each.bytes;
    const Word bytes(1ULL << (3 + 9 * static_cast<unsigned>(each.size_level)));
    told = told | (covers & (before.size == bytes));
  }
  proof::prove_if("what became stale is reported and flushed",
                  before.mapped & !spec::same(before, x.after.meaning), told);
  const auto& released = tree.frames().released();
  for (std::size_t i = 0; i < released.size(); ++i) {
    Boolean flushed = false;
    for (const auto& flush : log.flushes()) {
      if (flush.released > i) continue;
      const Walk then = tree.walk(x.va, flush.when);
      Boolean unreachable = true;
      for (int l = 1; l <= Tree::kLevels; ++l) {
        unreachable =
            unreachable & !(at(then, l).reached & (at(then, l).table == released[i].frame));
      }
      flushed = flushed | unreachable;
    }
    proof::prove("a table is unlinked, then flushed, then released", flushed);
  }
}

// `operate(table, va)`, on any tree and at any address, tells the CPUs what they must be told: what
// became stale, and when a table may be reused.
template <Policy kPolicy, class Operation>
void prove_invalidates(Operation operate) {
  Log log;
  AnyTree<kPolicy, ObservedCpus> tree({}, Breach::kNone, ObservedCpus(log));
  log.watch(tree.frames(), tree.memory());
  const auto answer = operate(tree.table(), VirtAddr(tree.target));
  if (!answer) return proof::prove("a refused operation makes nothing stale", log.empty());
  prove_told(log, tree, tree.any_other());
}

}  // namespace quintet::page_table::proof_world
