// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "ironkv/fault.hpp"

// Single delivery: of the messages from one end point to another each takes effect once and in
// order, over a network that loses, repeats and reorders. Messages carry numbers from 1; the
// receiver remembers the last (its tombstone), the sender keeps what is not acknowledged, and
// acknowledgements are cumulative. The decisions, for any word.
// Source: IronFleet (SOSP 2015), section 5.2.1.
namespace quintet::ironkv {

enum class Arrival : std::uint8_t {
  kFresh,      // the next: carry out, remember its number, acknowledge
  kDuplicate,  // received before: acknowledge only, as the acknowledgement may be lost
  kGap,        // an earlier one is missing: drop it, without an acknowledgement
};

// What a message numbered `number` is to a receiver whose last was `last`.
template <Fault kFault = Fault::kNone, class W>
[[nodiscard]] Arrival arrival_of(const W& number, const W& last) {
  if (bool(number <= last)) {
    return kFault == Fault::kDuplicateExecuted && !bool(number == W(0)) ? Arrival::kFresh
                                                                        : Arrival::kDuplicate;
  }
  // number > last, so nothing wraps.
  if (kFault != Fault::kGapAccepted && bool(number - last != W(1))) return Arrival::kGap;
  return Arrival::kFresh;
}

// How many of `unacked` messages, numbered from acked + 1, an acknowledgement up to `number`
// settles. One of what was never sent settles none: a sender that believed it would be stuck.
// Requires: acked + unacked does not wrap.
template <Fault kFault = Fault::kNone, class W>
[[nodiscard]] W settled_by(const W& number, const W& acked, const W& unacked) {
  if (bool(number <= acked)) return W(0);
  const W settled = number - acked;
  if (bool(settled > unacked)) return kFault == Fault::kAckBeyondSent ? unacked : W(0);
  return settled;
}

// Whether one more message can be numbered.
template <class W>
[[nodiscard]] bool has_next_number(const W& acked, const W& unacked) {
  return bool(unacked < static_cast<W>(~W(0) - acked));
}

}  // namespace quintet::ironkv
