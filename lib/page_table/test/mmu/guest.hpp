// SPDX-License-Identifier: MIT
#pragma once

// The physical memory of a small machine, prepared by the host and later run by QEMU or KVM.
//
//   [0, 8 MiB)            reserved: the guest program, its records and page tables
//   [8 MiB, 24 MiB)       for the page tables under test (kTableBase)
//   [24 MiB, 40 MiB)      data frames (kDataBase), filled with code_word(address)
//
// Every 8-byte data word is at once a value and a program: bytes b8 <imm32> ff e6 <tag>, which is
// `mov $imm32, %eax; jmp *%rsi`. A load returns it, a fetch at its address reports imm32.
//
// Invariant: the mapping lives as long as the object. Threading: one thread; the machines run only
// inside Machine::run.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>

namespace quintet::page_table::mmu {

class Guest {
 public:
  static constexpr std::uint64_t kTableBase = 8u << 20;
  static constexpr std::uint64_t kDataBase = 24u << 20;
  static constexpr std::uint64_t kEnd = 40u << 20;

  /// `harness_slot`: the entry of every root table (0..511, but not 256, which not every KVM can
  /// show to ring 3) that the machine borrows while it runs.
  static std::expected<Guest, std::string> create(unsigned harness_slot = 511);
  Guest(Guest&& other) noexcept;
  Guest& operator=(Guest&&) = delete;
  ~Guest();

  /// The word at a physical address. Requires: 8-byte aligned, below kEnd.
  std::uint64_t& word(std::uint64_t pa) { return memory_[check(pa) / 8]; }
  [[nodiscard]] std::uint64_t word(std::uint64_t pa) const { return memory_[check(pa) / 8]; }

  std::span<std::uint64_t> words() { return {memory_, kEnd / 8}; }
  [[nodiscard]] std::span<const std::uint64_t> words() const { return {memory_, kEnd / 8}; }
  std::span<std::byte> bytes() { return std::as_writable_bytes(words()); }

  /// Zeroes the table area and refills the data frames.
  void reset();

  [[nodiscard]] unsigned harness_slot() const { return harness_slot_; }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  Guest(int fd, std::uint64_t* memory, unsigned harness_slot)
      : fd_(fd), memory_(memory), harness_slot_(harness_slot) {}
  static std::uint64_t check(std::uint64_t pa);

  int fd_;
  std::uint64_t* memory_;
  unsigned harness_slot_;
};

/// A data word that is also the program `mov $imm, %eax; jmp *%rsi`.
constexpr std::uint64_t code_word(std::uint64_t imm, unsigned tag = 0) {
  return 0xb8u | (imm & 0xffffffffu) << 8 | std::uint64_t{0xe6ff} << 40 | std::uint64_t{tag} << 56;
}
/// What running a code_word reports.
constexpr std::uint64_t fetched(std::uint64_t word) { return (word >> 8) & 0xffffffffu; }

/// The assembled guest.S, to be placed at kImageAddress; and reset.S, QEMU's firmware.
std::span<const std::byte> guest_image();
std::span<const std::byte> reset_rom();

}  // namespace quintet::page_table::mmu
