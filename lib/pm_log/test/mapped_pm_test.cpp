// SPDX-License-Identifier: MIT
#include <signal.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "pm_log/bus_guard.hpp"
#include "pm_log/log.hpp"
#include "pm_log/mapped_pm.hpp"
#include "pm_log/test/world/plain_pool.hpp"
#include "pm_log/test/world/some_bytes.hpp"
#include "testing/catch.hpp"
#include "testing/child.hpp"

// Files as memory: made, opened, refused, and taken away underneath.
namespace quintet::pm_log::world {
namespace {

namespace fs = std::filesystem;
using Pool = Log<MappedPm>;
constexpr std::uint64_t kBytes = 64 * 1024;

// A folder of its own, gone afterwards.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "quintet-mapped-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] fs::path operator/(const char* name) const { return path_ / name; }
  [[nodiscard]] bool is_empty() const { return fs::is_empty(path_); }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

Error io(int code) { return {.code = Errc::kIo, .a = static_cast<std::uint64_t>(code)}; }
MappedPm made(const fs::path& path, std::uint64_t bytes = kBytes,
              const MappedPm::Options& options = {}) {
  auto memory = MappedPm::create(path, bytes, options);
  REQUIRE(memory.has_value());
  return *std::move(memory);
}
MappedPm opened(const fs::path& path, const MappedPm::Options& options = {}) {
  auto memory = MappedPm::open(path, options);
  REQUIRE(memory.has_value());
  return *std::move(memory);
}
Error error_of_opening(const fs::path& path, const MappedPm::Options& options = {}) {
  const auto memory = MappedPm::open(path, options);
  REQUIRE(!memory.has_value());
  return memory.error();
}
TEST_CASE("mapped: a log survives being closed and opened") {
  for (const Commit commit : {Commit::kStrict, Commit::kFast}) {
    Folder folder;
    const auto large = SomeBytes(1).bytes(20'000);
    {
      auto log = Pool::create(made(folder / "log"), {.commit = commit});
      REQUIRE(log.has_value());
      REQUIRE(log->append(bytes_of("first")).has_value());
      REQUIRE(log->append(large).has_value());
      REQUIRE(log->advance_head(3).has_value());
      REQUIRE(log->tentative_append(bytes_of("never committed")).has_value());
    }
    CHECK(fs::file_size(folder / "log") == kBytes);
    for (const bool read_only : {true, false}) {
      auto log = Pool::open(opened(folder / "log", {.read_only = read_only, .populate = true}),
                            {.read_only = read_only});
      REQUIRE(log.has_value());
      CHECK(log->info() == Info{3, 20'005, 20'005, kBytes - 0x4000});
      std::vector<std::byte> found(20'000);
      REQUIRE(log->read(5, found).has_value());
      CHECK((found == large));
      CHECK(log->append(bytes_of("")).has_value() == !read_only);
    }
  }
}

// By somebody else.
std::string contents_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_CASE("mapped: what is buffered is in the file after a fence and not before") {
  constexpr std::uint64_t kLarge = 1 << 20;
  Folder folder;
  const fs::path path = folder / "memory";
  for (const bool is_new : {true, false}) {
    MappedPm memory = is_new ? made(path, kLarge, {.prefill = true, .buffered = true})
                             : opened(path, {.buffered = true});
    const char mark = is_new ? 'a' : 'b';
    const std::vector<std::byte> line(64, static_cast<std::byte>(mark));
    // Two lines near each other and one far away; the same lines again.
    for (const std::uint64_t at : {0U, 128U, 4096U, 128U}) {
      const std::string before = contents_of(path);
      memory.store(at, line);
      memory.flush(at, line.size());
      memory.stream(at + 64, line);
      memory.stream(at + kLarge / 2, line);
      CHECK(contents_of(path) == before);
      REQUIRE(memory.fence());
      const std::string after = contents_of(path);
      REQUIRE(after.size() == kLarge);
      CHECK(after.substr(at, 128) == std::string(128, mark));
      CHECK(after.substr(at + kLarge / 2, 64) == std::string(64, mark));
      CHECK(std::memcmp(memory.data(), after.data(), after.size()) == 0);
    }
  }
}

TEST_CASE("mapped: a log that is buffered survives being closed and opened") {
  Folder folder;
  {
    auto log = Pool::create(made(folder / "log", kBytes, {.prefill = true, .buffered = true}),
                            {.commit = Commit::kFast});
    REQUIRE(log.has_value());
    REQUIRE(log->append(bytes_of("first")).has_value());
    REQUIRE(log->tentative_append(bytes_of("never committed")).has_value());
  }
  for (const bool is_buffered : {true, false}) {
    auto log = Pool::open(opened(folder / "log", {.buffered = is_buffered}));
    REQUIRE(log.has_value());
    CHECK(log->info().tail == (is_buffered ? 5U : 9U));
    REQUIRE(log->append(bytes_of("next")).has_value());
  }
}

TEST_CASE("mapped: a file that is there is not overwritten") {
  Folder folder;
  {
    auto memory = made(folder / "log");
  }
  const auto again = MappedPm::create(folder / "log", kBytes, {});
  REQUIRE(!again.has_value());
  CHECK(again.error() == io(EEXIST));
  CHECK(fs::file_size(folder / "log") == kBytes);
}

TEST_CASE("mapped: what cannot be made is an error and leaves no file") {
  Folder folder;
  for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{1} << 50, UINT64_MAX}) {
    const auto memory = MappedPm::create(folder / "log", bytes, {});
    INFO("of " << bytes << " bytes");
    REQUIRE(!memory.has_value());
    CHECK(memory.error().code == Errc::kIo);
    CHECK(memory.error().a != 0);
    CHECK(folder.is_empty());
  }
  const auto nowhere = MappedPm::create(folder / "no such folder/log", kBytes, {});
  REQUIRE(!nowhere.has_value());
  CHECK(nowhere.error() == io(ENOENT));
}

TEST_CASE("mapped: what is no file of a log is told apart") {
  Folder folder;
  CHECK(error_of_opening(folder / "missing") == io(ENOENT));
  CHECK(error_of_opening(folder / "missing", {.read_only = true}) == io(ENOENT));
  CHECK(error_of_opening(folder.path()) == io(EISDIR));
  CHECK(error_of_opening(folder.path(), {.read_only = true}) == io(EISDIR));
  std::ofstream(folder / "empty").flush();
  CHECK(error_of_opening(folder / "empty") == Error{.code = Errc::kNotALog});
  CHECK(error_of_opening(folder / "empty", {.read_only = true}) == Error{.code = Errc::kNotALog});
  CHECK(fs::file_size(folder / "empty") == 0);
  std::ofstream(folder / "short") << "no log";
  for (const bool read_only : {true, false}) {
    const auto log =
        Pool::open(opened(folder / "short", {.read_only = read_only}), {.read_only = read_only});
    REQUIRE(!log.has_value());
    CHECK(log.error() == Error{.code = Errc::kNotALog, .a = 6});
  }
  CHECK(fs::file_size(folder / "short") == 6);
}

TEST_CASE("mapped: a second writer finds it busy and a reader does not") {
  Folder folder;
  const fs::path path = folder / "log";
  {
    auto log = Pool::create(made(path), {});
    REQUIRE(log.has_value());
    REQUIRE(log->append(bytes_of("one")).has_value());
    CHECK(error_of_opening(path) == Error{.code = Errc::kBusy});
    const auto other = testing::run_child([&] {
      const auto memory = MappedPm::open(path, {});
      ::_exit(!memory && memory.error() == Error{.code = Errc::kBusy} ? 17 : 1);
    });
    CHECK(other.exit_code == 17);

    auto reader = Pool::open(opened(path, {.read_only = true}), {.read_only = true});
    REQUIRE(reader.has_value());
    REQUIRE(log->append(bytes_of(" two")).has_value());
    CHECK(text(reader->pool()) == "one");
    REQUIRE(reader->pool().refresh().has_value());
    CHECK(text(reader->pool()) == "one two");
  }
  const auto reader = opened(path, {.read_only = true});
  CHECK(text(Pool::open(opened(path))->pool()) == "one two");  // a reader holds nobody up
}

TEST_CASE("mapped: the lock goes with the memory") {
  Folder folder;
  auto memory = made(folder / "log");
  auto moved = std::move(memory);
  CHECK(error_of_opening(folder / "log") == Error{.code = Errc::kBusy});
  {
    auto last = std::move(moved);
  }
  CHECK(MappedPm::open(folder / "log", {}).has_value());
}

TEST_CASE("mapped: a read only mapping cannot be written") {
  Folder folder;
  {
    auto memory = made(folder / "log");
  }
  const auto child = testing::run_child([&] {
    ::signal(SIGSEGV, SIG_DFL);
    auto memory = MappedPm::open(folder / "log", {.read_only = true});
    *memory->data() = std::byte{1};
  });
  CHECK(child.signal == SIGSEGV);
}

TEST_CASE("mapped: an ordinary file is synced and memory of one's own is flushed") {
  Folder folder;
  auto memory = made(folder / "log");
  if (std::getenv("PMEM_IS_PMEM_FORCE") == nullptr) {
    CHECK(memory.durability() == Durability::kMsync);
  } else {
    std::cout << "not checked, because PMEM_IS_PMEM_FORCE is set: durability of a file\n";
  }
  CHECK(memory.fence());  // of nothing
  memory.store(8000, bytes_of("x"));
  memory.flush(8000, 1);
  CHECK(memory.fence());
  CHECK(memory.fence());
}

// An address that is mapped nowhere cannot be synced: so it shows what is.
TEST_CASE("mapped: everything written is synced and a sync that fails is told") {
  const auto bytes = SomeBytes(5).bytes(128);
  const auto fence_after = [&](auto write) {
    void* taken =
        ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(taken != MAP_FAILED);
    auto memory = MappedPm::adopt({static_cast<std::byte*>(taken), kBytes}, Durability::kMsync);
    write(memory);
    REQUIRE(::munmap(taken, kBytes) == 0);
    return memory.fence();
  };
  CHECK(fence_after([](MappedPm&) {}));
  CHECK_FALSE(fence_after([](MappedPm& memory) { memory.flush(8000, 1); }));
  CHECK_FALSE(fence_after([&](MappedPm& memory) { memory.stream(8192, bytes); }));
  CHECK_FALSE(fence_after(
      [&](MappedPm& memory) { CHECK(memory.stream_summed(8192, bytes, 0) == crc32c(0, bytes)); }));
}

TEST_CASE("mapped: adopted memory stays its owner's in both kinds of durability") {
  alignas(64) static std::byte bytes[kBytes];
  for (const Durability durability : {Durability::kFlush, Durability::kMsync}) {
    for (const Commit commit : {Commit::kStrict, Commit::kFast}) {
      {
        auto log =
            Pool::create(MappedPm::adopt(bytes, durability), {.commit = commit, .overwrite = true});
        REQUIRE(log.has_value());
        REQUIRE(log->append(SomeBytes(3).bytes(5'000)).has_value());
        CHECK(log->pool().memory().durability() == durability);
      }
      auto log = Pool::open(MappedPm::adopt(bytes, durability));
      REQUIRE(log.has_value());
      std::vector<std::byte> found(5'000);
      REQUIRE(log->read(0, found).has_value());
      CHECK((found == SomeBytes(3).bytes(5'000)));
    }
  }
}

// An empty span may point nowhere. The sanitizers look whether anybody copies from there.
TEST_CASE("mapped: nothing can be appended and read") {
  alignas(64) static std::byte bytes[kBytes];
  auto log = Pool::create(MappedPm::adopt(bytes, Durability::kFlush), {.commit = Commit::kFast});
  REQUIRE(log.has_value());
  for (const std::string_view before : {"", "part of a line"}) {
    REQUIRE(log->append(bytes_of(before)).has_value());
    const Position tail = log->info().tail;
    CHECK(log->append(std::span<const std::byte>()) == tail);
    CHECK(log->append(std::span<const std::span<const std::byte>>()) == tail);
    CHECK(log->read(tail, {}).has_value());
  }
}

TEST_CASE("mapped: streams sum and copy in both kinds of durability") {
  alignas(64) static std::byte bytes[kBytes];
  for (const Durability durability : {Durability::kFlush, Durability::kMsync}) {
    auto memory = MappedPm::adopt(bytes, durability);
    for (const std::size_t lines : {1U, 2U, 9U, 100U}) {
      const auto source = SomeBytes(lines).bytes(64 * lines);
      memory.stream(128, source);
      std::vector<std::byte> found(source.size());
      REQUIRE(memory.read(128, found));
      CHECK((found == source));
      CHECK(memory.stream_summed(8192, source, 5) == crc32c(5, source));
      REQUIRE(memory.read(8192, found));
      CHECK((found == source));
      CHECK(memory.fence());
    }
  }
}

// --- files that are taken away --------------------------------------------------------------

TEST_CASE("mapped: a file cut off underneath is an error where it is guarded") {
  Folder folder;
  {
    auto log = Pool::create(made(folder / "log"), {});
    REQUIRE(log.has_value());
    REQUIRE(log->append(SomeBytes(4).bytes(20'000)).has_value());
  }
  auto log = Pool::open(opened(folder / "log", {.read_only = true, .guard_sigbus = true}),
                        {.read_only = true});
  REQUIRE(log.has_value());
  fs::resize_file(folder / "log", 0x4000);  // the first of the log's pages is left
  std::vector<std::byte> found(100);
  for (int again = 0; again < 3; ++again) {
    CHECK(log->read(8'000, found).error() == Error{.code = Errc::kMedia, .a = 0x3000 + 8'000});
    CHECK(log->read(100, found).has_value());
  }
  CHECK(log->pool().refresh().has_value() == false);
  fs::resize_file(folder / "log", 0);
  CHECK(log->pool().refresh().error() == Error{.code = Errc::kMedia, .a = 0});
}

TEST_CASE("mapped: without a guard it ends the process") {
  Folder folder;
  {
    auto memory = made(folder / "log");
  }
  const auto child = testing::run_child([&] {
    ::signal(SIGBUS, SIG_DFL);
    auto memory = MappedPm::open(folder / "log", {.read_only = true});
    fs::resize_file(folder / "log", 0);
    std::byte byte;
    const bool read = memory->read(kBytes - 1, std::span(&byte, 1));
    ::_exit(read ? 1 : 2);
  });
  CHECK(child.signal == SIGBUS);
}

TEST_CASE("mapped: a signal that no guard asked for goes to the handler before ours") {
  Folder folder;
  {
    auto memory = made(folder / "log");
  }
  const auto child = testing::run_child([&] {
    struct sigaction theirs{};
    theirs.sa_handler = [](int) { ::_exit(42); };
    ::sigaction(SIGBUS, &theirs, nullptr);
    auto memory = MappedPm::open(folder / "log", {.read_only = true, .guard_sigbus = true});
    fs::resize_file(folder / "log", 0);
    std::byte byte;
    if (memory->read(0, std::span(&byte, 1))) ::_exit(1);
    byte = *static_cast<volatile std::byte*>(memory->data());
    ::_exit(2);
  });
  CHECK(child.exit_code == 42);
}

TEST_CASE("mapped: guards nest and end with what they guard") {
  Folder folder;
  auto memory = made(folder / "log");
  fs::resize_file(folder / "log", 0);
  const auto touch = [&] { return *static_cast<volatile std::byte*>(memory.data()); };
  int steps = 0;
  const bool outer = guarded([&] {
    CHECK_FALSE(guarded([&] { (void)touch(); }));
    ++steps;
    CHECK(guarded([] {}));
    ++steps;
    (void)touch();
    ++steps;
  });
  CHECK_FALSE(outer);
  CHECK(steps == 2);
  CHECK(internal::bus_exit == nullptr);
}

}  // namespace
}  // namespace quintet::pm_log::world
