// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pm_log/multi_log.hpp"
#include "pm_log/test/world/plain_memory.hpp"
#include "testing/catch.hpp"

// Pools on plain memory, for tests of one thing each.
namespace quintet::pm_log::world {

// Plain memory that sums what it streams, as mapped memory does.
class SummingRef : public PlainMemoryRef {
 public:
  using PlainMemoryRef::PlainMemoryRef;
  [[nodiscard]] std::uint32_t stream_summed(std::uint64_t at, std::span<const std::byte> lines,
                                            std::uint32_t crc) {
    stream(at, lines);
    return crc32c(crc, lines);
  }
};
static_assert(SummingMemory<SummingRef>);

using PlainPool = MultiLog<PlainMemoryRef>;
using SummingPool = MultiLog<SummingRef>;

inline Uuid id_of(std::uint8_t first) {
  Uuid id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] = static_cast<std::byte>(first + i);
  return id;
}

// Memory that holds logs of these capacities and not a page more.
inline PlainMemory memory_for_logs(std::initializer_list<std::uint64_t> capacities) {
  std::uint64_t bytes = data_start(capacities.size()) + kPageBytes;
  for (const std::uint64_t capacity : capacities) bytes += align_up(capacity, kPageBytes);
  return PlainMemory(bytes);
}

template <class Ref = PlainMemoryRef>
MultiLog<Ref> create_pool(PlainMemory& memory, std::span<const LogSpec> specs,
                          Commit commit = Commit::kStrict) {
  auto pool = MultiLog<Ref>::create(Ref(memory), specs, {.id = id_of(1), .commit = commit});
  REQUIRE(pool.has_value());
  return *std::move(pool);
}
template <class Ref = PlainMemoryRef>
MultiLog<Ref> create_pool(PlainMemory& memory, std::initializer_list<std::uint64_t> capacities,
                          Commit commit = Commit::kStrict) {
  std::vector<LogSpec> specs;
  for (const std::uint64_t capacity : capacities) specs.push_back({.capacity = capacity});
  return create_pool<Ref>(memory, std::span<const LogSpec>(specs), commit);
}
template <class Ref = PlainMemoryRef>
MultiLog<Ref> open_pool(PlainMemory& memory, const OpenOptions& options = {}) {
  auto pool = MultiLog<Ref>::open(Ref(memory), options);
  REQUIRE(pool.has_value());
  return *std::move(pool);
}

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// All that the log shows, or nothing if it cannot be read.
template <class Pool>
std::vector<std::byte> content(const Pool& pool, LogIndex log = 0) {
  const Info info = *pool.info(log);
  std::vector<std::byte> bytes(info.tail - info.head);
  REQUIRE(pool.read(log, info.head, bytes).has_value());
  return bytes;
}
template <class Pool>
std::string text(const Pool& pool, LogIndex log = 0) {
  const auto bytes = content(pool, log);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace quintet::pm_log::world
