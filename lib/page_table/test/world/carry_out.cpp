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
void take_error(const Result<T>& result, Answer& answer) {
  if (!result) answer.error = result.error();
}
template <class T>
void take_error(const BatchResult<T>& result, Answer& answer) {
  if (result) return;
  answer.error = result.error().error;
  answer.index = result.error().index;
}
void take_page(const Result<Mapping>& result, Answer& answer) {
  take_error(result, answer);
  if (result) answer.pages = {placed(*result)};
}
template <class T>
void take_number(const Result<T>& result, Answer& answer) {
  take_error(result, answer);
  if (result) answer.number = static_cast<std::uint64_t>(*result);
}

void unmap_batch(Subject& table, const Op& op, Answer& answer) {
  std::vector<VirtAddr> addresses;
  for (const PlacedPage& request : op.batch) addresses.emplace_back(request.va);
  std::vector<Mapping> removed(addresses.size());
  const auto result = table.unmap_batch(addresses, removed);
  take_error(result, answer);
  if (!result) return;
  for (const Mapping& mapping : removed) answer.pages.push_back(placed(mapping));
}

void map_batch(Subject& table, const Op& op, Answer& answer) {
  std::vector<BasicMapRequest<std::uint64_t>> requests;
  for (const auto& [va, page] : op.batch) {
    requests.push_back({VirtAddr(va), PhysAddr(page.pa), PageFlags::from_bits(page.flags)});
  }
  take_error(table.map_batch(requests), answer);
}

void resolve_batch(const Subject& table, const Op& op, Answer& answer) {
  std::vector<VirtAddr> addresses;
  for (const PlacedPage& request : op.batch) addresses.emplace_back(request.va);
  std::vector<Result<Mapping>> found(addresses.size(), std::unexpected(Error::kBadSize));
  table.resolve_batch(addresses, found);
  for (const auto& one : found) {
    answer.errors.push_back(one ? std::nullopt : std::optional(one.error()));
    answer.pages.push_back(one ? placed(*one) : PlacedPage{});
  }
}

}  // namespace

Answer carry_out(Subject& table, const Op& op) {
  Answer answer;
  const VirtAddr va(op.va);
  const PageFlags flags = PageFlags::from_bits(op.flags);
  const PageSize size = page_size(op.size);
  switch (op.what) {
    case Do::kMap:
      take_error(table.map(va, PhysAddr(op.pa), size, flags), answer);
      break;
    case Do::kUnmap:
      take_page(table.unmap(va), answer);
      break;
    case Do::kProtect:
      take_page(table.protect(va, flags), answer);
      break;
    case Do::kResolve:
      take_page(table.resolve(va), answer);
      break;
    case Do::kClearAccessed:
      take_number(table.test_and_clear_accessed(va), answer);
      break;
    case Do::kClearDirty:
      take_number(table.test_and_clear_dirty(va), answer);
      break;
    case Do::kMapRange:
      take_error(table.map_range(va, PhysAddr(op.pa), op.bytes, flags, size), answer);
      break;
    case Do::kUnmapRange:
      take_number(table.unmap_range(va, op.bytes), answer);
      break;
    case Do::kProtectRange:
      take_number(table.protect_range(va, op.bytes, flags), answer);
      break;
    case Do::kMapBatch:
      map_batch(table, op, answer);
      break;
    case Do::kUnmapBatch:
      unmap_batch(table, op, answer);
      break;
    case Do::kResolveBatch:
      resolve_batch(table, op, answer);
      break;
    case Do::kSplit:
      take_error(table.split(va), answer);
      break;
    case Do::kMerge:
      take_error(table.merge(va, size), answer);
      break;
    case Do::kFlush:
      table.flush();
      break;
    case Do::kTouch:
      break;  // the caller plays the hardware
  }
  return answer;
}

namespace {

template <class T>
void take_verdict(const spec::Verdict<T>& verdict, Answer& answer) {
  if (!verdict) {
    answer.reasons = verdict.error();
    return;
  }
  if constexpr (std::is_same_v<T, PlacedPage>) {
    answer.pages = {*verdict};
  } else if constexpr (!std::is_void_v<T>) {
    answer.number = *verdict;
  }
}
template <class T>
void take_batch_verdict(const spec::BatchVerdict<T>& verdict, Answer& answer) {
  if (!verdict) {
    answer.reasons = verdict.error().reasons;
    answer.index = verdict.error().index;
  } else if constexpr (!std::is_void_v<T>) {
    answer.pages = *verdict;
  }
}
void resolve_batch(const spec::AddressSpace& model, const Op& op, Answer& answer) {
  for (const PlacedPage& request : op.batch) {
    const auto found = model.resolve(request.va);
    answer.each.push_back(found ? 0 : found.error());
    answer.pages.push_back(found ? *found : PlacedPage{});
  }
}

}  // namespace

Answer carry_out(spec::AddressSpace& model, const Op& op) {
  Answer answer;
  std::vector<std::uint64_t> addresses;
  for (const PlacedPage& request : op.batch) addresses.push_back(request.va);
  switch (op.what) {
    case Do::kMap:
      take_verdict(model.map(op.va, op.pa, op.size, op.flags), answer);
      break;
    case Do::kUnmap:
      take_verdict(model.unmap(op.va), answer);
      break;
    case Do::kProtect:
      take_verdict(model.protect(op.va, op.flags), answer);
      break;
    case Do::kResolve:
      take_verdict(model.resolve(op.va), answer);
      break;
    case Do::kClearAccessed:
      take_verdict(model.test_and_clear(op.va, spec::kAccessedBit), answer);
      break;
    case Do::kClearDirty:
      take_verdict(model.test_and_clear(op.va, spec::kDirtyBit), answer);
      break;
    case Do::kMapRange:
      take_verdict(model.map_range(op.va, op.pa, op.bytes, op.flags, op.size), answer);
      break;
    case Do::kUnmapRange:
      take_verdict(model.unmap_range(op.va, op.bytes), answer);
      break;
    case Do::kProtectRange:
      take_verdict(model.protect_range(op.va, op.bytes, op.flags), answer);
      break;
    case Do::kMapBatch:
      take_batch_verdict(model.map_batch(op.batch), answer);
      break;
    case Do::kUnmapBatch:
      take_batch_verdict(model.unmap_batch(addresses), answer);
      break;
    case Do::kResolveBatch:
      resolve_batch(model, op, answer);
      break;
    case Do::kSplit:
      take_verdict(model.split(op.va), answer);
      break;
    case Do::kMerge:
      take_verdict(model.merge(op.va, op.size), answer);
      break;
    case Do::kFlush:
      break;
    case Do::kTouch:
      model.touch(op.va, op.flags);
      break;
  }
  return answer;
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
