// SPDX-License-Identifier: MIT
// Uses an installed quintet the way a stranger would: maps a page and translates an address in it,
// appends to a log, and reads a service file.
#include <array>
#include <cstddef>
#include <cstdio>
#include <span>
#include <vector>

#include "base/units.hpp"
#include "ironkv/net/identity.hpp"
#include "ironkv/net/service_file.hpp"
#include "page_table/frame_arena.hpp"
#include "page_table/page_table.hpp"
#include "platform/topology.hpp"
#include "pm_log/describe.hpp"
#include "pm_log/log.hpp"
#include "pm_log/mapped_pm.hpp"

namespace {

bool a_log_keeps_what_it_is_given() {
  using namespace quintet::pm_log;
  struct alignas(4096) Page {
    std::array<std::byte, 4096> bytes{};
  };
  std::vector<Page> pages(64);
  const auto memory = std::as_writable_bytes(std::span(pages));
  const auto id = random_uuid();
  if (!id) return false;
  auto log = Log<MappedPm>::create(MappedPm::adopt(memory, Durability::kFlush), {.id = *id});
  if (!log) return false;
  const std::array<std::byte, 3> bytes{std::byte{1}, std::byte{2}, std::byte{3}};
  const auto position = log->append(bytes);
  std::array<std::byte, 3> found{};
  return position && log->read(*position, found) && found == bytes;
}

bool a_service_file_is_read_back() {
  using namespace quintet::ironkv;
  const ServiceFile file{.friendly_name = "shop",
                         .servers = {{.friendly_name = "shop.IronSHT.server1",
                                      .public_key = {std::byte{1}},
                                      .address = "::1",
                                      .port = 4001}}};
  const auto read = parse_service_file(format(file), "file");
  return read == file && end_point_of(file.servers[0].public_key)[0] == std::byte{0x4b};
}

}  // namespace

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
  if (!a_log_keeps_what_it_is_given() || !a_service_file_is_read_back()) return 1;
  std::printf("consumer: resolved on a machine of %zu cores\n", machine->cores());
  return 0;
}
