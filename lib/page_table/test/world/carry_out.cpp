// SPDX-License-Identifier: MIT
#include <string>
#include <type_traits>
#include <vector>

#include "page_table/test/world/script.hpp"
#include "page_table/test/world/tables.hpp"

// One operation on a page table and on the model, and whether their answers agree.
namespace quintet::page_table::world {

using spec::kLarge;
using spec::kMedium;

PageSize page_size(std::uint64_t bytes) {
  return bytes == kLarge ? PageSize::k1G : bytes == kMedium ? PageSize::k2M : PageSize::k4K;
}

PlacedPage placed(const Mapping& mapping) {
  return {mapping.base().value,
          {mapping.physical().value, mapping.bytes(), mapping.flags().bits()}};
}

spec::Machine machine_of(const Traits& traits) {
  return {traits.policy.levels, traits.features.maxphyaddr, traits.features.nx,
          traits.features.gib_pages};
}

spec::Reasons reason_of(Error error) {
  switch (error) {
    case Error::kMisaligned:
      return spec::kMisaligned;
    case Error::kNonCanonical:
      return spec::kNonCanonical;
    case Error::kPhysRange:
      return spec::kPhysRange;
    case Error::kBadSize:
      return spec::kBadSize;
    case Error::kBadFlags:
      return spec::kBadFlags;
    case Error::kBadRange:
      return spec::kBadRange;
    case Error::kOverlap:
      return spec::kOverlap;
    case Error::kNotMapped:
      return spec::kNotMapped;
    case Error::kNotBase:
      return spec::kNotBase;
    case Error::kStraddles:
      return spec::kStraddles;
    case Error::kNotMergeable:
      return spec::kNotMergeable;
    case Error::kOutOfFrames:
      return 0;
  }
  return 0;
}

namespace {

template <class T>
Answer answer_of(const Result<T>& result) {
  Answer answer;
  if (!result) {
    answer.error = result.error();
  } else if constexpr (std::is_same_v<T, Mapping>) {
    answer.pages = {placed(*result)};
  } else if constexpr (!std::is_void_v<T>) {
    answer.number = static_cast<std::uint64_t>(*result);
  }
  return answer;
}
Answer answer_of(const BatchResult<void>& result) {
  Answer answer;
  if (result) return answer;
  answer.error = result.error().error;
  answer.index = result.error().index;
  return answer;
}

Answer map_batch(Subject& table, const Op& op) {
  std::vector<BasicMapRequest<std::uint64_t>> requests;
  for (const auto& [va, page] : op.batch) {
    requests.push_back({VirtAddr(va), PhysAddr(page.pa), PageFlags::from_bits(page.flags)});
  }
  return answer_of(table.map_batch(requests));
}

Answer unmap_batch(Subject& table, const Op& op) {
  std::vector<VirtAddr> addresses;
  for (const PlacedPage& request : op.batch) addresses.emplace_back(request.va);
  std::vector<Mapping> removed(addresses.size());
  Answer answer = answer_of(table.unmap_batch(addresses, removed));
  if (answer.error) return answer;
  for (const Mapping& mapping : removed) answer.pages.push_back(placed(mapping));
  return answer;
}

Answer resolve_batch(const Subject& table, const Op& op) {
  Answer answer;
  std::vector<VirtAddr> addresses;
  for (const PlacedPage& request : op.batch) addresses.emplace_back(request.va);
  std::vector<Result<Mapping>> found(addresses.size(), std::unexpected(Error::kBadSize));
  table.resolve_batch(addresses, found);
  for (const auto& one : found) {
    answer.errors.push_back(one ? std::nullopt : std::optional(one.error()));
    answer.pages.push_back(one ? placed(*one) : PlacedPage{});
  }
  return answer;
}

}  // namespace

Answer carry_out(Subject& table, const Op& op) {
  const VirtAddr va(op.va);
  const PhysAddr pa(op.pa);
  const PageFlags flags = PageFlags::from_bits(op.flags);
  const PageSize size = page_size(op.size);
  switch (op.what) {
    case Do::kMap:
      return answer_of(table.map(va, pa, size, flags));
    case Do::kUnmap:
      return answer_of(table.unmap(va));
    case Do::kProtect:
      return answer_of(table.protect(va, flags));
    case Do::kResolve:
      return answer_of(table.resolve(va));
    case Do::kClearAccessed:
      return answer_of(table.test_and_clear_accessed(va));
    case Do::kClearDirty:
      return answer_of(table.test_and_clear_dirty(va));
    case Do::kMapRange:
      return answer_of(table.map_range(va, pa, op.bytes, flags, size));
    case Do::kUnmapRange:
      return answer_of(table.unmap_range(va, op.bytes));
    case Do::kProtectRange:
      return answer_of(table.protect_range(va, op.bytes, flags));
    case Do::kMapBatch:
      return map_batch(table, op);
    case Do::kUnmapBatch:
      return unmap_batch(table, op);
    case Do::kResolveBatch:
      return resolve_batch(table, op);
    case Do::kSplit:
      return answer_of(table.split(va));
    case Do::kMerge:
      return answer_of(table.merge(va, size));
    case Do::kFlush:
      table.flush();
      return {};
    case Do::kTouch:
      return {};  // the caller plays the hardware
  }
  return {};
}

namespace {

template <class T>
Answer answer_of(const spec::Verdict<T>& verdict) {
  Answer answer;
  if (!verdict) {
    answer.reasons = verdict.error();
  } else if constexpr (std::is_same_v<T, PlacedPage>) {
    answer.pages = {*verdict};
  } else if constexpr (!std::is_void_v<T>) {
    answer.number = *verdict;
  }
  return answer;
}
template <class T>
Answer answer_of(const spec::BatchVerdict<T>& verdict) {
  Answer answer;
  if (!verdict) {
    answer.reasons = verdict.error().reasons;
    answer.index = verdict.error().index;
  } else if constexpr (!std::is_void_v<T>) {
    answer.pages = *verdict;
  }
  return answer;
}
Answer resolve_batch(const spec::AddressSpace& model, const Op& op) {
  Answer answer;
  for (const PlacedPage& request : op.batch) {
    const auto found = model.resolve(request.va);
    answer.each.push_back(found ? 0 : found.error());
    answer.pages.push_back(found ? *found : PlacedPage{});
  }
  return answer;
}
std::vector<std::uint64_t> addresses_of(const Op& op) {
  std::vector<std::uint64_t> addresses;
  for (const PlacedPage& request : op.batch) addresses.push_back(request.va);
  return addresses;
}

}  // namespace

Answer carry_out(spec::AddressSpace& model, const Op& op) {
  const auto& [what, va, pa, bytes, flags, size, batch] = op;
  switch (what) {
    case Do::kMap:
      return answer_of(model.map(va, pa, size, flags));
    case Do::kUnmap:
      return answer_of(model.unmap(va));
    case Do::kProtect:
      return answer_of(model.protect(va, flags));
    case Do::kResolve:
      return answer_of(model.resolve(va));
    case Do::kClearAccessed:
      return answer_of(model.test_and_clear(va, spec::kAccessedBit));
    case Do::kClearDirty:
      return answer_of(model.test_and_clear(va, spec::kDirtyBit));
    case Do::kMapRange:
      return answer_of(model.map_range(va, pa, bytes, flags, size));
    case Do::kUnmapRange:
      return answer_of(model.unmap_range(va, bytes));
    case Do::kProtectRange:
      return answer_of(model.protect_range(va, bytes, flags));
    case Do::kMapBatch:
      return answer_of(model.map_batch(batch));
    case Do::kUnmapBatch:
      return answer_of(model.unmap_batch(addresses_of(op)));
    case Do::kResolveBatch:
      return resolve_batch(model, op);
    case Do::kSplit:
      return answer_of(model.split(va));
    case Do::kMerge:
      return answer_of(model.merge(va, size));
    case Do::kFlush:
      return {};
    case Do::kTouch:
      model.touch(va, flags);
      return {};
  }
  return {};
}

std::string disagreement(const Answer& table, const Answer& model) {
  if (table.error.has_value() != (model.reasons != 0)) {
    return table.error
               ? std::string("refused without reason: ") + page_table::to_string(*table.error)
               : "accepted, but the model refuses with reasons " + to_text(model.reasons);
  }
  if (table.error && (reason_of(*table.error) & model.reasons) == 0) {
    return std::string("wrong reason: ") + page_table::to_string(*table.error) +
           ", the model's are " + to_text(model.reasons);
  }
  if (table.index != model.index) return "wrong position in the batch";
  for (std::size_t i = 0; i < table.errors.size(); ++i) {
    const auto& error = table.errors[i];
    if (error.has_value() != (model.each[i] != 0) ||
        (error && (reason_of(*error) & model.each[i]) == 0)) {
      return "wrong outcome of request " + std::to_string(i);
    }
  }
  if (table.pages != model.pages) {
    return "wrong page: " + (table.pages.empty() ? "none" : to_text(table.pages.front()));
  }
  if (table.number != model.number) return "wrong number: " + to_text(table.number);
  return {};
}

}  // namespace quintet::page_table::world
