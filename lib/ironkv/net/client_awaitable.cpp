// SPDX-License-Identifier: MIT
#include "ironkv/net/client_awaitable.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <memory>

namespace quintet::ironkv {
namespace {

// Makes an awaitable of `begin`, which takes a Client::Done.
template <class Begin>
FetchedLater later(Begin begin) {
  auto initiate = [begin = std::move(begin)](auto handler) mutable {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    const Result<void> taken = begin([shared](const Answer& answer) {
      Fetched fetched{.status = answer.status};
      if (answer.has_value) fetched.value.emplace(answer.value.begin(), answer.value.end());
      (*shared)(Result<Fetched>(std::move(fetched)));
    });
    if (!taken) (*shared)(Result<Fetched>(std::unexpected(taken.error())));
  };
  using Token = const boost::asio::use_awaitable_t<>;
  return boost::asio::async_initiate<Token, void(Result<Fetched>)>(std::move(initiate),
                                                                   boost::asio::use_awaitable);
}

}  // namespace

FetchedLater co_get(Client& client, Key key, Client::Timeout timeout) {
  return later([&client, key, timeout](Client::Done done) {
    return client.get(key, timeout, std::move(done));
  });
}

FetchedLater co_set(Client& client, Key key, std::optional<Bytes> value, Client::Timeout timeout) {
  return later([&client, key, value, timeout](Client::Done done) {
    return client.set(key, value, timeout, std::move(done));
  });
}

}  // namespace quintet::ironkv
