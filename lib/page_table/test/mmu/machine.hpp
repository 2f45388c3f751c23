// SPDX-License-Identifier: MIT
#pragma once

// A memory management unit that we did not write, asked what it makes of page tables in a Guest:
// QEMU's software MMU, or the host's KVM. Each run starts a fresh machine, points its CR3 at the
// tables and performs every probe in order, in ring 0 or 3, on one virtual CPU.
//
// Invariant: a run changes the guest as the probed instructions do (stored values, accessed and
// dirty bits) and nothing else above kReservedBytes. Threading: one run at a time per Guest.

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "page_table/spec/mmu.hpp"
#include "page_table/test/mmu/guest.hpp"

namespace quintet::page_table::mmu {

/// One 8-byte load or store, or a jump, to `va`. A store writes `value`.
struct Probe {
  std::uint64_t va = 0;
  spec::Access access;
  std::uint64_t value = 0;
};

struct Answer {
  int vector = -1;          // -1: no exception; 13 #GP, 14 #PF
  std::uint32_t code = 0;   // the exception's error code
  std::uint64_t cr2 = 0;    // of a page fault
  std::uint64_t value = 0;  // loaded, or reported by the code that was fetched
};

/// Probes under one root table and one setting of the control registers. `levels` must be the same
/// in all batches of a run; `maxphyaddr`, `gib_pages` and `amd_pml4_bit8` are what the CPU is.
struct Batch {
  std::uint64_t root = 0;
  spec::Controls controls;
  std::vector<Probe> probes;
};

/// What a CPU can do: every flag that may be set, MAXPHYADDR, and levels = 5 with LA57.
using Limits = spec::Controls;

class Machine {
 public:
  explicit Machine(std::string name) : name_(std::move(name)) {}
  virtual ~Machine() = default;

  [[nodiscard]] const std::string& name() const { return name_; }

  /// What this machine's CPU can do, as its own CPUID says (one boot, then remembered).
  std::expected<Limits, std::string> limits();

  /// False for a probe that this machine is known to answer wrongly for reasons of its own.
  [[nodiscard]] virtual bool can_ask(const Probe&) const { return true; }

  /// Answers to all probes in order. Borrows entry `harness_slot` of every root and puts it back.
  /// Errors: a request this CPU cannot fulfil, or a machine that hangs, crashes or does not start.
  std::expected<std::vector<Answer>, std::string> run(Guest& guest, std::span<const Batch> batches);

  /// Probes answered by this object so far.
  [[nodiscard]] std::uint64_t answered() const { return answered_; }

  std::chrono::seconds timeout{120};

 protected:
  /// Runs the prepared guest from its entry until it reports the end. `boot_cr4` as in Header.
  virtual std::expected<void, std::string> execute(Guest& guest) = 0;
  /// Corrects what this MMU is known to report differently from the manuals.
  virtual void normalise(Answer&) const {}
  /// Corrects what its CPUID claims otherwise than it behaves.
  virtual void correct(Limits&) const {}

 private:
  std::expected<std::vector<Answer>, std::string> boot(Guest& guest, std::span<const Batch> batches,
                                                       int levels);

  std::string name_;
  std::uint64_t answered_ = 0;
  bool limits_known_ = false;
  Limits limits_;
};

/// Why a machine cannot be had here, in one line that names the remedy.
using Missing = std::string;

/// QEMU's TCG: needs the program qemu-system-x86_64 only.
std::expected<std::unique_ptr<Machine>, Missing> open_qemu();
/// The processor's own virtualisation (or what the host offers in its place) through /dev/kvm.
std::expected<std::unique_ptr<Machine>, Missing> open_kvm();

}  // namespace quintet::page_table::mmu
