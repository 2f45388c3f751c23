// SPDX-License-Identifier: MIT
#include "proof/explore/dependence.hpp"

namespace quintet::proof::explore {
namespace {

bool has_heavy_fence(const Operation& a, const Operation& b) {
  return a.kind == Kind::kHeavyFence || b.kind == Kind::kHeavyFence;
}

bool has_fence(const Operation& a, const Operation& b) { return a.is_fence() || b.is_fence(); }

// Fences and seq_cst accesses meet in the one order of seq_cst operations, which only the model of
// views knows. A heavy fence meets whatever the others do.
bool meet_at_fence(Model model, const Operation& a, const Operation& b) {
  return model == Model::kViews && (has_heavy_fence(a, b) || (a.sequential() && b.sequential()));
}

// Whether a load or store takes part in the total order of its location.
bool strict(Model model, const Operation& a, const Operation& b) {
  return model == Model::kSequential || (a.sequential() && b.sequential());
}

// Two reads: the first seq_cst one bounds how old a store the second may read.
bool reads_meet(Model model, const Operation& a, const Operation& b) {
  return model == Model::kViews && a.sequential() && b.sequential();
}

}  // namespace

bool dependent(Model model, const Event& first, const Event& second) {
  const Operation& a = first.operation;
  const Operation& b = second.operation;
  if (has_fence(a, b)) return meet_at_fence(model, a, b);
  if (a.location != b.location) return false;
  if (!first.outcome.wrote && !second.outcome.wrote) return reads_meet(model, a, b);
  if (strict(model, a, b) || second.outcome.wrote || !b.only_reads()) return true;
  // A store and then a load: ordered if the load saw it, or one after it.
  return second.outcome.read_store > first.outcome.newest_store;
}

bool reversible(Model model, const Event& first, const Event& second) {
  const Operation& b = second.operation;
  return strict(model, first.operation, b) || !b.only_reads() ||
         first.operation.kind == Kind::kHeavyFence;
}

bool dependent(Model model, const Event& first, const Operation& second) {
  if (has_fence(first.operation, second)) return meet_at_fence(model, first.operation, second);
  return first.operation.location == second.location && strict(model, first.operation, second) &&
         (first.outcome.wrote || reads_meet(model, first.operation, second));
}

std::uint64_t still_asleep(Model model, std::uint64_t ages, const Operation& pending,
                           const Event& event) {
  const Operation& done = event.operation;
  if (has_fence(done, pending)) return meet_at_fence(model, done, pending) ? 0 : ages;
  if (done.location != pending.location) return ages;
  const bool both_read = !event.outcome.wrote && pending.only_reads();
  if (both_read) return reads_meet(model, done, pending) ? 0 : ages;
  if (strict(model, done, pending)) return 0;
  if (done.only_reads()) return ages;  // it may read the same store after `pending`
  // A new store: what a load could read before it is one older now.
  return event.outcome.wrote && pending.only_reads() ? ages << 1 : 0;
}

}  // namespace quintet::proof::explore
