// SPDX-License-Identifier: MIT
#include <cstring>
#include <utility>

#include "ironkv/net/client_impl.hpp"

// Of Client: what is asked beside the calls. Each goes to the server that it names, as soon as that
// is connected, and once.
namespace quintet::ironkv {

void Client::ask(ServerId server, const AdminRequest& request, Timeout timeout, Told told) {
  const std::uint64_t deadline = impl_->begin_call(timeout);
  AdminRequest numbered = request;
  numbered.id = ++impl_->asked;
  impl_->asks.emplace(numbered.id, Impl::Ask{.server = server,
                                             .kind = request.kind,
                                             .frame = write_admin_request(numbered),
                                             .deadline = deadline,
                                             .is_sent = false,
                                             .told = std::move(told)});
  if (is_connected(server)) impl_->send_asks(server);
}

void Client::Impl::send_asks(ServerId server) {
  for (auto& [id, ask] : asks) {
    if (ask.server != server || ask.is_sent) continue;
    std::byte* const at = frame(server, ask.frame.size());
    if (at == nullptr) return;
    std::memcpy(at, ask.frame.data(), ask.frame.size());
    ask.is_sent = true;
  }
}

void Client::Impl::answer_ask(Bytes frame) {
  const auto id = admin_answer_id(frame);
  const auto found = id ? asks.find(*id) : asks.end();
  if (found == asks.end()) return;  // its time is over
  auto answer = read_admin_answer(frame, found->second.kind);
  std::expected<AdminAnswer, std::string> told =
      std::unexpected("the server's answer cannot be read: use programs of one version");
  if (answer && answer->error.empty()) {
    told = std::move(*answer);
  } else if (answer) {
    told = std::unexpected(std::move(answer->error));
  }
  asks_answered.emplace_back(std::move(found->second.told), std::move(told));
  asks.erase(found);
}

void Client::Impl::fail_asks(ServerId server, const std::string& why) {
  for (auto at = asks.begin(); at != asks.end();) {
    Ask& ask = at->second;
    if (ask.server != server || !ask.is_sent) {
      ++at;
      continue;
    }
    asks_answered.emplace_back(
        std::move(ask.told),
        std::unexpected(settings.servers[server].to_string() + ": " + why +
                        " before it answered: it may have done what was asked for"));
    at = asks.erase(at);
  }
}

void Client::Impl::expire_asks(std::uint64_t now) {
  for (auto at = asks.begin(); at != asks.end();) {
    Ask& ask = at->second;
    if (now < ask.deadline) {
      ++at;
      continue;
    }
    std::string trouble = dialer.trouble(ask.server);
    if (!trouble.empty()) trouble.insert(0, ": ");
    if (dialer.is_absent(ask.server)) trouble += ": see whether it runs there";
    asks_answered.emplace_back(
        std::move(ask.told),
        std::unexpected(settings.servers[ask.server].to_string() + " does not answer" + trouble));
    at = asks.erase(at);
  }
}

void Client::Impl::tell_asks() {
  is_telling = true;
  while (!asks_answered.empty() && !is_shut_down) {
    auto being = std::exchange(asks_answered, {});
    for (auto& [told, answer] : being) {
      told(std::move(answer));
      if (is_shut_down) break;
    }
  }
  is_telling = false;
}

}  // namespace quintet::ironkv
