// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "ironkv/net/blocking_client.hpp"
#include "ironkv/test/world/history.hpp"

// Clients that work on a few keys at the same time and write down what they are told, and one that
// moves these keys from server to server meanwhile.
// Threading: each class makes its own threads; calls from one.
namespace quintet::ironkv {

// What a Set writes: `number`, and behind it bytes that depend on it, up to `bytes` in total.
[[nodiscard]] std::vector<std::byte> numbered_value(std::uint64_t number, std::size_t bytes);
// None if it is no such value, as a whole.
[[nodiscard]] std::optional<std::uint64_t> number_of_value(Bytes value);

// A history with the same verdict and fewer open calls, of which the checker would try all places.
// Open Gets say nothing. Each value is written once: so an open Set whose value nobody saw can be
// left out of any order, and one whose value was seen took effect before the first who saw it was
// told. Open deletes stay open.
[[nodiscard]] world::RegisterHistory with_bounded_calls(world::RegisterHistory history);

struct WorkloadSettings {
  std::uint32_t clients = 6;  // the last one gives up soon, so that some of its calls stay open
  std::uint32_t threads = 2;  // of each
  std::uint32_t keys = 5;
  std::chrono::microseconds patience = std::chrono::seconds(20);
  std::chrono::microseconds impatience = std::chrono::milliseconds(3);
  std::uint64_t seed = 1;
};

class Workload {
 public:
  [[nodiscard]] static std::expected<std::unique_ptr<Workload>, std::string> create(
      const ClientSettings& servers, const WorkloadSettings& settings);
  ~Workload();

  // So many calls on the keys from `first` on, or fewer if the time is over. Ends with reading each
  // of the keys.
  void begin_round(Key first, std::uint64_t calls, std::chrono::milliseconds time);
  [[nodiscard]] bool is_working() const { return working_ > 0; }
  [[nodiscard]] world::RegisterHistory end_round();

  [[nodiscard]] std::uint64_t timed_out() const { return timed_out_; }
  // What must not be, if it was: an error of a call, a patient one without an answer, a value that
  // nobody wrote.
  [[nodiscard]] std::string trouble() const;

 private:
  struct Caller;
  explicit Workload(const WorkloadSettings& settings);
  void work(Caller& caller, Key first);
  void carry_out(Caller& caller, world::RegisterCall call);
  std::optional<CallError> ask(Caller& caller, const world::RegisterCall& call,
                               world::RegisterAnswer& answer);

  WorkloadSettings settings_;
  std::vector<BlockingClient> clients_;
  std::vector<std::unique_ptr<Caller>> callers_;
  std::vector<std::thread> threads_;
  Key first_ = 0;
  std::atomic<std::int64_t> left_ = 0;
  std::chrono::steady_clock::time_point until_{};
  std::atomic<std::uint32_t> working_ = 0;
  std::atomic<std::uint64_t> next_value_ = 1;
  std::atomic<std::uint32_t> next_caller_ = 0;
  std::atomic<std::uint64_t> timed_out_ = 0;
};

// Asks random servers to hand random ranges around `first` to others, until it is destroyed.
class Mover {
 public:
  struct Counts {
    std::uint64_t begun = 0, finished = 0, refused = 0, unanswered = 0;
    std::uint64_t shards = 0;  // by the protocol's own message
  };

  [[nodiscard]] static std::expected<std::unique_ptr<Mover>, std::string> create(
      const ClientSettings& servers, std::uint32_t keys, std::uint64_t seed);
  ~Mover();
  void look_at(Key first) { first_ = first; }
  // Until it is told to go on, it moves nothing.
  void pause(bool is_paused) { is_paused_ = is_paused; }
  [[nodiscard]] Counts counts() const;

 private:
  Mover(BlockingClient client, std::vector<EndPoint> servers, std::uint32_t keys,
        std::uint64_t seed);
  void run(std::uint64_t seed);
  void move(ServerId from, ServerId to, const KeyRange& range);

  BlockingClient client_;
  std::vector<EndPoint> servers_;
  std::uint32_t keys_;
  std::atomic<Key> first_ = 0;
  std::atomic<bool> is_paused_ = true;
  std::atomic<bool> is_stopping_ = false;
  std::array<std::atomic<std::uint64_t>, 5> counts_{};
  std::thread thread_;
};

}  // namespace quintet::ironkv
