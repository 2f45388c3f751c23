// SPDX-License-Identifier: MIT
#include "pm_log_cases/pool_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "base/units.hpp"
#include "pm_log_cases/settings.hpp"

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

namespace quintet::bench::pm_log_cases {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr char kKeptName[] = "quintet-pm_log.pool";

[[noreturn]] void refuse(const std::string& what) {
  throw std::runtime_error(
      fmt::format("{} in {}: {}", what, pm_dir().string(), std::strerror(errno)));
}

// Bytes of memory that can still be used; what /proc does not tell is no limit.
std::uint64_t available_memory() {
  std::ifstream file("/proc/meminfo");
  for (std::string key, unit; file >> key;) {
    std::uint64_t kib = 0;
    if (key == "MemAvailable:" && file >> kib) return kib * kKiB;
    std::getline(file, unit);
  }
  return UINT64_MAX;
}

// Before anything is allocated: a tmpfs that grows beyond memory gets processes killed.
void need_room(std::uint64_t bytes) {
  struct statvfs status{};
  if (::statvfs(pm_dir().c_str(), &status) != 0) refuse("no room is known");
  std::uint64_t room = std::uint64_t{status.f_bavail} * status.f_frsize;
  if (filesystem_of(pm_dir()) == "tmpfs") room = std::min(room, available_memory() / 10 * 9);
  if (bytes <= room) return;
  throw std::runtime_error(
      fmt::format("the file needs {} MiB, and {} has room for {}: free some, choose another folder "
                  "with --pm_dir, or a smaller file with --log_mib and --cold_mib, without --exact",
                  bytes / kMiB, pm_dir().string(), room / kMiB));
}

int open_kept() {
  const int file = ::open((pm_dir() / kKeptName).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) refuse("cannot open the kept file");
  struct flock lock{};
  lock.l_type = F_WRLCK;
  // Not flock(2): libpmemlog takes that one.
  if (::fcntl(file, F_OFD_SETLK, &lock) == 0) return file;
  ::close(file);
  throw std::runtime_error(fmt::format("another process uses {} in {}: wait until it ends",
                                       kKeptName, pm_dir().string()));
}

// Without a name.
int open_hidden() {
  std::string name = (pm_dir() / "quintet-pm_log.XXXXXX").string();
  const int file = ::mkostemp(name.data(), O_CLOEXEC);
  if (file < 0) refuse("cannot make a file");
  ::unlink(name.c_str());
  return file;
}

void allocate(int file, std::uint64_t bytes) {
  struct stat status{};
  if (::fstat(file, &status) != 0) refuse("cannot look at the file");
  const auto there = std::min<std::uint64_t>(static_cast<std::uint64_t>(status.st_blocks) * 512,
                                             static_cast<std::uint64_t>(status.st_size));
  need_room(bytes > there ? bytes - there : 0);
  if (::ftruncate(file, static_cast<off_t>(bytes)) != 0) refuse("cannot size the file");
  errno = ::posix_fallocate(file, 0, static_cast<off_t>(bytes));
  if (errno != 0) refuse(fmt::format("cannot allocate {} MiB", bytes / kMiB));
}

}  // namespace

PoolFile::PoolFile() : file_(keep_pool() ? open_kept() : open_hidden()) {
  try {
    allocate(file_, pool_bytes());
    void* data = ::mmap(nullptr, pool_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0);
    if (data == MAP_FAILED) refuse("cannot map the file");
    memory_ = {static_cast<std::byte*>(data), pool_bytes()};
  } catch (...) {
    ::close(file_);
    throw;
  }
  populate(memory_.data(), memory_.size());
}

PoolFile::~PoolFile() {
  ::munmap(memory_.data(), memory_.size());
  ::close(file_);
}

std::string PoolFile::path() const { return fmt::format("/proc/self/fd/{}", file_); }

PoolFile& pool_file() {
  static PoolFile file;
  return file;
}

ScratchPath::ScratchPath(std::uint64_t bytes) {
  static int count = 0;
  need_room(bytes);
  path_ = pm_dir() / fmt::format("quintet-pm_log.{}.{}", ::getpid(), count++);
  ::unlink(path_.c_str());
}

ScratchPath::~ScratchPath() { ::unlink(path_.c_str()); }

void populate(std::byte* memory, std::uint64_t bytes) {
  if (::madvise(memory, bytes, MADV_POPULATE_WRITE) == 0) return;
  for (std::uint64_t at = 0; at < bytes; at += kPage) {  // before Linux 5.14
    auto* byte = reinterpret_cast<volatile unsigned char*>(memory + at);
    *byte = *byte;
  }
}

std::string filesystem_of(const std::filesystem::path& folder) {
  struct statfs status{};
  if (::statfs(folder.c_str(), &status) != 0) return "unknown";
  switch (static_cast<unsigned long>(status.f_type)) {
    case TMPFS_MAGIC:
      return "tmpfs";
    case EXT4_SUPER_MAGIC:
      return "ext4";
    case XFS_SUPER_MAGIC:
      return "xfs";
    case BTRFS_SUPER_MAGIC:
      return "btrfs";
    default:
      return fmt::format("{:#x}", static_cast<unsigned long>(status.f_type));
  }
}

bool is_dax(const std::filesystem::path& folder) {
  std::string name = (folder / "quintet-pm_log.XXXXXX").string();
  const int file = ::mkostemp(name.data(), O_CLOEXEC);
  if (file < 0) return false;
  ::unlink(name.c_str());
  bool direct = false;
  if (::ftruncate(file, kPage) == 0) {
    void* data =
        ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED_VALIDATE | MAP_SYNC, file, 0);
    direct = data != MAP_FAILED;
    if (direct) ::munmap(data, kPage);
  }
  ::close(file);
  return direct;
}

}  // namespace quintet::bench::pm_log_cases
