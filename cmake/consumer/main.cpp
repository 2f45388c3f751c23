// SPDX-License-Identifier: MIT
// Uses an installed quintet the way a stranger would: maps a page and translates an address in it.
#include <cstdio>

#include "base/units.hpp"
#include "page_table/frame_arena.hpp"
#include "page_table/page_table.hpp"
#include "platform/topology.hpp"

int main() {
  using namespace quintet::page_table;
  auto arena =
      FrameArena::create({.bytes = quintet::kMiB, .backing = quintet::platform::Backing::k4K});
  const auto machine = quintet::platform::Topology::discover();
  if (!arena || !machine) return 1;
  auto table = PageTable<FrameArena>::create(*arena);
  if (!table) return 1;
  const auto flags = PageFlags().writable();
  if (!table->map(VirtAddr(0x40'0000), PhysAddr(0x12'3000), PageSize::k4K, flags)) return 1;
  const auto mapping = table->resolve(VirtAddr(0x40'0abc));
  if (!mapping || mapping->translate(VirtAddr(0x40'0abc)).value != 0x12'3abc) return 1;
  std::printf("consumer: resolved on a machine of %zu cores\n", machine->cores());
  return 0;
}
