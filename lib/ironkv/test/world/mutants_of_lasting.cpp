// SPDX-License-Identifier: MIT
#include <array>

#include "ironkv/test/world/mutants.hpp"

namespace quintet::ironkv::world {

bool run_lasting_mutant(Fault fault, const Run& run, RunResult& result) {
  return run_between<Fault::kTombstoneNotSaved, Fault::kDivertsSaid>(fault, run, result);
}

RunResult run_mutant(Fault fault, const Run& run) {
  RunResult result;
  const bool is_one = run_delivery_mutant(fault, run, result) ||
                      run_moving_mutant(fault, run, result) ||
                      run_lasting_mutant(fault, run, result);
  QT_CHECK(is_one, "not a seeded fault");
  return result;
}

std::string_view name_of(Fault fault) {
  static constexpr std::array<std::string_view, static_cast<std::size_t>(Fault::kEnd)> kNames = {
      "none",
      "duplicate executed",
      "gap accepted",
      "gap acknowledged",
      "ack beyond sent",
      "resend only last",
      "end not pinned",
      "merges others",
      "erase keeps last",
      "shard keeps keys",
      "shard keeps ownership",
      "shard skips key",
      "shard not owner",
      "shard too many",
      "delegate from stranger",
      "delegate not owned",
      "serves foreign keys",
      "absent as empty",
      "tombstone not saved",
      "window not saved",
      "map not saved",
      "ack before durable",
      "forgotten serves",
      "first ignores moves",
      "serves unheard",
      "answers unfiltered",
      "new number on resend",
      "redirect at once",
      "forgets on reconnect",
      "diverts said",
  };
  return kNames[static_cast<std::size_t>(fault)];
}

}  // namespace quintet::ironkv::world
