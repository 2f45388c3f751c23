// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ironkv/app/client_commands.hpp"
#include "ironkv/app/connected.hpp"

// The commands that are about servers: whose a key is, moving ranges, counters.
namespace quintet::ironkv::app {
namespace {

std::string text_of(const KeyRange& range) {
  const std::string low = std::to_string(range.low.key);
  if (range.high.is_infinite) return low + " to the end";
  return low + " to " + std::to_string(range.high.key - 1);
}

// By number from 1, or as the list names it.
Outcome<ServerId> parse_server_name(const std::string& text, const Cluster& cluster) {
  for (ServerId i = 0; i < cluster.servers.size(); ++i) {
    if (text == std::to_string(i + 1) || text == cluster.servers[i].to_string()) return i;
  }
  return bad_input(
      fmt::format("'{}' is no server of this service: use a number from 1 to {}, or {}", text,
                  cluster.servers.size(), cluster.servers[0].to_string()));
}

// Its place in our list, which need not be that of the servers.
std::optional<ServerId> server_of(const Cluster& cluster, const EndPoint& end_point) {
  for (ServerId i = 0; i < cluster.servers.size(); ++i) {
    if (end_point_of_key(cluster.servers[i].public_key) == end_point) return i;
  }
  return std::nullopt;
}

std::string keys_text(std::uint64_t count) {
  return fmt::format("{} {}", count, count == 1 ? "key" : "keys");
}

Outcome<AdminAnswer> ask(Connected& to, ServerId server, const AdminRequest& request) {
  auto answer = to.client.ask(server, request);
  if (!answer) return problem(kUnreachable, answer.error().text);
  return std::move(*answer);
}

// What is said of a move whose recipient takes nothing more.
std::unexpected<Problem> stuck(const Connected& to, ServerId from, ServerId recipient,
                               std::uint64_t keys) {
  return problem(
      kUnreachable,
      fmt::format("{} has taken nothing for {} ms; {} left {}, which goes on when {} is "
                  "there: see whether it runs, or wait longer with --timeout-ms",
                  to.cluster.servers[recipient].to_string(), to.patience.count(), keys_text(keys),
                  to.cluster.servers[from].to_string(), to.cluster.servers[recipient].to_string()));
}

// Moves what `from` has of `range`, and tells how far it is. Returns the number of keys; none if
// it has none of it.
Outcome<std::optional<std::uint64_t>> move_range(Connected& to, ServerId from,
                                                 const KeyRange& range, ServerId recipient) {
  const EndPoint end_point = end_point_of_key(to.cluster.servers[recipient].public_key);
  const auto begun =
      to.client.ask(from, {.kind = AdminKind::kReshard, .range = range, .end_point = end_point});
  if (!begun) {
    if (begun.error().text == to_string(Error::kNotOwner)) return std::nullopt;
    return problem(kUnreachable,
                   begun.error().text + ": what it has of these keys, if any, has not moved");
  }
  using Clock = std::chrono::steady_clock;
  Clock::time_point moved_at = Clock::now();
  std::uint64_t steps = 0;
  for (std::uint64_t shown = 0;;) {
    const auto progress = ask(to, from, {.kind = AdminKind::kProgress, .number = begun->reshard});
    if (!progress) return std::unexpected(progress.error());
    if (progress->is_done) return progress->keys;
    if (std::exchange(steps, progress->steps) != progress->steps) moved_at = Clock::now();
    if (Clock::now() - moved_at > to.patience) return stuck(to, from, recipient, progress->keys);
    if (progress->keys >= shown + 100'000) {
      shown = progress->keys;
      fmt::print(stderr, "{} keys have left {}\n", shown, to.cluster.servers[from].to_string());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

Outcome<std::uint64_t> keys_of(Connected& to, ServerId server) {
  const auto answer = ask(to, server, {.kind = AdminKind::kNth});
  if (!answer) return std::unexpected(answer.error());
  return answer->total;
}

// `count` keys at the end of what `from` has.
Outcome<void> move_last(Connected& to, ServerId from, ServerId recipient, std::uint64_t has,
                        std::uint64_t count) {
  const auto first = ask(to, from, {.kind = AdminKind::kNth, .number = has - count});
  if (!first) return std::unexpected(first.error());
  if (!first->nth) return {};  // others have moved some meanwhile
  const auto moved = move_range(to, from, KeyRange::from(*first->nth), recipient);
  if (!moved) return std::unexpected(moved.error());
  fmt::print("{} from {} on: from {} to {}\n", keys_text(moved->value_or(0)), *first->nth,
             to.cluster.servers[from].to_string(), to.cluster.servers[recipient].to_string());
  return {};
}

}  // namespace

// Each server knows for sure only what is its own; what another has, it has by hearsay.
Outcome<void> where(const ClientArguments& arguments) {
  const auto key = parse_key(arguments.key);
  if (!key) return std::unexpected(key.error());
  auto to = connected(arguments);
  if (!to) return std::unexpected(to.error());
  const std::size_t servers = to->cluster.servers.size();
  ServerId server = 0;
  ServerId tried = 0;
  std::optional<Problem> waits;
  for (std::size_t hops = 0; hops <= 2 * servers; ++hops) {
    const auto answer = ask(*to, server, {.kind = AdminKind::kWhere, .key = *key});
    if (!answer && !waits && says_it_waits(answer.error().text)) waits = answer.error();
    if (!answer && ++tried < servers) {  // somebody else may know as well
      server = tried;
      continue;
    }
    if (!answer) return std::unexpected(waits.value_or(answer.error()));
    const auto owner = server_of(to->cluster, answer->owner_end_point);
    if (!owner) {
      return bad_input("the key is with a server that is not in the list: name all of them");
    }
    if (*owner == server) {
      fmt::print("key {} is with server {}, {}, which has keys {}\n", *key, server + 1,
                 to->cluster.servers[server].to_string(), text_of(answer->run));
      return {};
    }
    server = *owner;
  }
  return problem(kUnreachable,
                 fmt::format("key {} is on its way between servers: try again", *key));
}

Outcome<void> reshard(const ClientArguments& arguments) {
  const auto low = parse_key(arguments.key);
  if (!low) return std::unexpected(low.error());
  KeyRange range = KeyRange::from(*low);
  if (arguments.high != "end") {
    const auto high = parse_key(arguments.high);
    if (!high) return std::unexpected(high.error());
    range.high = KeyBound<Key>::at(*high);
  }
  if (range.is_empty()) {
    return bad_input(fmt::format("no key lies from {} to before {}", *low, arguments.high));
  }
  auto to = connected(arguments);
  if (!to) return std::unexpected(to.error());
  const auto recipient = parse_server_name(arguments.server, to->cluster);
  if (!recipient) return std::unexpected(recipient.error());
  bool has_moved = false;
  std::string silent;
  for (ServerId from = 0; from < to->cluster.servers.size(); ++from) {
    if (from == *recipient) continue;
    const auto moved = move_range(*to, from, range, *recipient);
    if (!moved) {  // the others may have some of it, too
      silent += (silent.empty() ? "" : "; ") + moved.error().text;
      continue;
    }
    if (!*moved) continue;
    has_moved = true;
    fmt::print("{} from {} to {}\n", keys_text(**moved), to->cluster.servers[from].to_string(),
               to->cluster.servers[*recipient].to_string());
  }
  std::fflush(stdout);
  if (!silent.empty()) return problem(kUnreachable, silent);
  if (!has_moved) fmt::print("nothing to move: no other server that is named has any of it\n");
  return {};
}

Outcome<void> stats(const ClientArguments& arguments) {
  auto to = connected(arguments);
  if (!to) return std::unexpected(to.error());
  std::string silent;
  for (ServerId server = 0; server < to->cluster.servers.size(); ++server) {
    const auto answer = ask(*to, server, {.kind = AdminKind::kStatistics});
    if (answer) {
      fmt::print("# {}\n{}", to->cluster.servers[server].to_string(), answer->text);
    } else {
      silent += (silent.empty() ? "" : "; ") + answer.error().text;
    }
  }
  std::fflush(stdout);
  if (!silent.empty()) return problem(kUnreachable, silent);
  return {};
}

// Who has more than his share gives the end of it to who has less.
Outcome<void> balance(const ClientArguments& arguments) {
  auto to = connected(arguments);
  if (!to) return std::unexpected(to.error());
  const auto servers = static_cast<ServerId>(to->cluster.servers.size());
  std::vector<std::uint64_t> keys;
  std::uint64_t total = 0;
  for (ServerId server = 0; server < servers; ++server) {
    const auto has = keys_of(*to, server);
    if (!has) return std::unexpected(has.error());
    keys.push_back(*has);
    total += *has;
  }
  const std::uint64_t share = (total + servers - 1) / servers;
  for (ServerId from = 0; from < servers; ++from) {
    for (ServerId recipient = 0; recipient < servers; ++recipient) {
      if (keys[from] <= share || keys[recipient] >= share) continue;
      const std::uint64_t count = std::min(keys[from] - share, share - keys[recipient]);
      if (auto done = move_last(*to, from, recipient, keys[from], count); !done) return done;
      keys[from] -= count;
      keys[recipient] += count;
    }
  }
  for (ServerId server = 0; server < servers; ++server) {
    const auto has = keys_of(*to, server);
    if (!has) return std::unexpected(has.error());
    fmt::print("{} has {}\n", to->cluster.servers[server].to_string(), keys_text(*has));
  }
  return {};
}

}  // namespace quintet::ironkv::app
