// SPDX-License-Identifier: MIT
#include "ironkv/app/load_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <memory>
#include <mutex>
#include <numeric>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "ironkv/app/load_reference.hpp"
#include "ironkv/app/load_values.hpp"
#include "ironkv/app/load_worker.hpp"
#include "ironkv/net/blocking_client.hpp"
#include "platform/clock.hpp"

namespace quintet::ironkv::app {
namespace {

using platform::now_ns;

constexpr double kSecond = 1e9;
constexpr std::int64_t kPatience = 1'000'000'000;  // for answers after a signal, in nanoseconds

std::int64_t after(std::int64_t begin, double seconds) {
  return begin + static_cast<std::int64_t>(seconds * kSecond);
}

// All clients, and the loops that they share.
class Crew {
 public:
  explicit Crew(Shared& shared) : shared_(shared), loops_(shared.settings.loops) {
    for (std::uint32_t i = 0; i < shared.settings.clients; ++i) {
      Loop& loop = loops_[i % loops_.size()];
      loop.workers.emplace_back(
          loop.context, shared, i, [this](const std::string& trouble) { on_ready(trouble); },
          [this, &loop] {
            if (--loop.left == 0) loop.context.stop();
            ++finished_;
          });
      ++loop.left;
    }
    for (Loop& loop : loops_) {
      loop.thread =
          std::thread([&loop, us = shared.settings.busy_poll_us] { run_loop(loop.context, us); });
    }
  }
  ~Crew() { join(); }
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // Each worker does it, on its loop.
  void tell(void (Worker::*what)()) {
    for (Loop& loop : loops_) {
      for (Worker& worker : loop.workers) {
        asio::post(loop.context, [&worker, what] { (worker.*what)(); });
      }
    }
  }
  // All clients end, whatever they wait for.
  void join() {
    tell(&Worker::abandon);
    for (Loop& loop : loops_) {
      if (loop.thread.joinable()) loop.thread.join();
    }
  }

  [[nodiscard]] bool are_ready() const { return ready_ == shared_.settings.clients; }
  [[nodiscard]] bool have_finished() const { return finished_ == shared_.settings.clients; }
  // Why a client cannot begin; empty while nothing is known.
  [[nodiscard]] std::string trouble() {
    const std::lock_guard lock(mutex_);
    return trouble_;
  }
  template <class Look>
  void for_each(Look look) {
    for (Loop& loop : loops_) {
      for (Worker& worker : loop.workers) look(worker);
    }
  }

 private:
  struct Loop {
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work = make_work_guard(context);
    std::deque<Worker> workers{};  // which do not move
    std::size_t left = 0;          // that have not finished
    std::thread thread{};
  };

  void on_ready(const std::string& trouble) {
    if (!trouble.empty()) {
      const std::lock_guard lock(mutex_);
      if (trouble_.empty()) trouble_ = trouble;
    }
    ++ready_;
  }

  Shared& shared_;
  std::vector<Loop> loops_;
  std::atomic<std::uint32_t> ready_ = 0;
  std::atomic<std::uint32_t> finished_ = 0;
  std::mutex mutex_;
  std::string trouble_;
};

// The lines about the progress.
class Progress {
 public:
  Progress(double every, std::int64_t now) : every_(every), begin_(now), last_(now) {}

  void tell(Crew& crew, std::int64_t now) {
    if (every_ <= 0 || now < after(last_, every_)) return;
    std::uint64_t answered = 0;
    std::uint64_t failed = 0;
    std::uint64_t slowest = 0;
    crew.for_each([&](Worker& worker) {
      answered += worker.live().answered.load(std::memory_order_relaxed);
      failed += worker.live().failed.load(std::memory_order_relaxed);
      slowest = std::max(slowest, worker.live().slowest.exchange(0, std::memory_order_relaxed));
    });
    fmt::print(
        stderr, "{:6.0f} s: {:.0f} requests/s, the slowest {:.1f} us, {} failed so far\n",
        static_cast<double>(now - begin_) / kSecond,
        static_cast<double>(answered - answered_) * kSecond / static_cast<double>(now - last_),
        static_cast<double>(slowest) * 1e-3, failed);
    answered_ = answered;
    last_ = now;
  }

