// SPDX-License-Identifier: MIT
#include "page_table/test/mmu/guest.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "page_table/test/mmu/descriptor.hpp"

// QT_GUEST_IMAGE and QT_RESET_ROM are the flat binaries made from guest.S and reset.S by the build.
asm(".pushsection .rodata\n"
    ".global quintet_mmu_guest\n"
    ".global quintet_mmu_reset\n"
    ".global quintet_mmu_end\n"
    "quintet_mmu_guest: .incbin \"" QT_GUEST_IMAGE
    "\"\n"
    "quintet_mmu_reset: .incbin \"" QT_RESET_ROM
    "\"\n"
    "quintet_mmu_end: .byte 0\n"
    ".popsection\n");

extern "C" {
extern const std::byte quintet_mmu_guest[];
extern const std::byte quintet_mmu_reset[];
extern const std::byte quintet_mmu_end[];
}

namespace quintet::page_table::mmu {

std::span<const std::byte> guest_image() { return {quintet_mmu_guest, quintet_mmu_reset}; }
std::span<const std::byte> reset_rom() { return {quintet_mmu_reset, quintet_mmu_end}; }

std::expected<Guest, std::string> Guest::create(unsigned harness_slot) {
  const int fd = memfd_create("quintet-mmu-guest", 0);  // inherited by QEMU
  if (fd < 0) return std::unexpected(system_error("memfd_create"));
  void* memory = MAP_FAILED;
  if (ftruncate(fd, kEnd) == 0) {
    memory = mmap(nullptr, kEnd, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  }
  if (memory == MAP_FAILED) {
    const std::string error = system_error("40 MiB of guest memory");
    close(fd);
    return std::unexpected(error);
  }
  Guest guest(fd, static_cast<std::uint64_t*>(memory), harness_slot);
  guest.reset();
  return guest;
}

Guest::Guest(Guest&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      memory_(std::exchange(other.memory_, nullptr)),
      harness_slot_(other.harness_slot_) {}

Guest::~Guest() {
  if (memory_ != nullptr) munmap(memory_, kEnd);
  if (fd_ >= 0) close(fd_);
}

void Guest::reset() {
  std::fill(memory_ + kTableBase / 8, memory_ + kDataBase / 8, 0);
  for (std::uint64_t pa = kDataBase; pa < kEnd; pa += 8) memory_[pa / 8] = code_word(pa);
}

std::uint64_t Guest::check(std::uint64_t pa) {
  if (pa % 8 == 0 && pa < kEnd) return pa;
  std::fprintf(stderr, "guest physical address 0x%llx: misaligned or outside memory\n",
               static_cast<unsigned long long>(pa));
  std::abort();
}

}  // namespace quintet::page_table::mmu
