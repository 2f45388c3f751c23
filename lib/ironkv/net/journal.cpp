// SPDX-License-Identifier: MIT
#include "ironkv/net/journal.hpp"

#include <cerrno>
#include <filesystem>
#include <optional>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "ironkv/net/text_file.hpp"
#include "pm_log/checksum.hpp"
#include "pm_log/describe.hpp"
#include "pm_log/mapped_pm.hpp"
#include "pm_log/record_log.hpp"

namespace quintet::ironkv {
namespace {

using pm_log::MappedPm;
using Pool = pm_log::MultiLog<MappedPm>;
using Records = pm_log::RecordLog<MappedPm>;

constexpr std::uint64_t kLeastLogBytes = std::uint64_t{16} << 20;
constexpr std::uint64_t kCheckpointMagic = 0x3130504B43515449;  // "ITQCKP01"
constexpr std::size_t kCheckpointHead = 4 * 8;  // magic, position, snapshot's bytes, checksum

std::unexpected<std::string> failed(std::string text) { return std::unexpected(std::move(text)); }

std::uint64_t checksum_of(std::uint64_t position, Bytes snapshot) {
  const auto seed = pm_log::crc32c(0, std::as_bytes(std::span(&position, 1)));
  return pm_log::crc32c(seed, snapshot);
}

}  // namespace

struct Journal::Impl {
  Impl(std::string its_folder, Pool its_pool)
      : folder(std::move(its_folder)), pool(std::move(its_pool)), records(*Records::of(pool)) {}

  [[nodiscard]] std::string log_path() const { return folder + "/journal"; }
  [[nodiscard]] std::string checkpoint_path() const { return folder + "/checkpoint"; }
  [[nodiscard]] pm_log::Info info() const { return *pool.info(0); }
  [[nodiscard]] std::unexpected<std::string> describe(const pm_log::Error& error) const {
    return failed(pm_log::describe(error, log_path()));
  }

  std::expected<std::optional<std::string>, std::string> read_checkpoint() const;
  std::expected<std::uint64_t, std::string> restore(Host& host, Bytes checkpoint);

