// SPDX-License-Identifier: MIT
#include "platform/node_memory.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <limits>
#include <new>
#include <string>
#include <thread>

#include "base/units.hpp"
#include "testing/catch.hpp"

namespace {

using namespace quintet::platform;
using quintet::kKiB;
using quintet::kMiB;

using Nodes = std::vector<unsigned>;

std::unique_ptr<NodeMemory> memory_on(const Topology& topology, const Nodes& nodes) {
  return NodeMemory::create(topology, nodes).value();
}

// A block of a resource, given back at the end.
struct Block {
  Block(std::pmr::memory_resource& from, std::size_t size, std::size_t alignment = 8)
      : resource(from), bytes(size), align(alignment), data(from.allocate(size, alignment)) {}
  ~Block() { resource.deallocate(data, bytes, align); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  [[nodiscard]] std::span<std::byte> span() const { return {static_cast<std::byte*>(data), bytes}; }
  [[nodiscard]] bool is_aligned(std::size_t to) const {
    return reinterpret_cast<std::uintptr_t>(data) % to == 0;
  }

  std::pmr::memory_resource& resource;
  std::size_t bytes;
  std::size_t align;
  void* data;
};

// What the kernel says in `file` about the mapping that `data` is in: its first line, which starts
// with an address, and the lines below.
std::string kernel_says(const char* file, const void* data) {
  std::ifstream lines(file);
  const auto address = reinterpret_cast<std::uintptr_t>(data);
  std::string said;
  for (std::string line; std::getline(lines, line);) {
    std::uintptr_t start = 0;
    const auto parsed = std::from_chars(line.data(), line.data() + line.size(), start, 16);
    const bool heads = parsed.ptr - line.data() > 6;  // an address, no name of a field
    if (heads && start > address) break;
    if (heads) said.clear();
    said += line + "\n";
  }
  return said;
}

bool is_mapped(void* page) { return ::madvise(page, 4096, MADV_NORMAL) == 0; }

TEST_CASE("blocks of every size are aligned and writable and can be given back") {
  const Topology topology = Topology::discover().value();
  const auto memory = memory_on(topology, {0});
  for (const std::size_t bytes : {1uz, 4096uz, 4097uz, std::size_t{2 * kMiB - 1},
                                  std::size_t{2 * kMiB}, std::size_t{5 * kMiB + 1}}) {
    for (const std::size_t alignment : {1uz, 64uz, 4096uz, std::size_t{4 * kMiB}}) {
      INFO(bytes << " bytes at " << alignment);
      const Block block(*memory, bytes, alignment);
      CHECK(block.is_aligned(alignment));
      std::memset(block.data, 1, bytes);
    }
  }
  const Block nothing(*memory, 0);
  CHECK(nothing.data != nullptr);
}

TEST_CASE("a block that is given back is unmapped") {
  const auto memory = memory_on(Topology::discover().value(), {0});
  for (const std::size_t bytes : {5000uz, std::size_t{3 * kMiB}}) {
    void* const data = memory->allocate(bytes);
    auto* const last = static_cast<std::byte*>(data) + (bytes - 1) / 4096 * 4096;
    CHECK(is_mapped(data));
    CHECK(is_mapped(last));
    memory->deallocate(data, bytes);
    CHECK_FALSE(is_mapped(data));
    CHECK_FALSE(is_mapped(last));
  }
}

TEST_CASE("memory that does not exist is refused") {
  const auto memory = memory_on(Topology::discover().value(), {0});
  constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
  for (const std::size_t bytes : {kAll, kAll - 4096, kAll / 2}) {
    CHECK_THROWS_AS(memory->allocate(bytes), std::bad_alloc);
  }
  for (const int bits : {60, 62}) {
    CHECK_THROWS_AS(memory->allocate(1, std::size_t{1} << bits), std::bad_alloc);
  }
}

TEST_CASE("large blocks ask for huge pages and small ones do not") {
  const Topology topology = Topology::discover().value();
  const auto memory = memory_on(topology, {0});
  const Block large(*memory, 4 * kMiB);
  const Block small(*memory, 1 * kMiB);
  CHECK(large.is_aligned(2 * kMiB));
  const std::string smaps = kernel_says("/proc/self/smaps", large.data);
  if (smaps.find("VmFlags:") == std::string::npos) return;  // not every kernel tells
  std::ifstream huge("/sys/kernel/mm/transparent_hugepage/enabled");
  if (huge) CHECK(smaps.find(" hg") != std::string::npos);
  CHECK(kernel_says("/proc/self/smaps", small.data).find(" hg") == std::string::npos);
}

TEST_CASE("a bound block has the policy and lies on its node") {
  const Topology topology = Topology::discover().value();
  const auto memory = memory_on(topology, {0});
  if (memory->unbound()) {
    WARN("memory cannot be bound here: " << memory->unbound()->message());
    return;
  }
  const Block block(*memory, 64 * kKiB);
  CHECK(nodes_of(topology, block.span()).value().empty());  // not touched yet
  std::memset(block.data, 1, block.bytes);
  CHECK(nodes_of(topology, block.span()).value() == Nodes{0});
  const std::string policy = kernel_says("/proc/self/numa_maps", block.data);
  if (!policy.empty()) CHECK(policy.find(" bind:") != std::string::npos);
}

TEST_CASE("a thread can prefer the memory of a node") {
  const Topology topology = Topology::discover().value();
  Result<void> preferred;
  std::string policy;
  std::jthread([&] {  // the policy ends with the thread
    preferred = prefer_memory_of(topology, 0);
    const Block block(*std::pmr::new_delete_resource(), 64 * kMiB);
    std::memset(block.data, 1, 1);
    policy = kernel_says("/proc/thread-self/numa_maps", block.data);
  })
      .join();
  if (!preferred) {
    WARN("no memory policy can be set here: " << preferred.error().message());
  } else if (!policy.empty()) {
    CHECK(policy.find(" prefer") != std::string::npos);
  }
  CHECK(prefer_memory_of(topology, 10'000).error().code == EINVAL);
}

TEST_CASE("on a synthetic machine memory is handed out and bound nowhere") {
  const Topology imagined = Topology::synthetic("numa:4 core:2 pu:1").value();
  const auto memory = memory_on(imagined, {3});
  const auto reason = memory->unbound();
  REQUIRE(reason);
  CHECK(reason->code == ENOTSUP);
  CHECK(reason->message().find("synthetic") != std::string::npos);
  const Block block(*memory, 64 * kKiB);
  std::memset(block.data, 1, block.bytes);
  const std::string policy = kernel_says("/proc/self/numa_maps", block.data);
  if (!policy.empty()) CHECK(policy.find(" default") != std::string::npos);
  CHECK(nodes_of(imagined, block.span()).error().code == ENOTSUP);
  CHECK(prefer_memory_of(imagined, 3).error().code == ENOTSUP);
}

TEST_CASE("memory on several nodes has huge pages only where each gets one") {
  const Topology imagined = Topology::synthetic("numa:4 core:2 pu:1").value();
  const auto memory = memory_on(imagined, {0, 1, 2, 3});
  const Block small(*memory, 8 * kMiB - 1);
  const Block large(*memory, 8 * kMiB);
  CHECK(large.is_aligned(2 * kMiB));
  const std::string smaps = kernel_says("/proc/self/smaps", small.data);
  CHECK(smaps.find(" hg") == std::string::npos);
}

TEST_CASE("memory on no node or on one that does not exist is an error") {
  const Topology imagined = Topology::synthetic("numa:4 core:2 pu:1").value();
  CHECK(NodeMemory::create(imagined, {}).error().code == EINVAL);
  CHECK(NodeMemory::create(imagined, Nodes{0, 4}).error().code == EINVAL);
}

TEST_CASE("memory outlives the topology that it was made with") {
  std::unique_ptr<NodeMemory> memory;
  {
    const Topology topology = Topology::discover().value();
    memory = memory_on(topology, {0});
  }
  const Block block(*memory, 4096);
  std::memset(block.data, 1, block.bytes);
}

}  // namespace
