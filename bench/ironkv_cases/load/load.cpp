// SPDX-License-Identifier: MIT
#include "ironkv_cases/load/load.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "ironkv_cases/load/connection.hpp"
#include "platform/clock.hpp"
#include "support/percentiles.hpp"

namespace quintet::bench::ironkv_cases {
namespace {

using platform::now_ns;

constexpr std::size_t kStoreDepth = 64;

std::unique_ptr<ironkv::SocketSet> make_sockets(ironkv::SocketEngine engine) {
  auto sockets = ironkv::make_socket_set(engine);
  if (!sockets) throw std::runtime_error(sockets.error());
  return std::move(*sockets);
}

class Load final : public LoadConnection::Owner {
 public:
  Load(const LoadPlan& plan, const LoadTarget& target)
      : plan_(plan), target_(target), sockets_(make_sockets(plan.sockets)) {
    for (std::size_t i = 0; i < plan.connections; ++i) connections_.push_back(connect());
  }
  ~Load() {
    for (const auto& connection : connections_) connection->close();
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // All keys, by a connection of its own.
  void store_keys() {
    const auto connection = connect();
    std::uint64_t asked = 0;
    while (stored_ < plan_.keys) {
      while (asked < plan_.keys && connection->waiting() < kStoreDepth) {
        connection->ask(Request::kSet, plan_.keys, 0);
        ++asked;
      }
      connection->flush();
      if (!sockets_->serve(kPatienceMs)) throw std::runtime_error("the server stands still");
    }
    connection->close();
  }

  LoadResult run(const std::function<void()>& begin) {
    const std::int64_t span = static_cast<std::int64_t>(plan_.load_ms) * 1'000'000;
    const std::int64_t start = now_ns();
    due_ = start;
    if (plan_.rate == 0) fill();
    drive_until(start + span / 10);
    begin();
    is_measured_ = true;
    const std::int64_t from = now_ns();
    result_.latencies.reserve(static_cast<std::size_t>(span / 1'000));
    const std::int64_t to = drive_until(from + span);
    result_.seconds = static_cast<double>(to - from) * 1e-9;
    return std::move(result_);
  }

 private:
  void fill() {
    for (const auto& connection : connections_) {
      for (std::size_t i = 0; i < plan_.depth; ++i) {
        connection->ask(plan_.request, plan_.keys, now_ns());
      }
      connection->flush();
    }
  }

  std::shared_ptr<LoadConnection> connect() {
    auto connection = std::make_shared<LoadConnection>(target_, *sockets_, *this);
    connection->start();
    return connection;
  }

  // Returns the time.
  std::int64_t drive_until(std::int64_t end) {
    const bool spins = plan_.is_busy || plan_.rate != 0;
    std::int64_t last = now_ns();
    while ((now_ = now_ns()) < end) {
      if (plan_.rate != 0) ask_what_is_due(now_);
      if (sockets_->serve(spins ? 0 : kPatienceMs)) {
        last = now_;
      } else if (now_ - last > std::int64_t{kPatienceMs} * 1'000'000) {
        throw std::runtime_error("no answer came for 10 seconds");
      }
    }
    return now_;
  }

  void on_answer(LoadConnection& connection, std::int64_t since, std::int64_t arrived) override {
    if (stored_ < plan_.keys) {
      ++stored_;
      return;
    }
    if (is_measured_) note(arrived - since);
    if (plan_.rate == 0) connection.ask(plan_.request, plan_.keys, arrived);
  }

  void note(std::int64_t latency) {
    constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
    result_.latencies.push_back(static_cast<std::uint32_t>(std::min(latency, kMost)));
  }

  void ask_what_is_due(std::int64_t now) {
    const std::int64_t pause = 1'000'000'000 / static_cast<std::int64_t>(plan_.rate);
    for (; due_ <= now; due_ += pause) {
      LoadConnection& connection = *connections_[next_++ % connections_.size()];
      connection.ask(plan_.request, plan_.keys, due_);
      connection.flush();
    }
  }

  const LoadPlan& plan_;
  const LoadTarget& target_;
  std::unique_ptr<ironkv::SocketSet> sockets_;
  std::vector<std::shared_ptr<LoadConnection>> connections_;
  LoadResult result_;
  std::uint64_t stored_ = 0;
  std::int64_t now_ = 0;
  bool is_measured_ = false;
  std::int64_t due_ = 0;
  std::size_t next_ = 0;
};

}  // namespace

LoadResult run_load(const LoadPlan& plan, const LoadTarget& target,
                    const std::function<void()>& begin) {
  Load load(plan, target);
  load.store_keys();
  return load.run(begin);
}

Outcome load_sample(LoadResult& result) {
  if (result.latencies.empty()) return fail("no request was answered");
  const auto ops = result.latencies.size();
  const auto found = percentiles(std::span(result.latencies));
  const auto us = [](std::uint32_t ns) { return static_cast<double>(ns) * 1e-3; };
  return Sample{.seconds = result.seconds}
      .with("kops", static_cast<double>(ops) / result.seconds * 1e-3)
      .with("p50_us", us(found.p50))
      .with("p99_us", us(found.p99))
      .with("p999_us", us(found.p999))
      .with("max_us", us(found.max));
}

}  // namespace quintet::bench::ironkv_cases
