// SPDX-License-Identifier: MIT
#include <algorithm>
#include <filesystem>
#include <utility>

#include "ironkv/net/base64.hpp"
#include "ironkv/net/server_impl.hpp"
#include "ironkv/net/text_file.hpp"
#include "platform/clock.hpp"

// Of Server: what it keeps, and when. Records of a turn are appended as the host tells of them; the
// commit is posted behind all events that have happened by now, so that those of many clients share
// it, and what these are told waits for it.
namespace quintet::ironkv {
namespace {

constexpr std::uint64_t kGatherNs = 30'000;  // a client's answer to an answer, over a fast network

std::uint64_t now_ns() { return static_cast<std::uint64_t>(platform::now_ns()); }

// Whose folder it is: this server, of these servers. With another one's folder, or fewer servers
// than before, ranges would have two owners, or none.
std::string owner_text(const ServerOptions& options) {
  std::string text;
  const auto add = [&](const char* what, const ServerAddress& server) {
    text += what + to_base64(end_point_of_key(server.public_key)) + "\n";
  };
  add("server ", options.servers[options.me]);
  for (const ServerAddress& server : options.servers) add("of ", server);
  return text;
}
std::string owner_file(const ServerOptions& options) { return options.journal.folder + "/owner"; }

}  // namespace

// Requires: the journal has taken the folder.
std::expected<void, std::string> Server::Impl::check_owner() {
  std::error_code error;
  is_owner_known = std::filesystem::exists(owner_file(options), error);
  if (!is_owner_known) return {};
  const auto found = read_text_file(owner_file(options));
  if (!found) return std::unexpected(found.error());
  const std::string text = owner_text(options);
  if (*found == text) return {};
  const bool is_mine = found->starts_with(text.substr(0, text.find('\n')));
  return std::unexpected(
      options.journal.folder +
      (is_mine
           ? " was kept with other servers than these: start all that it had, in their order"
           : " is of another server, by its key or, of a cluster to try, by its port: give each "
             "server the folder that it had") +
      ", or name a new folder");
}

// When it may serve: who dies before that has nothing, and asks the others again.
std::expected<void, std::string> Server::Impl::write_owner() {
  return write_text_file(owner_file(options), owner_text(options), Readers::kOwnerOnly,
                         IfThere::kRefuse);
}

std::expected<void, std::string> Server::Impl::recover() {
  if (options.durability == Durability::kNone) return {};
  auto taken = Journal::open(options.journal);
  if (!taken) return std::unexpected(taken.error());
  journal.emplace(std::move(*taken));
  if (auto own = check_owner(); !own) return own;
  auto found = journal->recover(host);
  if (!found) return std::unexpected(found.error());
  recovered = *found;
  // Clients of before are gone until they connect.
  for (PeerId peer = static_cast<PeerId>(options.servers.size()); peer < host.peers().end();
       ++peer) {
    if (host.peers()[peer].is_known) leavers.push_back(peer);
  }
  sort_leavers();
  return {};
}

void Server::Impl::executed(PeerId source, Bytes frame) {
  if (!journal) return;
  record_bytes.clear();
  host.append_record(source, frame, record_bytes);
  record(record_bytes);
}

void Server::Impl::record(Bytes bytes) {
  if (!failure.empty()) return;
  ++records;
  if (auto done = journal->append(bytes); !done) fail(std::move(done.error()));
}

bool Server::Impl::is_commit_due() const {
  if (!journal || !journal->has_uncommitted()) return false;
  return options.durability == Durability::kAlways || speaks_to_host || is_draining ||
         !failure.empty();
}

void Server::Impl::post_commit() {
  if (is_commit_posted) return;
  is_commit_posted = true;
  SocketService::of(loop).post([this] {
    is_commit_posted = false;
    if (gathers()) return post_commit();
    commit();
    end_turn();
  });
}

// Whether the commit is to wait for more. Clients that were just answered ask again within
// microseconds: without this they would miss the commit that others wait for, so that two halves of
// them take turns. It does not wait for more than asked last time, and a fast commit for nobody.
bool Server::Impl::gathers() {
  const std::uint64_t now = now_ns();
  if (commit_put_off == 0) commit_put_off = record_came = now;
  if (std::exchange(records_seen, records) != records) record_came = now;
  const bool is_over = is_draining || !failure.empty() || records >= last_records ||
                       now - commit_put_off >= commit_ns / 2 ||
                       now - record_came >= std::min(commit_ns / 8, kGatherNs);
  if (is_over) commit_put_off = 0;
  return !is_over;
}

void Server::Impl::commit() {
  if (!journal || !failure.empty()) return;
  const std::uint64_t begin = now_ns();
  if (auto done = journal->commit(); !done) return fail(std::move(done.error()));
  commit_ns = now_ns() - begin;
  last_records = std::exchange(records, 0);
  ++counters.commits;
  speaks_to_host = false;
  sync_at = now_us() + std::uint64_t{options.sync_ms} * 1000;
  if (!journal->wants_checkpoint()) return;
  if (auto done = journal->checkpoint(host); !done) return fail(std::move(done.error()));
  ++counters.checkpoints;
}

void Server::Impl::sync_in_time(std::uint64_t now) {
  if (journal && journal->has_uncommitted() && now >= sync_at) commit();
}

// Nothing may leave any more: the state has what is not durable.
void Server::Impl::fail(std::string why) {
  if (!failure.empty()) return;
  failure = std::move(why);
  SocketService::of(loop).post([this] {
    for (const auto& connection : connections) connection->shut_down();
    finish();
  });
}

void Server::Impl::flush_dirty() {
  if (!failure.empty()) return;
  for (Connection* connection : dirty) {
    connection->is_dirty = false;
    connection->flush();
  }
  dirty.clear();
}

}  // namespace quintet::ironkv
