// SPDX-License-Identifier: MIT
#pragma once

// Asio of Boost 1.74 misses <utility> with g++ 12.
#include <utility>
// Then the rest.
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <optional>
#include <vector>

#include "ironkv/net/client.hpp"

// Calls of a Client for coroutines of Boost.Asio, which run on the client's loop:
//   const Result<Fetched> found = co_await co_get(client, 7, 1s);
// Clang needs BOOST_ASIO_HAS_CO_AWAIT and BOOST_ASIO_HAS_STD_COROUTINE defined, as the target
// quintet::ironkv_net does.
namespace quintet::ironkv {

// An Answer that owns its value.
struct Fetched {
  CallStatus status{};
  std::optional<std::vector<std::byte>> value{};  // none: the key is absent
};

using FetchedLater = boost::asio::awaitable<Result<Fetched>>;

// A client that is destroyed meanwhile ends the coroutine.
[[nodiscard]] FetchedLater co_get(Client& client, Key key, Client::Timeout timeout);
// Without a value: deletes. Its bytes have to stay until it is awaited.
[[nodiscard]] FetchedLater co_set(Client& client, Key key, std::optional<Bytes> value,
                                  Client::Timeout timeout);

}  // namespace quintet::ironkv
