// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include "base/assert.hpp"
#include "page_table/test/world/subject.hpp"

// A Subject around one instantiation of PageTable. Costly to compile: include it in few files.
namespace quintet::page_table::world {

template <class Memory, class Inv, Policy kPolicy>
class SubjectOf final : public Subject {
  using Table = PageTable<Memory, Inv, kPolicy>;

 public:
  SubjectOf(Traits traits, std::size_t frames) : Subject(traits) {
    auto memory = std::make_unique<Memory>(frames);
    auto table = Table::create(*memory, traits.features, make_invalidation(memory.get()));
    QT_CHECK(table.has_value(), "no frame for the root");
    table_.emplace(std::move(*table));
    memory_ = std::move(memory);
  }
  ~SubjectOf() override { table_.reset(); }

  PhysAddr root() const override { return table_->root(); }
  Result<void> map(VirtAddr va, PhysAddr pa, PageSize size, PageFlags flags) override {
    return table_->map(va, pa, size, flags);
  }
  Result<Mapping> unmap(VirtAddr va) override { return table_->unmap(va); }
  Result<Mapping> protect(VirtAddr va, PageFlags flags) override {
    return table_->protect(va, flags);
  }
  Result<Mapping> resolve(VirtAddr va) override { return table_->resolve(va); }
  Result<Mapping> resolve_const(VirtAddr va) const override {
    return std::as_const(*table_).resolve(va);
  }
  Result<bool> test_and_clear_accessed(VirtAddr va) override {
    return table_->test_and_clear_accessed(va);
  }
  Result<bool> test_and_clear_dirty(VirtAddr va) override {
    return table_->test_and_clear_dirty(va);
  }
  Result<void> map_range(VirtAddr va, PhysAddr pa, std::uint64_t bytes, PageFlags flags,
                         PageSize largest) override {
    return table_->map_range(va, pa, bytes, flags, largest);
  }
  Result<std::uint64_t> unmap_range(VirtAddr va, std::uint64_t bytes) override {
    return table_->unmap_range(va, bytes);
  }
  Result<std::uint64_t> protect_range(VirtAddr va, std::uint64_t bytes, PageFlags flags) override {
    return table_->protect_range(va, bytes, flags);
  }
  BatchResult<void> map_batch(std::span<const BasicMapRequest<std::uint64_t>> requests) override {
    return table_->map_batch(requests);
  }
  BatchResult<void> unmap_batch(std::span<const VirtAddr> addresses,
                                std::span<Mapping> removed) override {
    return table_->unmap_batch(addresses, removed);
  }
  void resolve_batch(std::span<const VirtAddr> addresses,
                     std::span<Result<Mapping>> found) const override {
    table_->resolve_batch(addresses, found);
  }
  Result<void> split(VirtAddr va) override { return table_->split(va); }
  Result<void> merge(VirtAddr va, PageSize size) override { return table_->merge(va, size); }
  Result<void> for_each(VirtAddr va, std::uint64_t bytes,
                        const std::function<void(const Run&)>& visitor) const override {
    return table_->for_each(va, bytes, visitor);
  }
  void for_each(const std::function<void(const Run&)>& visitor) const override {
    table_->for_each(visitor);
  }
  Stats stats() const override { return table_->stats(); }
  std::string dump_text() const override { return dump(*table_); }
  std::string violation() const override {
    std::string first;
    table_->check_invariants([&](const auto& found) {
      if (first.empty()) first = std::string(found.invariant) + ": " + found.what;
    });
    return first;
  }
  void flush() override { table_->flush(); }
  void destroy() override { table_.reset(); }

 private:
  static Inv make_invalidation([[maybe_unused]] TracedMemory* memory) {
    if constexpr (std::is_same_v<Inv, NoInvalidation>) {
      return {};
    } else {
      return Inv(WatchedFlusher{memory});
    }
  }

  std::optional<Table> table_;
};

template <class Memory, class Inv, Policy kPolicy>
Configuration configure(const char* name, CpuFeatures features = {}) {
  const Traits traits{name,         kPolicy,        features,
                      Inv::kNeeded, Inv::kDeferred, CountingMemory<Memory>};
  return {traits, [traits](std::size_t frames) -> std::unique_ptr<Subject> {
            return std::make_unique<SubjectOf<Memory, Inv, kPolicy>>(traits, frames);
          }};
}

}  // namespace quintet::page_table::world
