// SPDX-License-Identifier: MIT
#include "pm_log/pmemlog_pool.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/assert.hpp"
#include "pm_log/describe.hpp"
#include "pm_log/text.hpp"

namespace quintet::pm_log {
namespace {

constexpr std::size_t kHeaderBytes = 4096;
constexpr std::uint64_t kOffsetsAt = kHeaderBytes;
constexpr std::uint64_t kDataAt = 0x2000;
constexpr std::string_view kSignature{"PMEMLOG\0", 8};

// Where the header's fields lie.
constexpr std::size_t kMajorAt = 8;
constexpr std::size_t kIncompatibleAt = 16;
constexpr std::size_t kIdAt = 40;  // this file's id; those of its neighbours follow
constexpr std::size_t kNextPartAt = 72;
constexpr std::size_t kChecksumAt = kHeaderBytes - sizeof(std::uint64_t);

// Bits of features without which a pool cannot be read.
constexpr std::uint32_t kShortChecksum = 2;  // covers the first half of the header only
constexpr std::uint32_t kKnownFeatures = 7;  // and: one header for all parts, shutdown state

template <class T>
T load(std::span<const std::byte> bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

std::unexpected<PmemlogError> error_of(PmemlogErrc code, std::uint64_t a = 0, std::uint64_t b = 0) {
  return std::unexpected(PmemlogError{code, a, b});
}
std::unexpected<PmemlogError> io_error(int code) {
  return error_of(PmemlogErrc::kIo, static_cast<std::uint64_t>(static_cast<unsigned>(code)));
}

}  // namespace

// Fletcher's checksum of 32-bit words. What it does not cover counts as zeros.
std::uint64_t pmemlog_checksum(std::span<const std::byte> header) {
  QT_CHECK(header.size() == kHeaderBytes);
  const bool is_short = (load<std::uint32_t>(header, kIncompatibleAt) & kShortChecksum) != 0;
  const std::size_t covered = is_short ? kHeaderBytes / 2 : kChecksumAt;
  std::uint32_t sum = 0;
  std::uint32_t sum_of_sums = 0;
  for (std::size_t at = 0; at < kHeaderBytes; at += sizeof sum) {
    if (at < covered) sum += load<std::uint32_t>(header, at);
    sum_of_sums += sum;
  }
  return std::uint64_t{sum_of_sums} << 32 | sum;
}

std::string_view pmdk_kind(std::span<const std::byte, 8> signature) {
  const std::string_view text(reinterpret_cast<const char*>(signature.data()), signature.size());
  if (text == kSignature) return "libpmemlog pool";
  if (text == std::string_view{"PMEMOBJ\0", 8}) return "pool of libpmemobj";
  if (text == std::string_view{"PMEMBLK\0", 8}) return "pool of libpmemblk";
  return {};
}

PmemlogPool::Result<PmemlogPool> PmemlogPool::open(const std::filesystem::path& path) {
  PmemlogPool pool(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (pool.file_ < 0) return io_error(errno);
  struct stat status{};
  if (::fstat(pool.file_, &status) != 0) return io_error(errno);
  if (S_ISDIR(status.st_mode)) return io_error(EISDIR);
  if (!S_ISREG(status.st_mode)) return io_error(ENOTSUP);
  if (::flock(pool.file_, LOCK_SH | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return error_of(PmemlogErrc::kBusy);
    return io_error(errno);
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (auto done = pool.read_header(size); !done) return std::unexpected(done.error());
  if (auto done = pool.read_offsets(size); !done) return std::unexpected(done.error());
  return pool;
}

PmemlogPool::~PmemlogPool() {
  if (file_ >= 0) ::close(file_);
}

PmemlogPool::Result<void> PmemlogPool::read_header(std::uint64_t size) {
  std::array<std::byte, kHeaderBytes> header{};
  const auto there = std::span(header).first(std::min<std::uint64_t>(size, header.size()));
  if (auto done = read_at(0, there); !done) return done;
  if (pmdk_kind(std::span(header).first<8>()) != "libpmemlog pool") {
    return error_of(PmemlogErrc::kNotAPmemlog, size);
  }
  if (size < kDataAt) return error_of(PmemlogErrc::kTruncated, kDataAt, size);
  const std::uint64_t expected = pmemlog_checksum(header);
  const auto found = load<std::uint64_t>(header, kChecksumAt);
  if (found != expected) return error_of(PmemlogErrc::kHeaderDamaged, expected, found);
  const auto major = load<std::uint32_t>(header, kMajorAt);
  if (major != 1) return error_of(PmemlogErrc::kVersionUnsupported, major);
  const auto features = load<std::uint32_t>(header, kIncompatibleAt);
  if ((features & ~kKnownFeatures) != 0) return error_of(PmemlogErrc::kFeatures, features);
  id_ = load<Uuid>(header, kIdAt);
  if (load<Uuid>(header, kNextPartAt) != id_) return error_of(PmemlogErrc::kSeveralParts);
  return {};
}

PmemlogPool::Result<void> PmemlogPool::read_offsets(std::uint64_t size) {
  std::array<std::byte, 3 * sizeof(std::uint64_t)> offsets{};
  if (auto done = read_at(kOffsetsAt, offsets); !done) return done;
  start_ = load<std::uint64_t>(offsets, 0);
  end_ = load<std::uint64_t>(offsets, 8);
  write_ = load<std::uint64_t>(offsets, 16);
  if (start_ != kDataAt) return error_of(PmemlogErrc::kOffsetsWrong, 0, start_);
  if (end_ < start_) return error_of(PmemlogErrc::kOffsetsWrong, 1, end_);
  if (end_ > size) return error_of(PmemlogErrc::kTruncated, end_, size);
  if (write_ < start_ || write_ > end_) return error_of(PmemlogErrc::kOffsetsWrong, 2, write_);
  return {};
}

PmemlogPool::Result<void> PmemlogPool::read(std::uint64_t offset,
                                            std::span<std::byte> bytes) const {
  QT_CHECK(offset <= used() && bytes.size() <= used() - offset, "outside of what was appended");
  return read_at(start_ + offset, bytes);
}

PmemlogPool::Result<void> PmemlogPool::read_at(std::uint64_t offset,
                                               std::span<std::byte> bytes) const {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t got =
        ::pread(file_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno != EINTR) return io_error(errno);
    if (got == 0) return error_of(PmemlogErrc::kTruncated, offset + bytes.size(), offset + done);
    if (got > 0) done += static_cast<std::size_t>(got);
  }
  return {};
}

std::string describe(const PmemlogError& error, std::string_view path) {
  const std::string a = std::to_string(error.a);
  switch (error.code) {
    case PmemlogErrc::kIo:
      if (error.a != ENOENT) return describe(Error{.code = Errc::kIo, .a = error.a}, path);
      return joined({path, " does not exist: check the name of the libpmemlog pool"});
    case PmemlogErrc::kBusy:
      return joined({path, " is busy: a program has it open; end it first"});
    case PmemlogErrc::kNotAPmemlog:
      return joined({path, error.a == 0 ? " is empty" : " does not start with PMEMLOG",
                     ", so it is no libpmemlog pool: check the name"});
    case PmemlogErrc::kVersionUnsupported:
      return joined({path, " is a libpmemlog pool of version ", a,
                     ", and only version 1 is known: copy it by a program that uses libpmemlog"});
    case PmemlogErrc::kFeatures:
      return joined({path, " is a libpmemlog pool with features ", hex(error.a),
                     ", and only those of ", hex(kKnownFeatures),
                     " are known: copy it by a program that uses libpmemlog"});
    case PmemlogErrc::kHeaderDamaged:
      return joined({path, ": the header of the libpmemlog pool has checksum ", hex(error.b),
                     " where its content has ", hex(error.a),
                     ": restore it from a copy, or try `pmempool check --repair`"});
    case PmemlogErrc::kSeveralParts:
      return joined({path,
                     " is one of several files of a libpmemlog pool set: copy the set into one ",
                     "file by a program that uses libpmemlog"});
    case PmemlogErrc::kTruncated:
      return joined({path, " has ", counted(error.b, "byte"), ", but the libpmemlog pool in it ",
                     "needs ", a, ": it was cut off; restore it from a copy"});
    case PmemlogErrc::kOffsetsWrong:
      break;
  }
  constexpr std::array<std::string_view, 3> kNames{"start", "end", "write"};
  return joined({path, ": the ", kNames[std::min<std::size_t>(error.a, 2)],
                 " offset of the libpmemlog pool is ", hex(error.b),
                 ", which lies outside of its data: restore it from a copy"});
}

}  // namespace quintet::pm_log
