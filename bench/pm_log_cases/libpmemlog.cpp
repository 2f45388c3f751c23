// SPDX-License-Identifier: MIT
#include "pm_log_cases/rival_impl.hpp"

#ifdef QT_HAVE_LIBPMEMLOG
#include <libpmemlog.h>

#include <cstring>
#include <string>

namespace quintet::bench::pm_log_cases {
namespace {

constexpr std::size_t kHeaderBytes = 8192;  // of a pool, before its data

PMEMlogpool* pool_of(void* pool) { return static_cast<PMEMlogpool*>(pool); }

PMEMlogpool* made(PMEMlogpool* pool) {
  if (pool != nullptr) return pool;
  throw std::runtime_error(std::string("libpmemlog refused: ") + pmemlog_errormsg());
}

// Its mapping is another one than ours, and starts without pages. It does not say where it is;
// only somebody who walks through the log is told.
void populate_pool(PMEMlogpool* pool) {
  const char byte = 0;
  if (pmemlog_append(pool, &byte, 1) != 0) return;
  auto note = [](const void* data, std::size_t, void* out) {
    *static_cast<const void**>(out) = data;
    return 0;
  };
  const void* data = nullptr;
  pmemlog_walk(pool, 0, note, &data);
  pmemlog_rewind(pool);
  if (data == nullptr) return;
  populate(static_cast<std::byte*>(const_cast<void*>(data)), pmemlog_nbyte(pool));
}

}  // namespace

bool Libpmemlog::is_here() { return true; }

// A file without a pool's header becomes a pool; its pages stay as they are.
Libpmemlog::Libpmemlog() {
  PoolFile& file = pool_file();
  std::memset(file.memory().data(), 0, kHeaderBytes);
  PMEMlogpool* const pool = made(pmemlog_create(file.path().c_str(), 0, 0600));
  populate_pool(pool);
  pool_ = pool;
}

Libpmemlog::Libpmemlog(const std::filesystem::path& path, std::uint64_t bytes)
    : pool_(made(pmemlog_create(path.c_str(), bytes, 0600))) {}

Libpmemlog::~Libpmemlog() { pmemlog_close(pool_of(pool_)); }

bool Libpmemlog::append(std::span<const std::byte> bytes) {
  PMEMlogpool* const pool = pool_of(pool_);
  const auto used = static_cast<std::uint64_t>(pmemlog_tell(pool));
  if (pmemlog_nbyte(pool) - used <= bytes.size()) pmemlog_rewind(pool);
  return pmemlog_append(pool, bytes.data(), bytes.size()) == 0;
}

}  // namespace quintet::bench::pm_log_cases

#else  // a build without it

namespace quintet::bench::pm_log_cases {

bool Libpmemlog::is_here() { return false; }
Libpmemlog::Libpmemlog() : pool_(nullptr) {}
Libpmemlog::Libpmemlog(const std::filesystem::path&, std::uint64_t) : pool_(nullptr) {}
Libpmemlog::~Libpmemlog() = default;
bool Libpmemlog::append(std::span<const std::byte>) { return false; }

}  // namespace quintet::bench::pm_log_cases

#endif
