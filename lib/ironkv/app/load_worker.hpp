// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ironkv/app/load_request_lines.hpp"
#include "ironkv/app/load_schedule.hpp"
#include "ironkv/app/load_settings.hpp"
#include "ironkv/app/load_tally.hpp"
#include "ironkv/app/load_values.hpp"
#include "ironkv/net/asio.hpp"
#include "ironkv/net/client.hpp"

// One client of a load: sends requests as the settings say, from start() until the window is over,
// and waits for their answers. In a closed loop an answer lets the next request begin; in an open
// one the schedule does, and what is late is sent as soon as it can be.
// Threading: all calls on the thread of its loop, but live(), and tally() when it has finished.
namespace quintet::ironkv::app {

// What the clients of a run share.
struct Shared {
  explicit Shared(const LoadSettings& its_settings)
      : settings(its_settings), written(its_settings.clients + std::size_t{1}) {}

  const LoadSettings& settings;
  Window window{};
  std::uint64_t run = 0;  // its name in stamps
  // Writes that were begun, by writer: each client, and at last what fills the table before them.
  std::vector<std::atomic<std::uint64_t>> written;
};

class Worker {
 public:
  using Ready = std::move_only_function<void(const std::string& trouble)>;
  using Finished = std::move_only_function<void()>;

  Worker(asio::io_context& loop, Shared& shared, std::uint32_t number, Ready ready,
         Finished finished);

  // Over TLS: makes the client's key, which may take a second. To be told to all before anything
  // else, as nobody on this loop is served meanwhile.
  void prepare();
  // Makes the client and waits until it is answered by a server: then it is ready, or in trouble.
  void connect();
  // The window has begun. Clients of the reference connect only now.
  void start();
  // Does what there is to do: when it was told to start, and when the window has changed.
  void pump();
  // Waits for no answer any more.
  void abandon();

  [[nodiscard]] const Tally& tally() const { return tally_; }
  [[nodiscard]] Live& live() { return live_; }

 private:
  enum class State : std::uint8_t { kNew, kRunning, kFinished };
  struct Call {
    std::int64_t begin;  // when it was due, in an open loop
    std::uint64_t number;
    std::uint64_t stamp;  // of a write
    Key key;
    bool is_read;
  };

  std::string make_client();
  void pump_closed();
  void pump_scheduled(std::int64_t now);
  bool begin(std::int64_t at);
  Result<void> send(std::uint32_t slot);
  bool is_over(std::int64_t now) const;
  void finish(std::int64_t now);
  void wake_at(std::int64_t time);
  void on_answer(std::uint32_t slot, const Answer& answer);
  void judge(const Call& call, const Answer& answer, std::int64_t now);
  void judge_value(const Call& call, const Answer& answer);
  void fail(std::uint64_t& kind, const std::string& trouble);
  std::string why_no_answer() const;

  asio::io_context& loop_;
  Shared& shared_;
  const LoadSettings& settings_;
  const std::uint32_t number_;
  const std::uint32_t most_open_;
  Ready ready_;
  Finished finished_;
  asio::steady_timer timer_;
  std::int64_t timer_at_ = 0;  // 0: it does not run
  std::shared_ptr<const Identity> identity_;
  std::optional<Client> client_;
  std::optional<Schedule> schedule_;
  std::optional<RequestLines> lines_;
  Requests requests_;
  std::optional<Requests::Request> next_;  // drawn, and not sent yet
  std::vector<std::byte> value_;
  std::vector<Call> calls_;  // by slot
  std::vector<std::uint32_t> free_;
  std::uint32_t open_ = 0;
  std::uint64_t sent_ = 0;
  State state_ = State::kNew;
  Tally tally_;
  Live live_;
};

}  // namespace quintet::ironkv::app
