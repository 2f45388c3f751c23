// SPDX-License-Identifier: MIT
#include "ironkv/test/world/mutants.hpp"

namespace quintet::ironkv::world {

bool run_delivery_mutant(Fault fault, const Run& run, RunResult& result) {
  return run_between<Fault::kDuplicateExecuted, Fault::kEraseKeepsLast>(fault, run, result);
}

}  // namespace quintet::ironkv::world
