// SPDX-License-Identifier: MIT
#include "ironkv_cases/load/library_load.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "platform/clock.hpp"

namespace quintet::bench::ironkv_cases {
namespace {

using ironkv::AdminAnswer;
using ironkv::AdminKind;
using ironkv::Answer;
using ironkv::Bytes;
using ironkv::CallStatus;
using ironkv::Client;
using ironkv::KeyRange;
using ironkv::ServerId;
using platform::now_ns;

constexpr auto kTimeout = std::chrono::seconds(10);
constexpr auto kNap = std::chrono::milliseconds(2);
constexpr std::byte kFill{0x5A};

}  // namespace

LibraryLoad::LibraryLoad(const Plan& plan, const std::vector<ironkv::ServerAddress>& servers)
    : plan_(plan), value_(plan.value_bytes, kFill) {
  for (const auto& server : servers) {
    end_points_.push_back(ironkv::end_point_of_key(server.public_key));
  }
  const std::size_t clients = plan.is_shared ? 1 : plan.callers;
  for (std::size_t i = 0; i < clients; ++i) {
    auto client = Client::create(loop_, {.servers = servers});
    if (!client) throw std::runtime_error(client.error());
    clients_.push_back(std::move(*client));
  }
  for (std::size_t i = 0; i < plan.callers; ++i) callers_.push_back({&clients_[i % clients]});
}

void LibraryLoad::drive_while(const std::function<bool()>& goes_on) {
  while (goes_on() && failure_.empty()) {
    if (plan_.busy_poll_us > 0) {
      loop_.poll();
    } else {
      loop_.run_one_for(kNap);
    }
  }
  if (!failure_.empty()) throw std::runtime_error(failure_);
}

std::int64_t LibraryLoad::drive_until(std::int64_t end) {
  drive_while([&] { return now_ns() < end; });
  return now_ns();
}

void LibraryLoad::check(const Answer& answer) {
  if (answer.status != CallStatus::kDone) {
    failure_ = "a call failed: " + clients_[0].troubles();
  } else if (!answer.has_value || answer.value.size() != value_.size() ||
             (!value_.empty() && answer.value.back() != kFill)) {
    failure_ = "a server's answer is wrong";
  }
}

void LibraryLoad::store_keys() {
  std::uint64_t stored = 0;
  for (std::uint64_t key = 0; key < plan_.keys; ++key) {
    const auto asked = clients_[0].set(key, Bytes(value_), kTimeout, [&](const Answer& answer) {
      check(answer);
      ++stored;
    });
    if (!asked) throw std::runtime_error("more keys than calls can be open");
  }
  drive_while([&] { return stored < plan_.keys; });
}

void LibraryLoad::look(ServerId from, std::uint64_t reshard, std::function<void()> moved) {
  clients_[0].ask(from, {.kind = AdminKind::kProgress, .number = reshard}, kTimeout,
                  [this, from, reshard, moved = std::move(moved)](
                      const std::expected<AdminAnswer, std::string>& progress) {
                    if (!progress) {
                      failure_ = "a move is not told of: " + progress.error();
                    } else if (progress->is_done) {
                      moved();
                    } else {
                      look(from, reshard, moved);
                    }
                  });
}

void LibraryLoad::begin_move(const KeyRange& range, ServerId from, ServerId to,
                             std::function<void()> moved) {
  clients_[0].ask(
      from, {.kind = AdminKind::kReshard, .range = range, .end_point = end_points_[to]}, kTimeout,
      [this, from, moved = std::move(moved)](const std::expected<AdminAnswer, std::string>& begun) {
        if (!begun) {
          failure_ = "a move is refused: " + begun.error();
        } else {
          look(from, begun->reshard, moved);
        }
      });
}

void LibraryLoad::move(const KeyRange& range, ServerId from, ServerId to) {
  bool is_moved = false;
  begin_move(range, from, to, [&] { is_moved = true; });
  drive_while([&] { return !is_moved; });
}

void LibraryLoad::begin(Answered answered) {
  answered_ = std::move(answered);
  for (Caller& caller : callers_) ask(caller);
}

void LibraryLoad::ask(Caller& caller) {
  const std::uint64_t key = ++caller.asked % plan_.keys;
  const std::int64_t since = now_ns();
  auto done = [this, &caller, key, since](const Answer& answer) {
    check(answer);
    answered_(key, since, now_ns());
    if (failure_.empty()) ask(caller);
  };
  const auto asked = plan_.request == Request::kGet
                         ? caller.client->get(key, kTimeout, std::move(done))
                         : caller.client->set(key, Bytes(value_), kTimeout, std::move(done));
  if (!asked) failure_ = "a call is refused";
}

}  // namespace quintet::bench::ironkv_cases
