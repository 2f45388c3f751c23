// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proof/explore/memory.hpp"
#include "proof/explore/strategy.hpp"

// Single schedules: drawn at random, or as written down in a token.
//
// Sampling is probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010): threads run by
// random priorities, which drop at a few random steps, so that a bug that needs d orderings is hit
// with a probability known beforehand, and small d suffice for most. Which store a load reads is
// random, the newest with probability 1/2. Threading: one thread.
namespace quintet::proof::explore {

class Sampling final : public Strategy {
 public:
  // Draws `executions` schedules with up to `drops` drops of priority each.
  Sampling(std::uint64_t seed, std::uint64_t executions, unsigned drops)
      : state_(seed), left_(executions), drops_(drops) {}

  void begin() override;
  std::optional<Choice> choose(const Situation& situation) override;
  void happened(const Event&) override { ++steps_; }
  void end(const Situation&) override {}
  bool advance() override { return --left_ > 0; }

 private:
  std::uint64_t random(std::uint64_t below);

  std::uint64_t state_;
  std::uint64_t left_;
  unsigned drops_;
  std::uint64_t steps_ = 0;
  std::uint64_t longest_ = 16;  // of the executions so far, in steps
  std::array<std::uint64_t, kThreadSlots> priority_{};
  std::vector<std::uint64_t> drop_at_;
};

// A schedule as text: the model, then a digit a step, the thread, and after it a `-` for each
// newer store that it does not read, and in the end a `+` if the execution had not ended at the
// limit of steps: "views:112-2".
std::string to_token(Model model, const std::vector<Event>& events, bool endless);
struct Schedule {
  Model model = Model::kSequential;
  std::vector<Choice> choices;
  bool endless = false;
};
// Nothing: not a token.
std::optional<Schedule> from_token(std::string_view token);

// Makes the choices of a schedule, and ends where it ends.
class Replay final : public Strategy {
 public:
  explicit Replay(std::vector<Choice> choices) : choices_(std::move(choices)) {}

  void begin() override {}
  std::optional<Choice> choose(const Situation& situation) override;
  void happened(const Event&) override {}
  void end(const Situation&) override {}
  bool advance() override { return false; }
  // How many choices were possible; all, if the schedule fits.
  [[nodiscard]] std::size_t made() const { return made_; }

 private:
  std::vector<Choice> choices_;
  std::size_t made_ = 0;
};

}  // namespace quintet::proof::explore
