// SPDX-License-Identifier: MIT
#include "ironkv/app/load_worker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "platform/clock.hpp"

namespace quintet::ironkv::app {
namespace {

using platform::now_ns;

constexpr std::int64_t kPause = 10'000'000;  // nanoseconds, when a request was refused

void count(std::atomic<std::uint64_t>& counter) {  // of one writer
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace

Worker::Worker(asio::io_context& loop, Shared& shared, std::uint32_t number, Ready ready,
               Finished finished)
    : loop_(loop),
      shared_(shared),
      settings_(shared.settings),
      number_(number),
      most_open_(settings_.most_open()),
      ready_(std::move(ready)),
      finished_(std::move(finished)),
      timer_(loop),
      requests_(settings_.first_key, settings_.keys, settings_.order, settings_.reads,
                mix64(settings_.seed) + number),
      value_(settings_.value_bytes) {
  if (settings_.reference) lines_.emplace(number);
}

void Worker::prepare() {
  if (!settings_.cluster.use_tls) return;
  auto identity = Identity::make(kFewestKeyBits, "client", 365);  // if not, the client says why
  if (identity) identity_ = std::make_shared<const Identity>(std::move(*identity));
}

std::string Worker::make_client() {
  auto client = Client::create(loop_, {.servers = settings_.cluster.servers,
                                       .use_tls = settings_.cluster.use_tls,
                                       .identity = identity_});
  if (!client) return client.error();
  client_.emplace(std::move(*client));
  return "";
}

void Worker::connect() {
  if (const std::string trouble = make_client(); !trouble.empty()) return ready_(trouble);
  const Key key = requests_.next().key;
  requests_ = Requests(settings_.first_key, settings_.keys, settings_.order, settings_.reads,
                       mix64(settings_.seed) + number_);  // from the beginning
  const auto accepted = client_->get(
      key, std::chrono::milliseconds(settings_.timeout_ms), [this](const Answer& answer) {
        ready_(answer.status == CallStatus::kTimedOut ? why_no_answer() : "");
      });
  if (!accepted) ready_(std::string(to_string(accepted.error())));
}

void Worker::start() {
  if (state_ != State::kNew) return;
  if (!client_) {
    if (const std::string trouble = make_client(); !trouble.empty()) {
      fail(tally_.refused, trouble);
      state_ = State::kRunning;
      return finish(now_ns());
    }
  }
  state_ = State::kRunning;
  if (settings_.rate > 0) {
    schedule_.emplace(shared_.window.begin, settings_.rate, settings_.clients, number_);
  }
  pump();
}

void Worker::abandon() {
  if (state_ == State::kFinished) return;
  tally_.abandoned += open_;
  open_ = 0;
  finish(now_ns());
}

// --- Sending.

void Worker::pump() {
  if (state_ != State::kRunning) return;
  const std::int64_t now = now_ns();
  if (schedule_) {
    pump_scheduled(now);
  } else {
    pump_closed();
  }
  if (open_ == 0 && is_over(now)) finish(now);
}

void Worker::pump_closed() {
  while (open_ < most_open_) {
    const std::int64_t now = now_ns();
    if (now >= shared_.window.until) return;
    if (!begin(now)) return wake_at(now + kPause);
  }
}

void Worker::pump_scheduled(std::int64_t now) {
  if (now > shared_.window.give_up) return;
  const std::int64_t until = shared_.window.until;
  while (open_ < most_open_) {
    const std::int64_t due = schedule_->due(sent_);
    if (due >= until) return;
    if (due > now) return wake_at(due);
    if (!begin(due)) return wake_at(now + kPause);
  }
}

// Returns false if the client refuses to take it: then it is the next one again.
bool Worker::begin(std::int64_t at) {
  if (!next_) next_ = requests_.next();
  std::uint32_t slot = static_cast<std::uint32_t>(calls_.size());
  if (free_.empty()) {
    calls_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  calls_[slot] = {at, requests_.number(), 0, next_->key, next_->is_read};
  const Result<void> accepted = send(slot);
  if (!accepted) {
    free_.push_back(slot);
    fail(tally_.refused, std::string(to_string(accepted.error())));
    return false;
  }
  next_.reset();
  ++sent_;
  ++open_;
  return true;
}

Result<void> Worker::send(std::uint32_t slot) {
  Call& call = calls_[slot];
  const auto timeout = std::chrono::milliseconds(settings_.timeout_ms);
  auto done = [this, slot](const Answer& answer) { on_answer(slot, answer); };
  if (call.is_read) return client_->get(call.key, timeout, std::move(done));
  auto& written = shared_.written[number_];
  call.stamp = written.load(std::memory_order_relaxed);
  written.store(call.stamp + 1, std::memory_order_release);  // before anybody can read it
  write_value({shared_.run, call.key, number_, call.stamp}, value_);
  return client_->set(call.key, Bytes(value_), timeout, std::move(done));
}

void Worker::wake_at(std::int64_t time) {
  if (timer_at_ != 0 && timer_at_ <= time) return;
  timer_at_ = time;
  timer_.expires_at(asio::steady_timer::time_point(std::chrono::nanoseconds(time)));
  timer_.async_wait([this](const error_code& stopped) {
    if (stopped) return;
    timer_at_ = 0;
    pump();
  });
}

// --- The end.

bool Worker::is_over(std::int64_t now) const {
  if (!schedule_) return now >= shared_.window.until;
  return now > shared_.window.give_up || schedule_->due(sent_) >= shared_.window.until;
}

void Worker::finish(std::int64_t now) {
  state_ = State::kFinished;
  if (schedule_) {
    const std::uint64_t due = schedule_->due_before(shared_.window.until);
    const std::uint64_t missed = due - std::min(due, sent_);
    if (shared_.window.is_cut) {
      tally_.abandoned += missed;
    } else if (missed > 0) {
      fail(tally_.unsent, "more were due than could be sent");
      tally_.unsent += missed - 1;
    }
  }
  if (lines_) lines_->write(now);
  timer_.cancel();
  // Not within a call of the client's.
  asio::post(loop_, [this] {
    client_.reset();
    finished_();
  });
}

// --- Answers.

void Worker::on_answer(std::uint32_t slot, const Answer& answer) {
  const Call call = calls_[slot];
  free_.push_back(slot);
  if (state_ != State::kRunning) return;
  --open_;
  judge(call, answer, now_ns());
  pump();
}

void Worker::judge(const Call& call, const Answer& answer, std::int64_t now) {
  if (answer.status == CallStatus::kTimedOut) return fail(tally_.timed_out, why_no_answer());
  if (answer.status == CallStatus::kUnknownOwner) {
    return fail(
        tally_.unknown_owner,
        fmt::format("key {} is with a server that is not in the list: name all of them", call.key));
  }
  const Window& window = shared_.window;
  const auto took = static_cast<std::uint64_t>(std::max<std::int64_t>(now - call.begin, 0));
  if (call.begin >= window.measured && call.begin < window.until) {
    (call.is_read ? tally_.reads : tally_.writes).add(took);
  }
  const bool is_in_time = now >= window.measured && now < window.until;
  if (is_in_time) ++tally_.in_time;
  if (lines_ && is_in_time) lines_->add(call.number, now, took);
  count(live_.answered);
  if (took > live_.slowest.load(std::memory_order_relaxed)) {
    live_.slowest.store(took, std::memory_order_relaxed);
  }
  judge_value(call, answer);
}

void Worker::judge_value(const Call& call, const Answer& answer) {
  if (call.is_read && !answer.has_value) {
    ++tally_.absent;
    if (settings_.check && settings_.preload) {
      fail(tally_.wrong, fmt::format("key {} has no value, and was set", call.key));
    }
    return;
  }
  if (!settings_.check) return;
  const auto stamp = read_value(answer.value);
  const bool is_ours = stamp && stamp->run == shared_.run;
  const bool is_written =
      stamp && stamp->key == call.key && answer.value.size() == value_.size() &&
      (!is_ours ||
       (stamp->writer < shared_.written.size() &&
        stamp->number < shared_.written[stamp->writer].load(std::memory_order_acquire)));
  const bool is_echo =
      call.is_read || (is_ours && stamp->writer == number_ && stamp->number == call.stamp);
  if (is_written && is_echo) return;
  fail(tally_.wrong,
       fmt::format("key {} was answered with a value that was not written there", call.key));
}

void Worker::fail(std::uint64_t& kind, const std::string& trouble) {
  ++kind;
  count(live_.failed);
  if (tally_.trouble.empty()) tally_.trouble = trouble;
}

std::string Worker::why_no_answer() const {
  const std::string troubles = client_->troubles();
  return fmt::format(
      "no answer within {} ms ({})", settings_.timeout_ms,
      troubles.empty() ? "all servers are connected: perhaps they are overloaded" : troubles);
}

}  // namespace quintet::ironkv::app
