// SPDX-License-Identifier: MIT
#include "ironkv/net/blocking_client.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "ironkv/net/asio.hpp"

namespace quintet::ironkv {
namespace {

// What a thread waits for: some calls. On its stack.
class Batch {
 public:
  explicit Batch(std::size_t calls) : left_(calls) {}

  void finish_one() {
    const std::lock_guard lock(mutex_);
    // Within the lock: the waiter may free this as soon as it has it.
    if (--left_ == 0) done_.notify_one();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return left_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  std::size_t left_;
};

// A call on its way through the threads. The caller waits, so it may point to what the caller has.
struct Request {
  MessageKind kind{};
  Key key = 0;
  std::optional<Bytes> value{};
  KeyRange range{};
  ServerId from = 0;
  ServerId to = 0;
  Batch* batch = nullptr;

  BlockingClient::Value answer{};
  std::optional<CallError> error{};
};

}  // namespace

struct BlockingClient::Impl {
  explicit Impl(Options its_options) : options(its_options) {}

  // Hands the requests to the loop's thread and waits. Many callers wake it once.
  void call(std::span<Request> requests) {
    if (requests.empty()) return;
    Batch batch(requests.size());
    bool is_first = false;
    {
      const std::lock_guard lock(mutex);
      is_first = queue.empty();
      for (Request& request : requests) {
        request.batch = &batch;
        queue.push_back(&request);
      }
    }
    if (is_first) asio::post(loop, [this] { take_queue(); });
    batch.wait();
  }

  void take_queue() {
    {
      const std::lock_guard lock(mutex);
      std::swap(queue, taken);
    }
    for (Request* request : taken) begin(*request);
    taken.clear();
  }

  void begin(Request& request) {
    auto done = [this, &request](const Answer& answer) { end(request, answer); };
    const Result<void> accepted = send(request, std::move(done));
    if (accepted) return;
    request.error = CallError{CallError::Kind::kRefused, std::string(to_string(accepted.error()))};
    request.batch->finish_one();
  }

  Result<void> send(const Request& request, Client::Done done) {
    switch (request.kind) {
      case MessageKind::kGet:
        return client->get(request.key, options.timeout, std::move(done));
      case MessageKind::kShard:
        return client->shard(request.from, request.range, request.to, options.timeout,
                             std::move(done));
      default:
        return client->set(request.key, request.value, options.timeout, std::move(done));
    }
  }

  void end(Request& request, const Answer& answer) {
    switch (answer.status) {
      case CallStatus::kDone:
        if (request.kind == MessageKind::kGet && answer.has_value) {
          request.answer.emplace(answer.value.begin(), answer.value.end());
        }
        break;
      case CallStatus::kTimedOut:
        request.error = CallError{CallError::Kind::kTimedOut, why_no_answer()};
        break;
      case CallStatus::kUnknownOwner:
        request.error = CallError{CallError::Kind::kUnknownOwner, why_unknown(request.key)};
        break;
    }
    request.batch->finish_one();
  }

  // It may also be one of the list whom the others know under another key.
  [[nodiscard]] std::string why_unknown(Key key) const {
    const std::string troubles = client->troubles();
    return "key " + std::to_string(key) +
           " is with a server that is not in the list of servers: name all servers of the cluster" +
           (troubles.empty() ? "" : " (" + troubles + ")");
  }

  [[nodiscard]] std::string why_no_answer() const {
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(options.timeout);
    const std::string troubles = client->troubles();
    return "no answer within " + std::to_string(waited.count()) + " ms (" +
           (troubles.empty() ? "all servers are connected: perhaps they are overloaded"
                             : troubles) +
           ")";
  }

  const Options options;
  asio::io_context loop{1};
  std::optional<Client> client;
  std::mutex mutex;
  std::vector<Request*> queue;
  std::vector<Request*> taken;  // of the loop's thread
  std::thread thread;
};

std::expected<BlockingClient, std::string> BlockingClient::create(ClientSettings settings,
                                                                  Options options) {
  auto impl = std::make_unique<Impl>(options);
  auto client = Client::create(impl->loop, std::move(settings));
  if (!client) return std::unexpected(client.error());
  impl->client.emplace(std::move(*client));
  impl->thread = std::thread([raw = impl.get()] {
    const auto work = asio::make_work_guard(raw->loop);
    run_loop(raw->loop, raw->options.busy_poll_us);
  });
  return BlockingClient(std::move(impl));
}

BlockingClient::BlockingClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BlockingClient::BlockingClient(BlockingClient&&) noexcept = default;
BlockingClient::~BlockingClient() {
  if (!impl_) return;
  impl_->loop.stop();
  impl_->thread.join();
  impl_->client.reset();
}

BlockingClient::Outcome<BlockingClient::Value> BlockingClient::get(Key key) {
  Request request{.kind = MessageKind::kGet, .key = key};
  impl_->call({&request, 1});
  if (request.error) return std::unexpected(std::move(*request.error));
  return std::move(request.answer);
}

BlockingClient::Outcome<void> BlockingClient::set(Key key, Bytes value) {
  Request request{.kind = MessageKind::kSet, .key = key, .value = value};
  impl_->call({&request, 1});
  if (request.error) return std::unexpected(std::move(*request.error));
  return {};
}

BlockingClient::Outcome<void> BlockingClient::erase(Key key) {
  Request request{.kind = MessageKind::kSet, .key = key};
  impl_->call({&request, 1});
  if (request.error) return std::unexpected(std::move(*request.error));
  return {};
}

BlockingClient::Outcome<std::vector<BlockingClient::Value>> BlockingClient::multi_get(
    std::span<const Key> keys) {
  std::vector<Request> requests(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    requests[i].kind = MessageKind::kGet;
    requests[i].key = keys[i];
  }
  impl_->call(requests);
  std::vector<Value> values;
  values.reserve(keys.size());
  for (Request& request : requests) {
    if (request.error) return std::unexpected(std::move(*request.error));
    values.push_back(std::move(request.answer));
  }
  return values;
}

BlockingClient::Outcome<void> BlockingClient::multi_set(
    std::span<const std::pair<Key, Bytes>> pairs) {
  std::vector<Request> requests(pairs.size());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    requests[i].kind = MessageKind::kSet;
    requests[i].key = pairs[i].first;
    requests[i].value = pairs[i].second;
  }
  impl_->call(requests);
  for (Request& request : requests) {
    if (request.error) return std::unexpected(std::move(*request.error));
  }
  return {};
}

BlockingClient::Outcome<void> BlockingClient::shard(ServerId from, const KeyRange& range,
                                                    ServerId to) {
  Request request{.kind = MessageKind::kShard, .range = range, .from = from, .to = to};
  impl_->call({&request, 1});
  if (request.error) return std::unexpected(std::move(*request.error));
  return {};
}

BlockingClient::Outcome<AdminAnswer> BlockingClient::ask(ServerId server,
                                                         const AdminRequest& request) {
  Batch batch(1);
  std::expected<AdminAnswer, std::string> found;
  asio::post(impl_->loop, [&, impl = impl_.get()] {
    impl->client->ask(server, request, impl->options.timeout,
                      [&](std::expected<AdminAnswer, std::string> answer) {
                        found = std::move(answer);
                        batch.finish_one();
                      });
  });
  batch.wait();
  if (!found) return std::unexpected(CallError{CallError::Kind::kRefused, found.error()});
  return std::move(*found);
}

}  // namespace quintet::ironkv
