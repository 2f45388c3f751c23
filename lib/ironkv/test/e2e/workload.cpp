// SPDX-License-Identifier: MIT
#include "ironkv/test/e2e/workload.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "testing/random.hpp"

namespace quintet::ironkv {
namespace {

using testing::Random;
using world::RegisterAnswer;
using world::RegisterCall;

constexpr std::size_t kMostBytes = 1023;
// Calls of one caller in one round that stay open. What they wrote may be seen much later, and so
// they are at the same time as many others: the checker's work doubles with each.
constexpr std::uint32_t kMostOpen = 4;

std::byte filler(std::uint64_t number, std::size_t place) {
  return static_cast<std::byte>((number * 31 + place * 7) & 0xFF);
}

}  // namespace

std::vector<std::byte> numbered_value(std::uint64_t number, std::size_t bytes) {
  std::vector<std::byte> value(std::clamp(bytes, sizeof(number), kMostBytes));
  store_le64(value.data(), number);
  for (std::size_t i = sizeof(number); i < value.size(); ++i) value[i] = filler(number, i);
  return value;
}

std::optional<std::uint64_t> number_of_value(Bytes value) {
  WireReader reader(value);
  const std::uint64_t number = reader.number();
  if (!reader.is_good()) return std::nullopt;
  for (std::size_t i = sizeof(number); i < value.size(); ++i) {
    if (value[i] != filler(number, i)) return std::nullopt;
  }
  return number;
}

world::RegisterHistory with_bounded_calls(world::RegisterHistory history) {
  std::map<std::uint64_t, std::uint64_t> seen_by;  // of a value: until when at the latest
  for (const auto& call : history) {
    if (call.operation.is_set || !call.answer || !*call.answer) continue;
    const auto [at, is_new] = seen_by.try_emplace(**call.answer, call.answered);
    at->second = std::min(at->second, call.answered);
  }
  for (auto& call : history) {
    const auto& set = call.operation;
    if (call.answer || !set.is_set || !set.value) continue;
    const auto seen = seen_by.find(*set.value);
    if (seen == seen_by.end() || seen->second < call.began) continue;
    call.answered = seen->second;
    call.answer.emplace();
  }
  std::erase_if(history, [&](const auto& call) {
    const auto& set = call.operation;
    if (call.answer) return false;
    return !set.is_set || (set.value && !seen_by.contains(*set.value));
  });
  return history;
}

struct Workload::Caller {
  BlockingClient* client;
  Random random;
  std::uint32_t name = 0;  // in the history; a new one after a call that stays open
  world::RegisterHistory history{};
  std::uint32_t open = 0;  // calls of this round
  std::string trouble{};
};

std::expected<std::unique_ptr<Workload>, std::string> Workload::create(
    const ClientSettings& servers, const WorkloadSettings& settings) {
  std::unique_ptr<Workload> workload(new Workload(settings));
  workload->clients_.reserve(settings.clients);
  for (std::uint32_t i = 0; i < settings.clients; ++i) {
    const bool is_patient = i + 1 < settings.clients;
    auto client = BlockingClient::create(
        servers, {.timeout = is_patient ? settings.patience : settings.impatience});
    if (!client) return std::unexpected(client.error());
    workload->clients_.push_back(std::move(*client));
    for (std::uint32_t thread = 0; thread < settings.threads; ++thread) {
      const auto seed = settings.seed + workload->callers_.size();
      workload->callers_.push_back(
          std::make_unique<Caller>(&workload->clients_.back(), Random(seed)));
    }
  }
  return workload;
}

Workload::Workload(const WorkloadSettings& settings) : settings_(settings) {}

Workload::~Workload() {
  left_ = 0;
  for (std::thread& thread : threads_) thread.join();
}

void Workload::begin_round(Key first, std::uint64_t calls, std::chrono::milliseconds time) {
  first_ = first;
  left_ = static_cast<std::int64_t>(calls);
  until_ = std::chrono::steady_clock::now() + time;
  working_ = static_cast<std::uint32_t>(callers_.size());
  for (const auto& caller : callers_) {
    caller->name = next_caller_++;
    caller->open = 0;
    threads_.emplace_back([this, raw = caller.get(), first] {
      work(*raw, first);
      --working_;
    });
  }
}

void Workload::work(Caller& caller, Key first) {
  while (caller.trouble.empty() && left_-- > 0 && std::chrono::steady_clock::now() < until_) {
    RegisterCall call{.key = first + caller.random.below(settings_.keys)};
    const std::uint32_t roll = caller.random.below(100);
    call.is_set = roll < 50;
    if (roll < 42) call.value = next_value_++;
    const bool is_patient = caller.client != &clients_.back();
    if (!is_patient && caller.open == kMostOpen) return;
    if (!is_patient && call.is_set && !call.value) continue;  // see with_bounded_calls()
    carry_out(caller, call);
  }
}

void Workload::carry_out(Caller& caller, RegisterCall call) {
  const std::uint64_t began = testing::history_now();
  RegisterAnswer answer;
  const auto error = ask(caller, call, answer);
  const std::uint64_t answered = testing::history_now();
  if (!error) {
    caller.history.push_back({caller.name, began, answered, call, answer});
    return;
  }
  if (error->kind != CallError::Kind::kTimedOut || caller.client != &clients_.back()) {
    caller.trouble = error->text;
    return;
  }
  ++timed_out_;
  ++caller.open;
  caller.history.push_back({caller.name, began, testing::kNeverAnswered, call, std::nullopt});
  caller.name = next_caller_++;
}

std::optional<CallError> Workload::ask(Caller& caller, const RegisterCall& call,
                                       RegisterAnswer& answer) {
  if (call.is_set) {
    const std::size_t bytes = caller.random.below(10) == 0 ? kMostBytes : caller.random.below(200);
    const auto done = call.value ? caller.client->set(call.key, numbered_value(*call.value, bytes))
                                 : caller.client->erase(call.key);
    return done ? std::nullopt : std::optional(done.error());
  }
  const auto value = caller.client->get(call.key);
  if (!value) return value.error();
  if (!*value) return std::nullopt;
  answer = number_of_value(**value);
  if (!answer) caller.trouble = "key " + std::to_string(call.key) + " has what nobody wrote";
  return std::nullopt;
}

world::RegisterHistory Workload::end_round() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  Caller& auditor = *callers_.front();
  for (std::uint32_t i = 0; i < settings_.keys && trouble().empty(); ++i) {
    carry_out(auditor, {.key = first_ + i});
  }
  std::vector<world::RegisterHistory> lists;
  for (const auto& caller : callers_) lists.push_back(std::exchange(caller->history, {}));
  return testing::join_histories(std::move(lists));
}

