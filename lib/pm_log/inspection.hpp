// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "pm_log/error.hpp"
#include "pm_log/layout.hpp"
#include "pm_log/log_state.hpp"
#include "pm_log/persistent_memory.hpp"

// What an inspection (inspect.hpp) says.
namespace quintet::pm_log {

enum class Severity : std::uint8_t {
  kNote,   // nothing is lost: what a power failure leaves, or what nobody relies on
  kError,  // something is not what was written
};

struct Finding {
  Severity severity = Severity::kError;
  Part part = Part::kNone;
  std::optional<std::uint32_t> log = {};       // the log concerned
  std::uint64_t offset = 0;                    // on the media
  std::optional<std::uint64_t> position = {};  // in the log, of payload and records
  std::string expected = {};
  std::string found = {};
};

struct Inspection {
  static constexpr std::size_t kMostFindings = 1000;

  std::vector<Finding> findings{};
  std::uint64_t not_listed = 0;               // errors beyond kMostFindings
  std::optional<Superblock> superblock = {};  // what everything was checked by
  std::vector<std::uint64_t> records{};       // per log: records that are whole
  Result<PoolState> pool = std::unexpected(Error{.code = Errc::kNotALog});  // what opening gives

  [[nodiscard]] std::uint64_t errors() const {
    const auto is_error = [](const Finding& f) { return f.severity == Severity::kError; };
    return not_listed +
           static_cast<std::uint64_t>(std::count_if(findings.begin(), findings.end(), is_error));
  }
  void add(Finding finding) {
    if (findings.size() < kMostFindings) {
      findings.push_back(std::move(finding));
    } else if (finding.severity == Severity::kError) {
      ++not_listed;
    }
  }
};

// A log's window, as the slot that counts says.
struct Window {
  DirectoryEntry place{};
  LogSlot slot{};
  bool known = false;  // the directory entry and the slot are whole
};

// A memory that others may be writing: it is read, and nothing else. What recovery writes back
// stays where it is.
template <PersistentMemory M>
class ReadOnlyView {
 public:
  explicit ReadOnlyView(const M& memory) : memory_(&memory) {}

  [[nodiscard]] std::uint64_t size() const { return memory_->size(); }
  void store(std::uint64_t, std::span<const std::byte>) { QT_CHECK(false, "a view is read"); }
  void stream(std::uint64_t, std::span<const std::byte>) { QT_CHECK(false, "a view is read"); }
  void flush(std::uint64_t, std::uint64_t) {}
  [[nodiscard]] bool fence() { return true; }
  [[nodiscard]] bool read(std::uint64_t offset, std::span<std::byte> bytes) const {
    return offset <= size() && bytes.size() <= size() - offset && memory_->read(offset, bytes);
  }

 private:
  const M* memory_;
};

namespace internal {

// Bytes of a ring, piece by piece, until `visit(offset on the media, bytes)` is false or they
// cannot be read. Returns the offset that could not be read, or nothing.
template <PersistentMemory M, class Visit>
std::optional<std::uint64_t> for_each_piece(const ReadOnlyView<M>& memory,
                                            const DirectoryEntry& place, std::uint64_t position,
                                            std::uint64_t count, Visit visit) {
  std::array<std::byte, kPageBytes> buffer;
  std::uint64_t at = position % place.length;
  while (count != 0) {
    const auto bytes =
        std::span(buffer).first(std::min({count, place.length - at, std::uint64_t{buffer.size()}}));
    if (!memory.read(place.area + at, bytes)) return place.area + at;
    if (!visit(place.area + at, std::span<const std::byte>(bytes))) return {};
    at = at + bytes.size() == place.length ? 0 : at + bytes.size();
    count -= bytes.size();
  }
  return {};
}

}  // namespace internal

}  // namespace quintet::pm_log