  std::string folder;
  Pool pool;
  Records records;
  bool has_uncommitted = false;
};

namespace {

// A new pool gets its name when it is whole: a crash while it is made leaves none.
std::expected<void, std::string> make_pool(const std::string& path, std::uint64_t bytes) {
  const std::string draft = path + ".new";
  std::error_code ignored;
  std::filesystem::remove(draft, ignored);
  const auto describe = [&](const pm_log::Error& error) {
    return failed(pm_log::describe(error, draft));
  };
  auto memory = MappedPm::create(draft, bytes, {.prefill = true, .buffered = true});
  if (!memory && memory.error().code == pm_log::Errc::kIo && memory.error().a == ENOSPC) {
    return failed(path + ": the disk has no room for a journal of " + std::to_string(bytes >> 20) +
                  " MiB: free some, or choose a smaller one (--journal-mib)");
  }
  if (!memory) return describe(memory.error());
  const auto id = pm_log::random_uuid();
  if (!id) return describe(id.error());
  const pm_log::LogSpec spec{.name = "journal", .records = true};
  const auto pool = Pool::create(std::move(*memory), std::span(&spec, 1),
                                 {.id = *id, .commit = pm_log::Commit::kFast});
  if (!pool) return describe(pool.error());
  std::error_code error;
  std::filesystem::rename(draft, path, error);
  if (error) return failed(path + " cannot be made: " + error.message());
  return {};
}

}  // namespace

std::expected<Journal, std::string> Journal::open(const JournalOptions& options) {
  if (options.log_bytes < kLeastLogBytes) {
    return failed("a journal of " + std::to_string(options.log_bytes) +
                  " bytes is too small: use at least 16 MiB");
  }
  std::error_code error;
  if (std::filesystem::create_directories(options.folder, error)) {  // nobody else's to read
    std::filesystem::permissions(options.folder, std::filesystem::perms::owner_all, error);
  }
  if (error) {
    return failed(options.folder + " cannot be made: " + error.message() +
                  "; name a folder that is yours");
  }
  const std::string path = options.folder + "/journal";
  if (!std::filesystem::exists(path, error)) {
    if (auto made = make_pool(path, options.log_bytes); !made) return failed(made.error());
  }
  auto memory = MappedPm::open(path, {.buffered = true});
  if (!memory) return failed(pm_log::describe(memory.error(), path));
  auto pool = Pool::open(std::move(*memory));
  if (!pool) return failed(pm_log::describe(pool.error(), path));
  if (!Records::of(*pool)) {
    return failed(path + " is a pool without records, so no journal: name another folder");
  }
  return Journal(std::make_unique<Impl>(options.folder, std::move(*pool)));
}

Journal::Journal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Journal::Journal(Journal&&) noexcept = default;
Journal::~Journal() = default;

// None if there is none.
std::expected<std::optional<std::string>, std::string> Journal::Impl::read_checkpoint() const {
  std::error_code error;
  if (!std::filesystem::exists(checkpoint_path(), error)) return std::nullopt;
  auto text = read_text_file(checkpoint_path(), std::uint64_t{1} << 40);
  if (!text) return failed(text.error());
  return std::optional(std::move(*text));
}

// Returns the position in the log from which on records follow.
std::expected<std::uint64_t, std::string> Journal::Impl::restore(Host& host, Bytes checkpoint) {
  WireReader reader(checkpoint);
  const std::uint64_t magic = reader.number();
  const std::uint64_t position = reader.number();
  const std::uint64_t bytes = reader.number();
  const std::uint64_t checksum = reader.number();
  if (!reader.is_good() || magic != kCheckpointMagic || bytes != reader.left()) {
    return failed(checkpoint_path() + " is not a whole checkpoint: restore it from a copy");
  }
  const Bytes snapshot = checkpoint.subspan(kCheckpointHead);
  if (checksum_of(position, snapshot) != checksum) {
    return failed(checkpoint_path() + " is damaged: restore it from a copy");
  }
  if (auto restored = host.restore(snapshot); !restored) {
    return failed(checkpoint_path() + ": " + std::string(to_string(restored.error())));
  }
  return position;
}

std::expected<Recovered, std::string> Journal::recover(Host& host) {
  const auto text = impl_->read_checkpoint();
  if (!text) return failed(text.error());
  Recovered recovered;
  pm_log::Position position = 0;
  if (*text) {
    const Bytes bytes = std::as_bytes(std::span(**text));
    const auto from = impl_->restore(host, bytes);
    if (!from) return failed(from.error());
    position = *from;
    recovered.snapshot_bytes = bytes.size();
  }
  const pm_log::Info info = impl_->info();
  if (position < info.head || position > info.tail) {
    return failed(impl_->checkpoint_path() + " does not belong to " + impl_->log_path() +
                  ": restore both from one copy, or name another folder");
  }
  recovered.is_new = !*text && info.tail == 0;
  std::vector<std::byte> record;
  for (auto reader = impl_->records.reader(position);;) {
    const auto is_there = reader.next(record);
    if (!is_there) return impl_->describe(is_there.error());
    if (!*is_there) break;
    if (auto replayed = host.replay(record); !replayed) {
      return failed(impl_->log_path() + ", record " + std::to_string(recovered.records) + ": " +
                    std::string(to_string(replayed.error())));
    }
    ++recovered.records;
  }
  recovered.keys = host.table().size();
  return recovered;
}

std::expected<void, std::string> Journal::append(Bytes record) {
  impl_->has_uncommitted = true;
  const auto position = impl_->records.tentative_append(record);
  if (!position) return impl_->describe(position.error());
  return {};
}

bool Journal::has_uncommitted() const { return impl_->has_uncommitted; }

std::expected<void, std::string> Journal::commit() {
  if (!impl_->has_uncommitted) return {};
  if (auto done = impl_->pool.commit(); !done) return impl_->describe(done.error());
  impl_->has_uncommitted = false;
  return {};
}

bool Journal::wants_checkpoint() const {
  const pm_log::Info info = impl_->info();
  return info.pending_tail - info.head > info.capacity / 2;
}

std::expected<void, std::string> Journal::checkpoint(const Host& host) {
  if (auto done = commit(); !done) return done;
  const std::uint64_t position = impl_->info().tail;
  std::vector<std::byte> bytes(kCheckpointHead);
  host.save(bytes);
  const Bytes snapshot = Bytes(bytes).subspan(kCheckpointHead);
  std::byte* at = store_le64(bytes.data(), kCheckpointMagic);
  at = store_le64(at, position);
  at = store_le64(at, snapshot.size());
  store_le64(at, checksum_of(position, snapshot));
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (auto written =
          write_text_file(impl_->checkpoint_path(), text, Readers::kOwnerOnly, IfThere::kReplace);
      !written) {
    return written;
  }
  if (auto done = impl_->pool.advance_head(0, position); !done) {
    return impl_->describe(done.error());
  }
  return {};
}

}  // namespace quintet::ironkv
