// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ironkv/error.hpp"
#include "ironkv/host.hpp"
#include "ironkv/statistics.hpp"

// What people ask a host, beside the requests of its clients: whose a key is, to move a range and
// how far that is, counters. Not part of the reference's protocol: frames of their own, without a
// number, which the reference drops. So they are answered at most once, and are not in a journal;
// a re-shard's steps are.
//
//   request  10 id kind key range bytes(end point) number
//   answer   11 id 00 number... | 11 id 01 bytes(why not)
//
// A request has all members, whether its kind needs them or not. Pure functions.
namespace quintet::ironkv {

inline constexpr unsigned kAdminRequestTag = 16;
inline constexpr unsigned kAdminAnswerTag = 17;

enum class AdminKind : std::uint8_t {
  kHello,       // who answers; and what it knows of who asks (introduction.hpp)
  kWhere,       // whose `key` is
  kReshard,     // moves what is ours of `range` to `end_point`
  kProgress,    // of the re-shard `number`
  kStatistics,  // names and values of counters
  kNth,         // the key that has `number` keys of ours before it
};

struct AdminRequest {
  std::uint64_t id = 0;
  AdminKind kind{};
  Key key = 0;
  KeyRange range{};
  Bytes end_point{};
  std::uint64_t number = 0;
};

// The members that the request's kind fills in.
struct AdminAnswer {
  std::uint64_t id = 0;
  std::string error{};                // not empty: refused, and nothing else is filled in
  std::uint64_t me = 0;               // Hello: place in the list of hosts
  std::uint64_t last_received = 0;    // Hello: number of the asker's last message
  std::uint64_t acked = 0;            // Hello: so many messages to the asker it has acknowledged
  std::uint64_t delegations = 0;      // Hello: kNoDelegations, and those made and taken
  std::uint64_t owner = 0;            // Where: place in the host's list of hosts
  EndPoint owner_end_point{};         // Where: the same, for who has another list
  KeyRange run{};                     // Where: the keys around it of the same owner
  std::uint64_t reshard = 0;          // Reshard: its id
  std::uint64_t steps = 0, keys = 0;  // Progress: of what was handed over
  KeyBound<Key> next{};               // Progress: what lies before it was handed over
  bool is_done = false;               // Progress
  std::string text{};                 // Statistics: a line for each
  std::uint64_t total = 0;            // Nth: keys that the host has
  std::optional<Key> nth{};           // Nth
};

namespace internal {

inline void append_bound(std::vector<std::byte>& out, const KeyBound<Key>& bound) {
  out.push_back(bound.is_infinite ? std::byte{0} : std::byte{1});
  if (!bound.is_infinite) append_number(out, bound.key);
}
inline void append_text(std::vector<std::byte>& out, std::string_view text) {
  append_bytes(out, {reinterpret_cast<const std::byte*>(text.data()), text.size()});
}
inline std::string text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The beginning of a frame, with room for most.
inline std::vector<std::byte> begun(unsigned tag, std::uint64_t id) {
  std::vector<std::byte> out;
  out.reserve(128);
  out.push_back(static_cast<std::byte>(tag));
  append_number(out, id);
  return out;
}
// Begins an answer that is no refusal.
inline std::vector<std::byte> granted(std::uint64_t id) {
  std::vector<std::byte> out = begun(kAdminAnswerTag, id);
  out.push_back(std::byte{0});
  return out;
}
inline std::vector<std::byte> refused(std::uint64_t id, std::string_view why) {
  std::vector<std::byte> out = begun(kAdminAnswerTag, id);
  out.push_back(std::byte{1});
  append_text(out, why);
  return out;
}

}  // namespace internal

[[nodiscard]] inline bool is_admin_request(Bytes frame) {
  return !frame.empty() && std::to_integer<unsigned>(frame[0]) == kAdminRequestTag;
}
[[nodiscard]] inline bool is_admin_answer(Bytes frame) {
  return !frame.empty() && std::to_integer<unsigned>(frame[0]) == kAdminAnswerTag;
}

[[nodiscard]] inline std::vector<std::byte> write_admin_request(const AdminRequest& request) {
  std::vector<std::byte> out = internal::begun(kAdminRequestTag, request.id);
  out.push_back(static_cast<std::byte>(request.kind));
  internal::append_number(out, request.key);
  internal::append_bound(out, request.range.low);
  internal::append_bound(out, request.range.high);
  internal::append_bytes(out, request.end_point);
  internal::append_number(out, request.number);
  return out;
}

// None for other bytes. The end point points into `frame`.
[[nodiscard]] inline std::optional<AdminRequest> read_admin_request(Bytes frame) {
  WireReader reader(frame);
  if (reader.byte() != kAdminRequestTag) return std::nullopt;
  AdminRequest request{.id = reader.number()};
  const unsigned kind = reader.byte();
  request.kind = static_cast<AdminKind>(kind);
  request.key = reader.number();
  request.range = internal::read_range(reader);
  request.end_point = reader.bytes(kMostEndPointBytes);
  request.number = reader.number();
  if (!reader.is_done() || kind > static_cast<unsigned>(AdminKind::kNth)) return std::nullopt;
  return request;
}

// The answer to `request` of `source`. `more` is added to the host's own statistics.
template <Fault kFault, HostSink Sink>
[[nodiscard]] std::vector<std::byte> answer_admin(HostOf<kFault>& host, PeerId source,
                                                  const AdminRequest& request,
                                                  std::string_view more, Sink& sink) {
  using internal::append_number;
  std::vector<std::byte> out = internal::granted(request.id);
  switch (request.kind) {
    case AdminKind::kHello:
      append_number(out, host.options().me);
      append_number(out, host.peers()[source].last_received);
      append_number(out, host.peers()[source].acked);
      append_number(out, host.delegations());
      return out;
    case AdminKind::kWhere: {
      const PeerId owner = host.map().owner(request.key);
      append_number(out, owner);
      append_number(out, host.map().begin_of_run(request.key));
      internal::append_bound(out, host.map().end_of_run(request.key));
      internal::append_bytes(out, host.peers()[owner].end_point);
      return out;
    }
    case AdminKind::kReshard: {
      const std::optional<PeerId> to = host.peers().find(request.end_point);
      const auto id = host.reshard(request.range, to.value_or(host.peers().end()), sink);
      if (!id) return internal::refused(request.id, to_string(id.error()));
      append_number(out, *id);
      return out;
    }
    case AdminKind::kProgress: {
      for (const Reshard& reshard : host.reshards()) {
        if (reshard.id != request.number) continue;
        append_number(out, reshard.steps);
        append_number(out, reshard.keys);
        internal::append_bound(out, reshard.next);
        out.push_back(reshard.is_done ? std::byte{1} : std::byte{0});
        return out;
      }
      return internal::refused(request.id,
                               "no such re-shard: the server was started anew, or has "
                               "begun 64 others since");
    }
    case AdminKind::kStatistics:
      internal::append_text(out, statistics_text(host).append(more));
      return out;
    case AdminKind::kNth: {
      append_number(out, host.table().size());
      const auto nth = host.table().nth(KeyRange::all(), request.number);
      out.push_back(nth ? std::byte{1} : std::byte{0});
      append_number(out, nth.value_or(0));
      return out;
    }
  }
  return internal::refused(request.id, "an unknown kind of request: use a newer server");
}

// The answer to a request of `kind`; none for other bytes.
[[nodiscard]] inline std::optional<AdminAnswer> read_admin_answer(Bytes frame, AdminKind kind) {
  WireReader reader(frame);
  if (reader.byte() != kAdminAnswerTag) return std::nullopt;
  AdminAnswer answer{.id = reader.number()};
  if (reader.is_present()) {
    answer.error = internal::text_of(reader.bytes());
    if (answer.error.empty()) answer.error = "refused";
  } else if (kind == AdminKind::kHello) {
    answer.me = reader.number();
    answer.last_received = reader.number();
    answer.acked = reader.number();
    answer.delegations = reader.number();
  } else if (kind == AdminKind::kWhere) {
    answer.owner = reader.number();
    answer.run.low = KeyBound<Key>::at(reader.number());
    answer.run.high = internal::read_bound(reader);
    const Bytes end_point = reader.bytes(kMostEndPointBytes);
    answer.owner_end_point.assign(end_point.begin(), end_point.end());
  } else if (kind == AdminKind::kReshard) {
    answer.reshard = reader.number();
  } else if (kind == AdminKind::kProgress) {
    answer.steps = reader.number();
    answer.keys = reader.number();
    answer.next = internal::read_bound(reader);
    answer.is_done = reader.is_present();
  } else if (kind == AdminKind::kStatistics) {
    answer.text = internal::text_of(reader.bytes());
  } else if (kind == AdminKind::kNth) {
    answer.total = reader.number();
    const bool is_there = reader.is_present();
    const Key nth = reader.number();
    if (is_there) answer.nth = nth;
  }
  if (!reader.is_done()) return std::nullopt;
  return answer;
}

// The id of an answer, to find out what was asked.
[[nodiscard]] inline std::optional<std::uint64_t> admin_answer_id(Bytes frame) {
  WireReader reader(frame);
  if (reader.byte() != kAdminAnswerTag) return std::nullopt;
  const std::uint64_t id = reader.number();
  return reader.is_good() ? std::optional(id) : std::nullopt;
}

}  // namespace quintet::ironkv
