// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "ironkv/net/socket.hpp"
#include "ironkv_cases/load/load.hpp"

// One connection of the load. Threading: one thread.
namespace quintet::bench::ironkv_cases {

class LoadConnection final : public ironkv::Socket::Watcher,
                             public std::enable_shared_from_this<LoadConnection> {
 public:
  class Owner {
   public:
    // An answer to a request that was asked with `since`, at `arrived`. May ask for more.
    virtual void on_answer(LoadConnection& connection, std::int64_t since,
                           std::int64_t arrived) = 0;

   protected:
    ~Owner() = default;
  };

  // Connects. The set and the owner have to live longer.
  LoadConnection(const LoadTarget& target, ironkv::SocketSet& set, Owner& owner);

  // Shakes hands, by serving the set. Once, before anything else.
  void start();
  // To be sent at flush(), or at the end of on_answer()'s turn; `since` is where its latency
  // begins.
  void ask(Request request, std::uint64_t keys, std::int64_t since);
  void flush();
  // Ends what start() began: nothing is told any more.
  void close() { socket_ = nullptr; }
  [[nodiscard]] std::size_t waiting() const { return since_.size(); }

 private:
  void on_readable() override;
  void on_writable() override;
  // Reads once, and tells of answers. Returns whether there was something.
  bool read_some();

  ironkv::SocketSet& set_;
  Owner& owner_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<ironkv::Socket> socket_;
  std::unique_ptr<ironkv::Stream> stream_;
  Output output_;
  std::array<std::byte, 64 * 1024> input_;
  std::size_t arrived_ = 0;
  std::deque<std::int64_t> since_;
  std::uint64_t asked_ = 0;
  bool is_shaking_ = true;
};

}  // namespace quintet::bench::ironkv_cases
