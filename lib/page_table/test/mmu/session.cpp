// SPDX-License-Identifier: MIT
#include "page_table/test/mmu/session.hpp"

#include <cstdio>
#include <utility>

namespace quintet::page_table::mmu {

Panel::Panel() {
  auto add = [this](const char* name, std::expected<std::unique_ptr<Machine>, Missing> opened) {
    if (opened) {
      machines_.push_back(std::move(*opened));
    } else {
      std::printf("mmu: %s absent: %s\n", name, opened.error().c_str());
    }
  };
  add("qemu", open_qemu());
  add("kvm", open_kvm());
  // With nobody to ask the whole test is skipped; this is the line that the test runner looks for.
  if (machines_.empty()) std::printf("SKIP: install qemu-system-x86\n");
  std::fflush(stdout);
}

Panel::~Panel() {
  const auto answered = [this](const char* name) {
    std::uint64_t count = 0;
    for (const auto& machine : machines_) {
      if (machine->name() == name) count = machine->answered();
    }
    return static_cast<unsigned long long>(count);
  };
  std::printf("mmu: qemu answered %llu probes, kvm answered %llu probes\n", answered("qemu"),
              answered("kvm"));
  std::fflush(stdout);
}

std::string Inspection::report() const {
  std::string text = std::to_string(answers.size()) + " probes, " +
                     std::to_string(answered.disagreements) + " answers and " +
                     std::to_string(memory.disagreements) + " words of memory disagree\n";
  for (const Verdict* verdict : {&answered, &memory}) {
    for (const std::string& example : verdict->examples) text += "  " + example + "\n";
  }
  return text;
}

std::expected<Inspection, std::string> inspect(Machine& machine, Guest& guest,
                                               std::vector<Batch> batches) {
  for (Batch& batch : batches) {
    std::erase_if(batch.probes, [&](const Probe& probe) { return !machine.can_ask(probe); });
  }
  Inspection seen;
  seen.before.assign(guest.words().begin(), guest.words().end());
  seen.batches = std::move(batches);
  auto answers = machine.run(guest, seen.batches);
  if (!answers) return std::unexpected(answers.error());
  seen.answers = std::move(*answers);
  seen.answered = compare_answers(seen.before, seen.batches, seen.answers);
  // A processor may set A speculatively; QEMU's software walker does so only when it walks.
  const bool exact_accessed = machine.name() == "qemu";
  seen.memory = compare_memory(seen.before, guest.words(), seen.batches, exact_accessed);
  return seen;
}

}  // namespace quintet::page_table::mmu
