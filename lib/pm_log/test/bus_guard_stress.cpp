// SPDX-License-Identifier: MIT
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "pm_log/log.hpp"
#include "pm_log/mapped_pm.hpp"
#include "pm_log/test/kill/killed_pool.hpp"
#include "testing/catch.hpp"
#include "testing/child.hpp"

// Memory that cannot be read, as the end of a file that is shorter than its mapping: the kernel
// sends SIGBUS for it, as it does for poisoned memory.
namespace quintet::pm_log {
namespace {

constexpr std::uint64_t kBytes = 16 * kPageBytes;
constexpr MappedPm::Options kGuarded{.guard_sigbus = true};
constexpr std::array<std::byte, 3 * kPageBytes> kPayload{std::byte{1}};

void make_pool(const kill::TemporaryFile& file) {
  auto memory = MappedPm::create(file.path(), kBytes, {});
  REQUIRE(memory.has_value());
  auto log = Log<MappedPm>::create(*std::move(memory), {.id = {{std::byte{7}}}});
  REQUIRE(log.has_value());
  for (int i = 0; i < 3; ++i) REQUIRE(log->append(kPayload).has_value());
}

void shorten(const kill::TemporaryFile& file, std::uint64_t bytes) {
  REQUIRE(::truncate(file.path().c_str(), static_cast<off_t>(bytes)) == 0);
}

MappedPm map(const kill::TemporaryFile& file, const MappedPm::Options& options) {
  auto memory = MappedPm::open(file.path(), options);
  REQUIRE(memory.has_value());
  return *std::move(memory);
}

}  // namespace

TEST_CASE("Reading payload that the device lost is an error and the rest can be read") {
  const kill::TemporaryFile file;
  make_pool(file);
  auto log = Log<MappedPm>::open(map(file, kGuarded));
  REQUIRE(log.has_value());
  const std::uint64_t lost = data_start(1) + 4 * kPageBytes;
  shorten(file, lost);
  std::array<std::byte, kPageBytes> page;
  for (int i = 0; i < 3; ++i) {  // one error must not use up the guard
    const auto bad = log->read(4 * kPageBytes, page);
    REQUIRE(!bad.has_value());
    CHECK(bad.error().code == Errc::kMedia);
    CHECK(bad.error().a == lost);
    CHECK(log->read(3 * kPageBytes, page).has_value());
    CHECK(page[0] == std::byte{1});
  }
  // Across the edge.
  const auto bad = log->read(3 * kPageBytes + 1, page);
  REQUIRE(!bad.has_value());
  CHECK(bad.error().code == Errc::kMedia);
}

TEST_CASE("Opening a pool whose metadata the device lost is an error") {
  const kill::TemporaryFile file;
  make_pool(file);
  struct Lost {
    std::uint64_t left;  // bytes
    std::uint64_t at;    // of the error
  };
  // All of it; the second superblock, which can be spared, and the directory.
  for (const auto& [left, at] : {Lost{0, 0}, Lost{kPageBytes, directory_at(0)}}) {
    MappedPm memory = map(file, kGuarded);
    shorten(file, left);
    const auto log = Log<MappedPm>::open(std::move(memory));
    shorten(file, kBytes);  // for the next; what was cut off is zeros now
    INFO("bytes left: " << left);
    REQUIRE(!log.has_value());
    CHECK(log.error().code == Errc::kMedia);
    CHECK(log.error().a == at);
    ::unlink(file.path().c_str());
    make_pool(file);
  }
}

TEST_CASE("Without the guard the signal ends the process and so it does beside one") {
  const kill::TemporaryFile file;
  make_pool(file);
  for (const bool guarded : {false, true}) {
    const auto outcome = testing::run_child([&] {
      std::signal(SIGBUS, SIG_DFL);  // a sanitizer has a handler of its own
      MappedPm memory = map(file, {.guard_sigbus = guarded});
      shorten(file, kPageBytes);
      std::array<std::byte, 8> word;
      if (guarded && memory.read(2 * kPageBytes, word)) ::_exit(3);
      // Not through read(): not asked for.
      if (guarded) ::_exit(std::to_integer<int>(memory.data()[2 * kPageBytes]));
      (void)memory.read(2 * kPageBytes, word);
    });
    INFO("guarded: " << guarded);
    CHECK(outcome.signal == SIGBUS);
    shorten(file, kBytes);
  }
}

}  // namespace quintet::pm_log
