// SPDX-License-Identifier: MIT
#pragma once

// The memory layout shared by the host and guest.S: where the guest program lies, and the list of
// probe records that it works through. guest.S repeats these numbers (as .equ).
//
// Invariant: everything here lies below kReservedBytes of guest physical memory.
// Threading: plain data; host and guest never run at the same time.

#include <cstddef>
#include <cstdint>

namespace quintet::page_table::mmu {

inline constexpr std::uint64_t kImageAddress = 0x400000;   // guest.S, 2 MiB of 4 KiB pages
inline constexpr std::uint64_t kImageEntry64 = 0x10;       // offset of the 64-bit entry
inline constexpr std::uint64_t kUserStubOffset = 0x1000;   // the page ring 3 may execute
inline constexpr std::uint64_t kWindowTables = 0x500000;   // the harness' own page tables
inline constexpr std::uint64_t kHeaderAddress = 0x600000;  // 2 MiB: header, then records
inline constexpr std::uint64_t kRecordsAddress = 0x601000;
inline constexpr std::uint64_t kReservedBytes = 0x800000;
inline constexpr std::uint64_t kDoneMagic = 0x600d;
inline constexpr std::uint64_t kFaultMagic = 0xbad;
inline constexpr int kExitPort = 0xf4;

struct Header {
  std::uint64_t magic;      // at the end kDoneMagic, or kFaultMagic if the guest itself faulted
  std::uint64_t boot_root;  // page table to start on: the window, at `window` and at 0
  std::uint64_t boot_cr4;
  std::uint64_t window;  // virtual address of physical 0
  std::uint64_t count;   // records
  std::uint64_t done;    // records answered
  std::uint64_t cpuid_0_ebx, cpuid_7_ebx, cpuid_7_ecx, cpuid_80000001_edx, cpuid_80000008_eax;
  std::uint64_t fault_vector, fault_code, fault_rip;
};
static_assert(offsetof(Header, cpuid_0_ebx) == 48 && offsetof(Header, fault_vector) == 88);

struct Record {
  std::uint64_t cr3, cr0, cr4, efer, pkru, pkrs;
  std::uint64_t op;  // bit 0 store, bit 1 fetch, bit 2 ring 3
  std::uint64_t va, value, rflags;
  std::int64_t vector;  // answer: -1 or the exception
  std::uint64_t code, cr2, loaded;
  std::uint64_t unused[2];
};
static_assert(sizeof(Record) == 128);
static_assert(offsetof(Record, vector) == 80 && offsetof(Record, loaded) == 104);

inline constexpr std::size_t kMaxRecords = (kReservedBytes - kRecordsAddress) / sizeof(Record);

}  // namespace quintet::page_table::mmu
