// SPDX-License-Identifier: MIT
#include "proof/explore/sampling.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace quintet::proof::explore {

// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): the same numbers with every library.
std::uint64_t Sampling::random(std::uint64_t below) {
  state_ += 0x9E37'79B9'7F4A'7C15;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58'476D'1CE4'E5B9;
  z = (z ^ (z >> 27)) * 0x94D0'49BB'1331'11EB;
  return (z ^ (z >> 31)) % below;
}

void Sampling::begin() {
  longest_ = std::max(longest_, steps_);
  steps_ = 0;
  for (ThreadId t = 0; t < kThreadSlots; ++t) priority_[t] = drops_ + 1 + t;
  for (ThreadId t = kThreadSlots - 1; t > 0; --t) std::swap(priority_[t], priority_[random(t + 1)]);
  drop_at_.clear();
  for (unsigned i = 0; i < drops_; ++i) drop_at_.push_back(random(longest_));
}

std::optional<Choice> Sampling::choose(const Situation& situation) {
  const auto first = [this, &situation] {
    ThreadId best = kMain;
    for (ThreadId t = 1; t < kThreadSlots; ++t) {
      const bool better = best == kMain || priority_[t] > priority_[best];
      if (situation.readable[t] != 0 && better) best = t;
    }
    return best;
  };
  for (unsigned i = 0; i < drops_; ++i) {
    if (drop_at_[i] == steps_) priority_[first()] = drops_ - i;
  }
  const ThreadId thread = first();
  std::uint64_t ages = situation.readable[thread];
  if (random(2) == 0) {
    for (std::uint64_t skip = random(static_cast<std::uint64_t>(std::popcount(ages))); skip > 0;
         --skip) {
      ages &= ages - 1;
    }
  }
  return Choice{thread, static_cast<std::uint32_t>(std::countr_zero(ages))};
}

std::string to_token(Model model, const std::vector<Event>& events, bool endless) {
  std::string token = model == Model::kViews ? "views:" : "sequential:";
  for (const Event& event : events) {
    token += static_cast<char>('0' + event.thread);
    const bool reads = !event.operation.is_fence();
    if (reads) token.append(event.outcome.newest_store - event.outcome.read_store, '-');
  }
  if (endless) token += '+';
  return token;
}

std::optional<Schedule> from_token(std::string_view token) {
  Schedule schedule;
  const std::size_t colon = token.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view model = token.substr(0, colon);
  if (model != "views" && model != "sequential") return std::nullopt;
  if (model == "views") schedule.model = Model::kViews;
  std::string_view steps = token.substr(colon + 1);
  schedule.endless = steps.ends_with('+');
  if (schedule.endless) steps.remove_suffix(1);
  for (const char c : steps) {
    if (c >= '1' && c <= '0' + kMaxThreads) {
      schedule.choices.push_back({static_cast<ThreadId>(c - '0'), 0});
    } else if (c == '-' && !schedule.choices.empty() &&
               schedule.choices.back().age < Memory::kMaxAge) {
      ++schedule.choices.back().age;
    } else {
      return std::nullopt;
    }
  }
  return schedule;
}

std::optional<Choice> Replay::choose(const Situation& situation) {
  if (made_ == choices_.size()) return std::nullopt;
  const Choice choice = choices_[made_];
  if ((situation.readable[choice.thread] >> choice.age & 1) == 0) return std::nullopt;
  ++made_;
  return choice;
}

}  // namespace quintet::proof::explore
