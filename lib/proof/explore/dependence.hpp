// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "proof/explore/memory.hpp"

// Which operations of different threads may change places without anybody noticing: all that the
// reductions of the search know about memory.
//
// A step is an operation together with the store that it reads. In the model of views, a load of
// an old store commutes with the making of a newer one: the same load can be made before or after.
// So loads race with later stores (reversed, they could read them), but stores do not race with
// later loads, whose older alternatives are choices of the same load. Where both are seq_cst, or
// the model is sequential, a load reads the newest store, and the two are dependent both ways.
// Threading: functions of their arguments.
namespace quintet::proof::explore {

// Whether `first` and the later `second`, of different threads, are ordered as steps.
[[nodiscard]] bool dependent(Model model, const Event& first, const Event& second);

// Whether dependent steps must also be tried the other way round.
[[nodiscard]] bool reversible(Model model, const Event& first, const Event& second);

// The same for a step that was never made, of a thread that waits at `second` to the end.
[[nodiscard]] bool dependent(Model model, const Event& first, const Operation& second);

// What is left asleep of `ages`, the options of another thread's `pending` operation that need no
// exploring, after `event`: those that commute with it, counted in ages after it.
[[nodiscard]] std::uint64_t still_asleep(Model model, std::uint64_t ages, const Operation& pending,
                                         const Event& event);

}  // namespace quintet::proof::explore
