// SPDX-License-Identifier: MIT
#include "pm_log/mapped_pm.hpp"

#include <fcntl.h>
#include <libpmem.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <string>
#include <vector>

#include "base/align.hpp"
#include "base/assert.hpp"
#include "pm_log/bus_guard.hpp"

namespace quintet::pm_log {
namespace {

std::unexpected<Error> io_error(int code = errno) {
  return std::unexpected(
      Error{.code = Errc::kIo, .a = static_cast<std::uint64_t>(static_cast<unsigned>(code))});
}

// A descriptor that holds the lock of a log, or why there is none.
Result<int> lock(const std::filesystem::path& path, bool read_only) {
  const int file = ::open(path.c_str(), (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
  if (file < 0) return io_error();
  struct stat status{};
  if (::fstat(file, &status) != 0 || S_ISDIR(status.st_mode)) {
    const int code = S_ISDIR(status.st_mode) ? EISDIR : errno;
    ::close(file);
    return io_error(code);
  }
  if (S_ISREG(status.st_mode) && status.st_size == 0) {
    ::close(file);
    return std::unexpected(Error{.code = Errc::kNotALog, .a = 0});
  }
  // Readers take no lock: they may follow a log that is being written.
  if (!read_only && ::flock(file, LOCK_EX | LOCK_NB) != 0) {
    const bool busy = errno == EWOULDBLOCK;
    const int code = errno;
    ::close(file);
    return busy ? std::unexpected(Error{.code = Errc::kBusy}) : io_error(code);
  }
  return file;
}

struct Mapping {
  std::byte* data;
  std::size_t size;
  bool is_pmem;
};

// Bytes of a file or a device; 0 if they cannot be told.
std::size_t size_of(int file) {
  struct stat status{};
  if (::fstat(file, &status) != 0) return 0;
  if (!S_ISCHR(status.st_mode)) return static_cast<std::size_t>(status.st_size);
  std::ifstream text("/sys/dev/char/" + std::to_string(major(status.st_rdev)) + ":" +
                     std::to_string(minor(status.st_rdev)) + "/size");
  std::size_t size = 0;
  text >> size;
  return size;
}

// libpmem maps for writing only.
Result<Mapping> map_for_reading(int file) {
  const std::size_t size = size_of(file);
  if (size == 0) return io_error(ENODEV);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED_VALIDATE | MAP_SYNC, file, 0);
  const bool is_dax = data != MAP_FAILED;
  if (!is_dax) data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  if (data == MAP_FAILED) return io_error();
  return Mapping{static_cast<std::byte*>(data), size, is_dax || pmem_is_pmem(data, size) != 0};
}

// A new file is there after a power failure when its folder says so.
bool sync_folder(const std::filesystem::path& path) {
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return false;
  const bool ok = ::fsync(file) == 0;
  ::close(file);
  return ok;
}

bool write_at(int file, std::span<const std::byte> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    offset += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

// Writes zeros where zeros are.
bool write_all_pages(int file, std::size_t bytes) {
  const std::vector<std::byte> zeros(std::min<std::size_t>(bytes, std::size_t{1} << 20));
  for (std::size_t at = 0; at < bytes; at += zeros.size()) {
    const auto part = std::span(zeros).first(std::min(zeros.size(), bytes - at));
    if (!write_at(file, part, at)) return false;
  }
  return ::fdatasync(file) == 0;
}

// In place of the shared mapping.
bool map_privately(const Mapping& mapping, int file) {
  return ::mmap(mapping.data, mapping.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file,
                0) != MAP_FAILED;
}

Result<Mapping> map_for_writing(const std::filesystem::path& path, std::size_t bytes, int flags) {
  std::size_t size = 0;
  int is_pmem = 0;
  void* data = pmem_map_file(path.c_str(), bytes, flags, 0644, &size, &is_pmem);
  if (data == nullptr) return io_error();
  return Mapping{static_cast<std::byte*>(data), size, is_pmem != 0};
}

}  // namespace

MappedPm::MappedPm(std::byte* data, std::uint64_t size, Durability durability,
                   const Options& options, bool owned, int file)
    : data_(data),
      size_(size),
      copy_(stream_copy()),
      durability_(durability),
      options_(options),
      owned_(owned),
      file_(file) {
  if (options.populate) {
    // Only a hint: without it, pages are mapped at first touch.
    ::madvise(data_, size_, options.read_only ? MADV_POPULATE_READ : MADV_POPULATE_WRITE);
  }
}

MappedPm::~MappedPm() {
  if (owned_) pmem_unmap(data_, size_);
  if (file_ >= 0) ::close(file_);
}

Result<MappedPm> MappedPm::create(const std::filesystem::path& path, std::uint64_t bytes,
                                  const Options& options) {
  struct stat status{};
  const bool device = ::stat(path.c_str(), &status) == 0 && S_ISCHR(status.st_mode);
  const auto mapping = device ? map_for_writing(path, bytes, 0)
                              : map_for_writing(path, bytes, PMEM_FILE_CREATE | PMEM_FILE_EXCL);
  if (!mapping) return std::unexpected(mapping.error());
  auto file = lock(path, false);
  if (file && !device && !sync_folder(path)) {
    ::close(*file);
    file = io_error();
  }
  if (file && !device && !mapping->is_pmem &&
      ((options.prefill && !write_all_pages(*file, mapping->size)) ||
       (options.buffered && !map_privately(*mapping, *file)))) {
    const auto error = io_error();
    ::close(*file);
    file = error;
  }
  if (!file) {
    pmem_unmap(mapping->data, mapping->size);
    if (!device) ::unlink(path.c_str());  // it is ours, and new
    return std::unexpected(file.error());
  }
  return MappedPm(mapping->data, mapping->size,
                  mapping->is_pmem ? Durability::kFlush : Durability::kMsync, options, true, *file);
}

Result<MappedPm> MappedPm::open(const std::filesystem::path& path, const Options& options) {
  const auto file = lock(path, options.read_only);
  if (!file) return std::unexpected(file.error());
  const auto mapping = options.read_only ? map_for_reading(*file) : map_for_writing(path, 0, 0);
  if (!mapping) {
    ::close(*file);
    return std::unexpected(mapping.error());
  }
  if (options.buffered && !options.read_only && !mapping->is_pmem &&
      !map_privately(*mapping, *file)) {
    const auto error = io_error();
    pmem_unmap(mapping->data, mapping->size);
    ::close(*file);
    return error;
  }
  return MappedPm(mapping->data, mapping->size,
                  mapping->is_pmem ? Durability::kFlush : Durability::kMsync, options, true, *file);
}

MappedPm MappedPm::adopt(std::span<std::byte> memory, Durability durability) {
  return MappedPm(memory.data(), memory.size(), durability, {}, false, -1);
}

void MappedPm::flush_lines(std::uint64_t offset, std::uint64_t bytes) {
  pmem_flush(data_ + offset, bytes);
}

void MappedPm::note(std::uint64_t offset, std::uint64_t bytes) {
  if (bytes == 0) return;
  constexpr std::uint64_t kNear = 16 * 4096;
  const std::uint64_t end = offset + bytes;
  Range* range = nullptr;
  for (Range& known : std::span(dirty_).first(dirty_ranges_)) {
    if (offset <= known.end + kNear && known.begin <= end + kNear) range = &known;
  }
  if (range == nullptr && dirty_ranges_ < dirty_.size()) {
    dirty_[dirty_ranges_++] = {offset, end};
    return;
  }
  // Too many: the last one grows over what lies between.
  if (range == nullptr) range = &dirty_.back();
  range->begin = std::min(range->begin, offset);
  range->end = std::max(range->end, end);
}

bool MappedPm::write_back(const Range& range) const {
  const auto bytes = std::span(data_, size_).subspan(range.begin, range.end - range.begin);
  return write_at(file_, bytes, range.begin);
}

bool MappedPm::sync() {
  const auto ranges = std::span(dirty_).first(std::exchange(dirty_ranges_, 0));
  if (ranges.empty()) return true;
  if (options_.buffered) {
    return std::ranges::all_of(ranges, [&](const Range& range) { return write_back(range); }) &&
           ::fdatasync(file_) == 0;
  }
  if (ranges.size() > 1 && file_ >= 0) return ::fdatasync(file_) == 0;
  return std::ranges::all_of(ranges, [&](const Range& range) {
    const std::uint64_t begin = align_down<std::uint64_t>(range.begin, 4096);
    return pmem_msync(data_ + begin, range.end - begin) == 0;
  });
}

bool MappedPm::read_guarded(std::uint64_t offset, std::span<std::byte> bytes) const {
  if (bytes.empty()) return true;
  return guarded([&] { std::memcpy(bytes.data(), data_ + offset, bytes.size()); });
}

}  // namespace quintet::pm_log
