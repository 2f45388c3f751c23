// SPDX-License-Identifier: MIT
#include "pm_log/mapped_pm.hpp"

#include <fcntl.h>
#include <libpmem.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

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

Result<Mapping> map_for_reading(int file) {
  struct stat status{};
  if (::fstat(file, &status) != 0) return io_error();
  const auto size = static_cast<std::size_t>(status.st_size);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  if (data == MAP_FAILED) return io_error();
  return Mapping{static_cast<std::byte*>(data), size, pmem_is_pmem(data, size) != 0};
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
  const auto file = lock(path, false);
  if (!file) {
    pmem_unmap(mapping->data, mapping->size);
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
  return MappedPm(mapping->data, mapping->size,
                  mapping->is_pmem ? Durability::kFlush : Durability::kMsync, options, true, *file);
}

MappedPm MappedPm::adopt(std::span<std::byte> memory, Durability durability) {
  return MappedPm(memory.data(), memory.size(), durability, {}, false, -1);
}

void MappedPm::flush_lines(std::uint64_t offset, std::uint64_t bytes) {
  pmem_flush(data_ + offset, bytes);
}

bool MappedPm::sync() {
  if (dirty_end_ == 0) return true;
  const std::uint64_t begin = align_down<std::uint64_t>(dirty_begin_, 4096);
  const int status = pmem_msync(data_ + begin, dirty_end_ - begin);
  dirty_begin_ = UINT64_MAX;
  dirty_end_ = 0;
  return status == 0;
}

bool MappedPm::read_guarded(std::uint64_t offset, std::span<std::byte> bytes) const {
  return guarded([&] { std::memcpy(bytes.data(), data_ + offset, bytes.size()); });
}

}  // namespace quintet::pm_log
