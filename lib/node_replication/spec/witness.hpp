// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

// Whether a recorded run is linearizable, when each write says where it stands in the log and each
// read how many writes it saw. With that the order is known, and what must hold of it is checked in
// O(n log n): every index once and none left out; the answers are those of the structure alone
// (U13, U14); the order is that of time. Complete: a run that passes is linearizable by this order.
// Threading: one thread, when the run is over.
namespace quintet::node_replication::spec {

// A structure that counts its operations, and so lets every answer tell its place.
template <class D>
struct Witnessed {
  using WriteOp = typename D::WriteOp;
  struct Response {
    std::uint64_t index = 0;
    decltype(std::declval<D&>().apply(std::declval<const WriteOp&>())) answer{};
  };

  Response apply(const WriteOp& op) noexcept { return {version++, data.apply(op)}; }

  friend bool operator==(const Witnessed&, const Witnessed&) = default;

  D data{};
  std::uint64_t version = 0;
};

// Times are of one clock, as in lib/testing/history.hpp.
template <class D>
struct WitnessedWrite {
  std::uint32_t session = 0;
  std::uint64_t began = 0;
  std::uint64_t ended = 0;
  typename D::WriteOp op{};
  typename Witnessed<D>::Response response{};
};
template <class Answer>
struct WitnessedRead {
  std::uint32_t session = 0;
  std::uint64_t began = 0;
  std::uint64_t ended = 0;
  std::uint64_t version = 0;
  Answer answer{};
};

namespace internal {

// A request in time and in the log: it comes after the first `from` writes, and what comes later
// comes after the first `to` of them. A read has from == to, a write is between them.
struct Placed {
  std::uint32_t session;
  std::uint64_t began;
  std::uint64_t ended;
  std::uint64_t from;
  std::uint64_t to;
};

inline std::string describe(const Placed& request) {
  return std::string(request.from == request.to ? "read of version " : "write ") +
         std::to_string(request.from) + " of session " + std::to_string(request.session) + " [" +
         std::to_string(request.began) + ", " + std::to_string(request.ended) + "]";
}

// What ended before another began is not after it in the log. Empty, or what is wrong.
inline std::string against_time(const std::vector<Placed>& requests) {
  std::vector<std::size_t> by_begin(requests.size());
  for (std::size_t i = 0; i < by_begin.size(); ++i) by_begin[i] = i;
  std::vector<std::size_t> by_end = by_begin;
  std::sort(by_begin.begin(), by_begin.end(),
            [&](std::size_t a, std::size_t b) { return requests[a].began < requests[b].began; });
  std::sort(by_end.begin(), by_end.end(),
            [&](std::size_t a, std::size_t b) { return requests[a].ended < requests[b].ended; });
  const Placed* latest = nullptr;  // in the log, of what has ended
  auto ended = by_end.begin();
  for (const std::size_t i : by_begin) {
    const Placed& request = requests[i];
    for (; ended != by_end.end() && requests[*ended].ended < request.began; ++ended) {
      if (latest == nullptr || requests[*ended].to > latest->to) latest = &requests[*ended];
    }
    if (latest != nullptr && request.from < latest->to) {
      return describe(request) + " began after the end of " + describe(*latest);
    }
  }
  return {};
}

// The same for the requests of each session, where the clock may be too coarse. Requires: of one
// session, in its order.
inline std::string against_session(const std::vector<Placed>& requests) {
  std::unordered_map<std::uint32_t, const Placed*> last;  // by session
  for (const Placed& request : requests) {
    const Placed*& before = last[request.session];
    if (before != nullptr && request.from < before->to) {
      return describe(request) + " follows " + describe(*before);
    }
    before = &request;
  }
  return {};
}

}  // namespace internal

// Empty, or the first thing that is wrong. `read(const D&)` is what all reads asked.
// Requires: D() is what the replicas began with; `writes` has each session's own in its order, and
// so has `reads`.
template <class D, class Answer, class Read>
[[nodiscard]] std::string judge_witness(std::vector<WitnessedWrite<D>> writes,
                                        std::vector<WitnessedRead<Answer>> reads, Read read) {
  std::vector<internal::Placed> placed_writes;
  std::vector<internal::Placed> placed_reads;
  for (const auto& w : writes) {
    const std::uint64_t index = w.response.index;
    placed_writes.push_back({w.session, w.began, w.ended, index, index + 1});
  }
  for (const auto& r : reads) {
    placed_reads.push_back({r.session, r.began, r.ended, r.version, r.version});
  }
  if (auto wrong = internal::against_session(placed_writes); !wrong.empty()) return wrong;
  if (auto wrong = internal::against_session(placed_reads); !wrong.empty()) return wrong;

  std::sort(writes.begin(), writes.end(),
            [](const auto& a, const auto& b) { return a.response.index < b.response.index; });
  std::sort(reads.begin(), reads.end(),
            [](const auto& a, const auto& b) { return a.version < b.version; });
  D state{};
  auto next_read = reads.begin();
  for (std::uint64_t version = 0;; ++version) {
    for (; next_read != reads.end() && next_read->version == version; ++next_read) {
      if (!(next_read->answer == read(state))) {
        return "the answer of a read of version " + std::to_string(version) + " is wrong (U14)";
      }
    }
    if (version == writes.size()) break;
    const auto& w = writes[version];
    if (w.response.index != version) {
      return "no write, or more than one, is number " +
             std::to_string(std::min(version, w.response.index));
    }
    if (!(w.response.answer == state.apply(w.op))) {
      return "the answer of write " + std::to_string(version) + " is wrong (U13)";
    }
  }
  if (next_read != reads.end()) return "a read saw more writes than there were";

  placed_writes.insert(placed_writes.end(), placed_reads.begin(), placed_reads.end());
  return internal::against_time(placed_writes);
}

}  // namespace quintet::node_replication::spec
