// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/assert.hpp"
#include "ironkv/admin.hpp"
#include "ironkv/fault.hpp"

// Whether a host that begins with nothing may serve. Had it been here before, the others would
// count on what it has forgotten: ranges would have two owners, or none, and its messages would
// begin at numbers that were used. So it asks all others first (AdminKind::kHello), and hears of
// each whether they know it; the first host, which owns all keys at the beginning, also whether
// any range has moved. Until then it takes no message and asks again over each new connection.
// A pure state machine.
//
// Guarantees, if what a host said before it died is received before what its successor says, or
// never: no key has two owners, however hosts die and begin with nothing (checked by test/world).
// Its reasons: all ranges come from the first host by Delegates, each known to its sender or to its
// receiver; if neither remembers, who has the range has taken a Delegate.
namespace quintet::ironkv {

template <Fault kFault = Fault::kNone>
class IntroductionOf {
 public:
  // Nobody need be asked: the host is alone, or has all that it had.
  IntroductionOf() = default;
  // `nonce`: another one for each beginning; answers to other questions are not heard.
  // Requires: me < hosts.
  IntroductionOf(PeerId me, std::size_t hosts, std::uint64_t nonce)
      : me_(me), nonce_(nonce), is_missing_(hosts, true) {
    QT_ASSERT(me < hosts);
    is_missing_[me] = false;
    missing_ = hosts - 1;
  }

  [[nodiscard]] AdminRequest question() const { return {.id = nonce_, .kind = AdminKind::kHello}; }

  // What `from` answered, which may be anything. Returns whether it was news.
  bool hear(PeerId from, Bytes answer) {
    if (!is_missing(from)) return false;
    const std::optional<AdminAnswer> read = read_admin_answer(answer, AdminKind::kHello);
    if (!read || read->id != nonce_ || !read->error.empty()) return false;
    const bool knows_us = read->last_received > 0 || read->acked > 0;
    const bool has_moved = me_ == 0 && read->delegations > kNoDelegations;
    const bool is_remembered = (knows_us && kFault != Fault::kForgottenServes) ||
                               (has_moved && kFault != Fault::kFirstIgnoresMoves);
    if (is_remembered) who_remembers_ = from;
    is_missing_[from] = false;
    --missing_;
    return true;
  }

  [[nodiscard]] bool may_serve() const {
    return (missing_ == 0 || kFault == Fault::kServesUnheard) && !who_remembers_;
  }
  // Who has not answered yet, and will be asked.
  [[nodiscard]] bool is_missing(PeerId host) const {
    return host < is_missing_.size() && is_missing_[host];
  }
  [[nodiscard]] std::optional<PeerId> first_missing() const {
    for (PeerId host = 0; host < is_missing_.size(); ++host) {
      if (is_missing_[host]) return host;
    }
    return std::nullopt;
  }
  // Who counts on what this host has forgotten: it must not serve, whatever others say.
  [[nodiscard]] std::optional<PeerId> who_remembers() const { return who_remembers_; }

 private:
  PeerId me_ = 0;
  std::uint64_t nonce_ = 0;
  std::vector<bool> is_missing_;
  std::size_t missing_ = 0;
  std::optional<PeerId> who_remembers_;
};

using Introduction = IntroductionOf<>;

}  // namespace quintet::ironkv