std::string Workload::trouble() const {
  for (const auto& caller : callers_) {
    if (!caller->trouble.empty()) return caller->trouble;
  }
  return {};
}

// --- Mover.

std::expected<std::unique_ptr<Mover>, std::string> Mover::create(const ClientSettings& servers,
                                                                 std::uint32_t keys,
                                                                 std::uint64_t seed) {
  auto client = BlockingClient::create(servers, {.timeout = std::chrono::seconds(1)});
  if (!client) return std::unexpected(client.error());
  std::vector<EndPoint> end_points;
  for (const ServerAddress& server : servers.servers) {
    end_points.push_back(end_point_of_key(server.public_key));
  }
  return std::unique_ptr<Mover>(new Mover(std::move(*client), std::move(end_points), keys, seed));
}

Mover::Mover(BlockingClient client, std::vector<EndPoint> servers, std::uint32_t keys,
             std::uint64_t seed)
    : client_(std::move(client)), servers_(std::move(servers)), keys_(keys) {
  thread_ = std::thread([this, seed] { run(seed); });
}

Mover::~Mover() {
  is_stopping_ = true;
  thread_.join();
}

void Mover::run(std::uint64_t seed) {
  Random random(seed);
  const auto size = static_cast<std::uint32_t>(servers_.size());
  while (!is_stopping_) {
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(5'000)));
    if (is_paused_) continue;
    const ServerId from = random.below(size);
    const ServerId to = (from + 1 + random.below(size - 1)) % size;
    const Key low = first_ + random.below(keys_);
    const KeyRange range = random.below(5) == 0
                               ? KeyRange::from(low)
                               : KeyRange::between(low, low + 1 + random.below(keys_));
    if (random.below(4) != 0) {
      move(from, to, range);
    } else if (client_.shard(from, range, to)) {
      ++counts_[4];
    }
  }
}

void Mover::move(ServerId from, ServerId to, const KeyRange& range) {
  const auto begun =
      client_.ask(from, {.kind = AdminKind::kReshard, .range = range, .end_point = servers_[to]});
  if (!begun) {
    // Of what is not its own a server says so; else the connection was broken.
    ++counts_[begun.error().text == to_string(Error::kNotOwner) ? 2 : 3];
    return;
  }
  ++counts_[0];
  for (int i = 0; i < 100 && !is_stopping_; ++i) {
    const auto progress =
        client_.ask(from, {.kind = AdminKind::kProgress, .number = begun->reshard});
    if (!progress) return;
    if (progress->is_done) {
      ++counts_[1];
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

Mover::Counts Mover::counts() const {
  return {counts_[0], counts_[1], counts_[2], counts_[3], counts_[4]};
}

}  // namespace quintet::ironkv
