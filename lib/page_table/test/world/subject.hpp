// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "page_table/dump.hpp"
#include "page_table/page_table.hpp"
#include "page_table/test/world/traced_memory.hpp"

// A page table under test, of whatever policy, memory and invalidation, behind one interface: a
// property is written once and judges every configuration, and every mutant, alike.
namespace quintet::page_table::world {

struct Traits {
  const char* name = "";
  Policy policy{};
  CpuFeatures features{};
  bool invalidates = false;  // retires tables until a flush
  bool deferred = false;     // the owner flushes
  bool counts_frames = false;
};

class Subject {
 public:
  virtual ~Subject() = default;
  [[nodiscard]] const Traits& traits() const { return traits_; }
  [[nodiscard]] TracedMemory& memory() { return *memory_; }

  [[nodiscard]] virtual PhysAddr root() const = 0;
  virtual Result<void> map(VirtAddr va, PhysAddr pa, PageSize size, PageFlags flags) = 0;
  virtual Result<Mapping> unmap(VirtAddr va) = 0;
  virtual Result<Mapping> protect(VirtAddr va, PageFlags flags) = 0;
  virtual Result<Mapping> resolve(VirtAddr va) = 0;
  [[nodiscard]] virtual Result<Mapping> resolve_const(VirtAddr va) const = 0;
  virtual Result<bool> test_and_clear_accessed(VirtAddr va) = 0;
  virtual Result<bool> test_and_clear_dirty(VirtAddr va) = 0;
  virtual Result<void> map_range(VirtAddr va, PhysAddr pa, std::uint64_t bytes, PageFlags flags,
                                 PageSize largest) = 0;
  virtual Result<std::uint64_t> unmap_range(VirtAddr va, std::uint64_t bytes) = 0;
  virtual Result<std::uint64_t> protect_range(VirtAddr va, std::uint64_t bytes,
                                              PageFlags flags) = 0;
  virtual BatchResult<void> map_batch(std::span<const BasicMapRequest<std::uint64_t>> requests) = 0;
  virtual BatchResult<void> unmap_batch(std::span<const VirtAddr> addresses,
                                        std::span<Mapping> removed) = 0;
  virtual void resolve_batch(std::span<const VirtAddr> addresses,
                             std::span<Result<Mapping>> found) const = 0;
  virtual Result<void> split(VirtAddr va) = 0;
  virtual Result<void> merge(VirtAddr va, PageSize size) = 0;
  virtual Result<void> for_each(VirtAddr va, std::uint64_t bytes,
                                const std::function<void(const Run&)>& visitor) const = 0;
  virtual void for_each(const std::function<void(const Run&)>& visitor) const = 0;
  [[nodiscard]] virtual Stats stats() const = 0;
  [[nodiscard]] virtual std::string dump_text() const = 0;
  // First violation that the table finds in itself; empty when there is none.
  [[nodiscard]] virtual std::string violation() const = 0;
  virtual void flush() = 0;
  // Destroys the table; the memory stays for inspection. Only the memory may be used after it.
  virtual void destroy() = 0;

 protected:
  explicit Subject(Traits traits) : traits_(traits) {}

  Traits traits_;
  std::unique_ptr<TracedMemory> memory_;
};

// Passes a flush on to whoever watches the memory.
struct WatchedFlusher {
  TracedMemory* memory = nullptr;
  void operator()(std::span<const StaleRange<std::uint64_t>> ranges, bool everything) const {
    if (memory->observer != nullptr) memory->observer->on_flush(ranges, everything);
  }
};
using EachOperation = GatherInvalidation<WatchedFlusher, FlushWhen::kEachOperation>;
using OnRequest = GatherInvalidation<WatchedFlusher, FlushWhen::kOnRequest>;

// Creates a subject with so many frames.
using MakeSubject = std::function<std::unique_ptr<Subject>(std::size_t frames)>;
struct Configuration {
  Traits traits;
  MakeSubject make;
};

// The configurations that every property is checked on (configurations_*.cpp).
[[nodiscard]] const std::vector<Configuration>& configurations();
[[nodiscard]] const Configuration& configuration(const std::string& name);

}  // namespace quintet::page_table::world
