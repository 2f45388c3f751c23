// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "pm_log/inspect_commits.hpp"
#include "pm_log/inspect_metadata.hpp"
#include "pm_log/inspect_payload.hpp"
#include "pm_log/inspection.hpp"
#include "pm_log/recovery.hpp"

// Looks at everything that a pool says, and names all that is damaged, where opening it stops at
// the first. Nothing is written, and nothing written back. What is not looked at: bytes outside of
// [head, tail), on which nothing rests.
namespace quintet::pm_log {

namespace internal {

// What a refusal to open says that the inspection did not find by itself.
inline void add_refusal(const Error& error, Inspection& report) {
  Finding finding{
      .part = error.part, .expected = "a pool that opens", .found = "one that does not"};
  if (error.part == Part::kRecord) {
    finding.position = error.a;
  } else {
    finding.offset = error.a;
  }
  if (error.part == Part::kLogSlot || error.part == Part::kDirectory) finding.log = error.log;
  report.add(std::move(finding));
}

template <PersistentMemory M>
void inspect_by(const Superblock& superblock, const ReadOnlyView<M>& view, Progress::Tell tell,
                Inspection& report) {
  const Seeds seeds(superblock.id);
  std::vector<Window> windows = check_directory(superblock, seeds, view, report);
  CommitCheck(superblock, seeds, view, report).run(windows);
  report.records.resize(windows.size());
  std::uint64_t total = 0;
  for (const Window& window : windows) {
    if (window.known) total += window.slot.tail - window.slot.head;
  }
  Progress progress(std::move(tell), total);
  for (std::uint32_t i = 0; i < windows.size(); ++i) {
    if (windows[i].known) PayloadCheck(i, windows[i], seeds, view, report, progress).run();
  }
  progress.end();
}

}  // namespace internal

// Requires: nobody writes to `memory` meanwhile, else what is being written looks damaged.
// O(bytes in the logs). `tell(done, of)` is called with bytes, now and then and at the end.
template <PersistentMemory M>
[[nodiscard]] Inspection inspect(const M& memory, internal::Progress::Tell tell = {}) {
  Inspection report;
  ReadOnlyView<M> view(memory);
  report.superblock = internal::SuperblockCheck(view, report).run();
  if (report.superblock && internal::check_fields(*report.superblock, view, report)) {
    internal::inspect_by(*report.superblock, view, std::move(tell), report);
  }
  report.pool = recover(view, {.read_only = true});
  if (!report.pool && report.errors() == 0) internal::add_refusal(report.pool.error(), report);
  return report;
}

}  // namespace quintet::pm_log
