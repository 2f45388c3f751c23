// SPDX-License-Identifier: MIT
// A target of libFuzzer: opens what a fuzzer made of a pool. Whatever the media hold, opening ends,
// stays inside of them, and gives an error that left them alone or a log that works.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/assert.hpp"
#include "pm_log/multi_log.hpp"
#include "pm_log/test/fuzz/forged_image.hpp"
#include "pm_log/test/fuzz/heap_pm.hpp"

namespace quintet::pm_log::fuzz {
namespace {

using Pool = MultiLog<HeapPm>;

using Bytes = std::vector<std::byte>;

// Faster than ==, under sanitizers.
bool same(const Bytes& a, const Bytes& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

// All of a log, read in pieces.
Bytes content(const Pool& pool, LogIndex log) {
  const Info info = *pool.info(log);
  Bytes all(info.tail - info.head);
  for (std::size_t at = 0; at < all.size(); at += 1'000) {
    const auto piece = std::span(all).subspan(at, std::min<std::size_t>(1'000, all.size() - at));
    QT_CHECK(pool.read(log, info.head + at, piece).has_value(), "committed bytes are refused");
  }
  const View view = *pool.view(log, info.head, all.size());
  QT_CHECK(view[0].size() + view[1].size() == all.size());
  QT_CHECK(std::equal(view[0].begin(), view[0].end(), all.begin()));
  QT_CHECK(std::equal(view[1].begin(), view[1].end(),
                      all.begin() + static_cast<std::ptrdiff_t>(view[0].size())));
  return all;
}

void check_info(const Pool& pool, LogIndex log, std::uint64_t media) {
  const Info info = *pool.info(log);
  QT_CHECK(info.capacity != 0 && info.capacity < media, "a log larger than its media");
  QT_CHECK(info.head <= info.tail && info.tail == info.pending_tail);
  QT_CHECK(info.tail - info.head <= info.capacity, "more than the log can hold");
  std::byte byte{};
  QT_CHECK(!pool.read(log, info.tail, std::span(&byte, 1)), "read beyond the tail");
  QT_CHECK(!pool.read(log, info.head - 1, std::span(&byte, 1)), "read below the head");
}

// Appends to each log as far as there is room, all with one commit.
void append_to_all(Pool& pool) {
  std::vector<Bytes> expected;
  for (LogIndex log = 0; log < pool.logs(); ++log) expected.push_back(content(pool, log));
  for (LogIndex log = 0; log < pool.logs(); ++log) {
    const Info info = *pool.info(log);
    const std::uint64_t room =
        std::min(info.capacity - (info.tail - info.head), UINT64_MAX - info.tail);
    const Bytes bytes(room + 1, static_cast<std::byte>(0x70 + log));
    QT_CHECK(pool.tentative_append(log, bytes).error().code == Errc::kNoSpace);
    const auto some = std::span(bytes).first(std::min<std::uint64_t>(room, 100 + log));
    QT_CHECK(*pool.tentative_append(log, some) == info.tail);
    expected[log].insert(expected[log].end(), some.begin(), some.end());
  }
  QT_CHECK(pool.commit().has_value());
  for (LogIndex log = 0; log < pool.logs(); ++log) {
    QT_CHECK(same(content(pool, log), expected[log]), "not what it held and what was appended");
  }
}

// Gives half of each log back.
void shorten_all(Pool& pool) {
  for (LogIndex log = 0; log < pool.logs(); ++log) {
    const Info info = *pool.info(log);
    QT_CHECK(pool.advance_head(log, info.tail - (info.tail - info.head) / 2).has_value());
  }
}

// The pool, opened again: as it was left.
Pool opened_again(const Pool& pool, Bytes& media) {
  pool.check_invariants();
  auto again = Pool::open(HeapPm(media));
  QT_CHECK(again.has_value(), "what was opened and changed does not open again");
  for (LogIndex log = 0; log < pool.logs(); ++log) {
    QT_CHECK(*again->info(log) == *pool.info(log));
    QT_CHECK(same(content(*again, log), content(pool, log)));
  }
  return *std::move(again);
}

// However good the checksums: each log has an area of its own.
void check_sanity(const Pool& pool) {
  std::vector<DirectoryEntry> places;
  for (const LogState& log : pool.state().logs) places.push_back(log.place);
  std::ranges::sort(places, {}, &DirectoryEntry::area);
  for (std::size_t i = 1; i < places.size(); ++i) {
    QT_CHECK(places[i].area >= places[i - 1].area + places[i - 1].length, "logs overlap");
  }
  QT_CHECK(pool.recovery().seq < kEndOfSeq, "a number that no commit has");
}

void check_refusals(Pool& pool) {
  const std::byte byte{};
  QT_CHECK(pool.tentative_append(0, std::span(&byte, 1)).error().code == Errc::kReadOnly);
  QT_CHECK(pool.advance_head(0, pool.info(0)->tail).error().code == Errc::kReadOnly);
}

void open_and_use(Forged forged) {
  const Bytes before = forged.media;
  auto opened = Pool::open(HeapPm(forged.media), {.read_only = forged.read_only});
  QT_CHECK((opened && !forged.read_only) || same(forged.media, before), "written to without need");
  if (!opened) return;
  Pool& pool = *opened;
  pool.check_invariants();
  QT_CHECK(pool.logs() != 0 && pool.logs() <= kMaxLogs);
  for (LogIndex log = 0; log < pool.logs(); ++log) {
    check_info(pool, log, forged.media.size());
    (void)content(pool, log);
  }
  if (forged.read_only) return check_refusals(pool);
  check_sanity(pool);
  if (pool.recovery().seq > kEndOfSeq - 100) return;  // commits will be refused
  append_to_all(pool);
  Pool second = opened_again(pool, forged.media);
  shorten_all(second);
  Pool third = opened_again(second, forged.media);
  append_to_all(third);
  (void)opened_again(third, forged.media);
}

}  // namespace
}  // namespace quintet::pm_log::fuzz

// The name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quintet::pm_log::fuzz;
  open_and_use(forge({data, size}));
  return 0;
}
