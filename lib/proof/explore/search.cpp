// SPDX-License-Identifier: MIT
#include "proof/explore/search.hpp"

#include <bit>

#include "base/assert.hpp"
#include "proof/explore/dependence.hpp"

namespace quintet::proof::explore {

std::optional<Choice> Search::choose(const Situation& situation) {
  if (depth_ == frames_.size()) {
    if (!push(situation)) return std::nullopt;
  } else {
    Frame& frame = frames_[depth_];
    QT_REQUIRE(frame.readable == situation.readable,
               "a program took another way though all choices were the same: it must not depend on "
               "addresses, time or earlier executions");
    frame.thread = static_cast<ThreadId>(trail_.choose_among(1));
  }
  const Frame& frame = frames_[depth_];
  const std::uint64_t ages = frame.awake(frame.thread);
  const bool one = (ages & (ages - 1)) == 0;
  const auto age = one ? std::countr_zero(ages) : static_cast<int>(trail_.choose_among(ages));
  return Choice{frame.thread, static_cast<std::uint32_t>(age)};
}

// A step that no execution has reached before. False: everything that can happen is asleep.
bool Search::push(const Situation& situation) {
  Frame frame;
  frame.readable = situation.readable;
  frame.decision = trail_.position();
  if (depth_ > 0) {
    const Frame& before = frames_[depth_ - 1];
    frame.preemptions = before.preemptions;
    const ThreadId left = depth_ > 1 ? frames_[depth_ - 2].thread : before.thread;
    if (left != before.thread && before.readable[left] != 0) ++frame.preemptions;
    if (reduction_ != Reduction::kNone) {
      for (ThreadId t = 0; t < kThreadSlots; ++t) {
        if (t == before.thread || situation.pending[t] == nullptr) continue;
        frame.asleep[t] =
            still_asleep(model_, before.asleep[t], *situation.pending[t], before.event);
      }
    }
  }
  const ThreadSet allowed = candidates(frame, situation.last);
  if (allowed == 0) return false;
  frame.thread = choose_thread(allowed, situation.last);
  frame.asked = bit(frame.thread);
  frames_.push_back(frame);
  return true;
}

ThreadSet Search::candidates(const Frame& frame, ThreadId last) const {
  if (preemptions_ && frame.preemptions >= *preemptions_ && frame.readable[last] != 0) {
    return bit(last);
  }
  ThreadSet allowed = 0;
  for (ThreadId t = 0; t < kThreadSlots; ++t) {
    if (frame.awake(t) != 0) allowed |= bit(t);
  }
  return allowed;
}

ThreadId Search::choose_thread(ThreadSet allowed, ThreadId last) {
  if (reduction_ != Reduction::kSourceSets) {
    return static_cast<ThreadId>(trail_.choose_among(allowed));
  }
  const bool stay = (allowed & bit(last)) != 0;
  return static_cast<ThreadId>(
      trail_.prefer(stay ? last : static_cast<std::size_t>(std::countr_zero(allowed))));
}

bool Search::advance() {
  if (!trail_.advance()) return false;
  while (frames_.back().decision >= trail_.length()) frames_.pop_back();
  changed_ = frames_.size() - 1;
  Frame& frame = frames_.back();
  // Another thread's turn: the last one has been explored with all that it could read.
  if (frame.decision == trail_.length() - 1)
    frame.asleep[frame.thread] = frame.readable[frame.thread];
  return true;
}

void Search::end(const Situation& situation) {
  if (reduction_ != Reduction::kSourceSets) return;
  for (std::size_t at = changed_; at < depth_; ++at) order(at);
  for (ThreadId t = 0; t < kThreadSlots; ++t) {
    const Operation* waits = situation.readable[t] == 0 ? situation.pending[t] : nullptr;
    if (waits != nullptr) reverse_wait(t, *waits);
  }
}

void Search::order(std::size_t at) {
  Frame& frame = frames_[at];
  Clock before{};
  for (std::size_t i = at; i-- > 0;) {
    if (frames_[i].thread == frame.thread) {
      before = frames_[i].clock;
      break;
    }
  }
  const Clock own = before;
  const Late late{frame.thread, frame.event.operation.location, &frame.event, own};
  const bool waits = frame.event.operation.kind == Kind::kAwait;
  for (std::size_t i = at; i-- > 0;) {
    const Frame& other = frames_[i];
    if (other.thread == frame.thread || precedes(i, own)) continue;
    if (!dependent(model_, other.event, frame.event)) continue;
    // A wait may have been enabled before any of the stores, not only before the last one.
    const bool race = waits || !precedes(i, before);
    if (race && reversible(model_, other.event, frame.event)) reverse(i, at, late);
    explore::join(before, other.clock);
  }
  ++before[frame.thread];
  frame.clock = before;
}

void Search::reverse_wait(ThreadId thread, const Operation& waits) {
  Clock own{};
  for (std::size_t i = depth_; i-- > 0;) {
    if (frames_[i].thread == thread) {
      own = frames_[i].clock;
      break;
    }
  }
  for (std::size_t i = depth_; i-- > 0;) {
    const Frame& other = frames_[i];
    if (other.thread == thread || precedes(i, own)) continue;
    if (dependent(model_, other.event, waits)) {
      reverse(i, depth_, {thread, waits.location, nullptr, own});
    }
  }
}

// Step `first` races with `late`, which follows the steps before `end`: somewhere else the
// execution must begin without it.
void Search::reverse(std::size_t first, std::size_t end, const Late& late) {
  Frame& frame = frames_[first];
  const ThreadSet beginners = initials(first, end, late);
  for (ThreadId t = 0; t < kThreadSlots; ++t) {
    const bool covered = (frame.asked & bit(t)) != 0 || frame.awake(t) == 0;
    if ((beginners & bit(t)) != 0 && covered) return;
  }
  if (beginners == 0) return;
  const bool itself = (beginners & bit(late.thread)) != 0;
  const auto chosen = itself ? late.thread : static_cast<ThreadId>(std::countr_zero(beginners));
  frame.asked |= bit(chosen);
  trail_.require(frame.decision, chosen);
}

// Who can begin the steps after `first` that are not ordered after it, followed by `late`. None:
// they do not let `late` happen.
ThreadSet Search::initials(std::size_t first, std::size_t end, const Late& late) const {
  std::array<std::uint32_t, kThreadSlots> begun{};  // number of the first such step, by thread
  const auto after_any = [&begun](const Clock& clock) {
    for (ThreadId t = 0; t < kThreadSlots; ++t) {
      if (begun[t] != 0 && clock[t] >= begun[t]) return true;
    }
    return false;
  };
  ThreadSet found = 0;
  Clock before = late.before;
  const bool ready = frames_[first].readable[late.thread] != 0;
  bool enabled = ready;
  for (std::size_t i = first + 1; i < end; ++i) {
    const Frame& step = frames_[i];
    if (precedes(first, step.clock)) continue;
    enabled = enabled || step.event.operation.location == late.location;
    if (late.event != nullptr && step.thread != late.thread &&
        dependent(model_, step.event, *late.event)) {
      explore::join(before, step.clock);
    }
    if (begun[step.thread] != 0) continue;
    if (!after_any(step.clock)) found |= bit(step.thread);
    begun[step.thread] = step.clock[step.thread];
  }
  if (begun[late.thread] != 0) return found;
  if (!enabled) return 0;  // it waits, and for `first` or what comes after it
  return ready && !after_any(before) ? found | bit(late.thread) : found;
}

}  // namespace quintet::proof::explore