 private:
  double every_;
  std::int64_t begin_;
  std::int64_t last_;
  std::uint64_t answered_ = 0;
};

// Whether this program wrote it, now or before, or one that writes the like.
bool is_of_load(const LoadSettings& settings, Bytes value) {
  if (read_value(value)) return true;
  return value.size() == settings.value_bytes && value.size() < kStampBytes;
}

// Refuses keys that have somebody else's values.
Outcome<void> look_whose(const LoadSettings& settings, BlockingClient& client, Key first,
                         std::uint64_t count) {
  std::vector<Key> keys(count);
  std::iota(keys.begin(), keys.end(), first);
  const auto values = client.multi_get(keys);
  if (!values) return problem(kFailed, values.error().text);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto& value = (*values)[i];
    if (!value || is_of_load(settings, *value)) continue;
    return bad_input(fmt::format(
        "key {} has a value that ironkv-load does not know as its own: nothing was set. Name keys "
        "that nobody needs with --first-key, or add --overwrite",
        keys[i]));
  }
  return {};
}

// By one client; in the reference's way one after the other. All are looked at before any is set.
Outcome<void> preload(Shared& shared, Signals& signals) {
  const LoadSettings& settings = shared.settings;
  auto client = BlockingClient::create(
      {.servers = settings.cluster.servers, .use_tls = settings.cluster.use_tls},
      {.timeout = std::chrono::milliseconds(settings.timeout_ms)});
  if (!client) return bad_input(client.error());
  const std::uint64_t step = settings.reference ? 1 : 512;
  const auto at_a_time = [&](std::uint64_t from) { return std::min(step, settings.keys - from); };
  for (std::uint64_t from = 0; !settings.overwrite && from < settings.keys; from += step) {
    if (signals.wait_ms(0)) return {};
    const auto good = look_whose(settings, *client, settings.first_key + from, at_a_time(from));
    if (!good) return good;
  }
  std::vector<std::byte> values(step * settings.value_bytes);
  auto& written = shared.written.back();
  for (std::uint64_t from = 0; from < settings.keys && !signals.wait_ms(0); from += step) {
    std::vector<std::pair<Key, Bytes>> pairs;
    for (std::uint64_t i = 0; i < at_a_time(from); ++i) {
      const Key key = settings.first_key + from + i;
      const auto value = std::span(values).subspan(i * settings.value_bytes, settings.value_bytes);
      write_value({shared.run, key, settings.clients, written++}, value);
      pairs.emplace_back(key, value);
    }
    if (const auto done = client->multi_set(pairs); !done) {
      return problem(kFailed, done.error().text);
    }
  }
  return {};
}

Outcome<void> connect(Shared& shared, Crew& crew, Signals& signals) {
  crew.tell(&Worker::prepare);
  crew.tell(&Worker::connect);
  const std::int64_t tell_at = after(now_ns(), 1);
  bool is_told = !shared.settings.cluster.use_tls;
  while (!crew.are_ready() && crew.trouble().empty() && !signals.wait_ms(2)) {
    if (is_told || now_ns() < tell_at) continue;
    is_told = true;
    fmt::print(stderr, "ironkv-load: {} clients make their keys for TLS\n",
               shared.settings.clients);
  }
  if (const std::string trouble = crew.trouble(); !trouble.empty()) {
    return problem(kFailed, trouble);
  }
  return {};
}

// Sets the window, and follows the clients through it.
void lead(Shared& shared, Crew& crew, Signals& signals) {
  const LoadSettings& settings = shared.settings;
  Window& window = shared.window;
  window.begin = now_ns();
  window.measured = after(window.begin, settings.warmup);
  if (settings.duration > 0) {
    window.until = after(window.measured, settings.duration);
    window.give_up = window.until + std::int64_t{settings.timeout_ms} * 1'000'000;
  }
  if (settings.reference) crew.tell(&Worker::prepare);  // within the time, as the reference does
  crew.tell(&Worker::start);
  Progress progress(settings.report_every, window.begin);
  bool is_over = false;
  while (!crew.have_finished()) {
    const bool is_cut = signals.wait_ms(10);
    const std::int64_t now = now_ns();
    if (is_cut && !is_over && now < window.until) {
      window.is_cut = true;
      window.until = now;
      window.give_up = now;
    }
    if (now >= window.until && !is_over) {
      is_over = true;
      crew.tell(&Worker::pump);  // those that wait for nothing
    }
    if (is_cut && now > window.until + kPatience) return;
    progress.tell(crew, now);
  }
}

Outcome<Tally> work(Shared& shared, Signals& signals) {
  Crew crew(shared);
  if (!shared.settings.reference) {
    if (auto connected = connect(shared, crew, signals); !connected) {
      return std::unexpected(connected.error());
    }
  }
  if (!signals.wait_ms(0)) lead(shared, crew, signals);
  crew.join();
  Tally tally;
  crew.for_each([&](const Worker& worker) { tally.merge(worker.tally()); });
  return tally;
}

void say(const LoadSettings& settings, const char* line) {
  if (!settings.reference) return;
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

}  // namespace

Outcome<LoadResult> run_load(const LoadSettings& settings, Signals& signals) {
  Shared shared(settings);
  std::random_device device;
  shared.run = mix64((std::uint64_t{device()} << 32U) + device());
  say(settings, "[[READY]]");
  if (settings.preload) {
    if (auto done = preload(shared, signals); !done) return std::unexpected(done.error());
  }
  say(settings, "[[SETUP COMPLETE]]");
  LoadResult result;
  if (settings.functional) {
    if (auto moved = move_and_look(settings); !moved) return std::unexpected(moved.error());
  } else {
    auto tally = work(shared, signals);
    if (!tally) return std::unexpected(tally.error());
    result.tally = std::move(*tally);
    const Window& window = shared.window;
    result.seconds =
        static_cast<double>(std::max<std::int64_t>(window.until - window.measured, 0)) / kSecond;
  }
  result.is_cut = signals.wait_ms(0);
  if (result.is_cut && shared.window.until == Window::kNever) result.seconds = 0;
  say(settings, "[[DONE]]");
  return result;
}

}  // namespace quintet::ironkv::app
