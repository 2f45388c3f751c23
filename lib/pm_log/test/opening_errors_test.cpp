// SPDX-License-Identifier: MIT
#include <functional>
#include <vector>

#include "pm_log/test/world/plain_pool.hpp"
#include "testing/catch.hpp"

// Why a pool is not made or not opened, and devices that fail.
namespace quintet::pm_log::world {
namespace {

Error error_of_opening(PlainMemory& memory, const OpenOptions& options = {}) {
  const auto media = memory.image();
  const auto pool = PlainPool::open(PlainMemoryRef(memory), options);
  CHECK((memory.image() == media));
  return pool ? Error{.code = Errc::kBusy} : pool.error();
}
Error error_of_making(PlainMemory& memory, std::vector<LogSpec> specs) {
  const auto media = memory.image();
  const auto pool = PlainPool::create(PlainMemoryRef(memory), specs, {.id = id_of(2)});
  CHECK((memory.image() == media));
  return pool ? Error{.code = Errc::kBusy} : pool.error();
}

// A pool with a commit, and its second superblock.
struct Made {
  PlainMemory memory;
  std::uint64_t second = 0;

  explicit Made(std::initializer_list<std::uint64_t> capacities = {128},
                Commit commit = Commit::kStrict)
      : memory(memory_for_logs(capacities)), second(second_superblock_at(memory.size())) {
    auto pool = create_pool(memory, capacities, commit);
    for (LogIndex log = 0; log < pool.logs(); ++log) {
      REQUIRE(pool.tentative_append(log, bytes_of("committed")).has_value());
    }
    REQUIRE(pool.commit().has_value());
  }
  // Both superblocks anew, with their checksum.
  void seal(const std::function<void(Superblock&)>& change) {
    SuperblockLines lines;
    REQUIRE(memory.read(0, lines.bytes()));
    Superblock superblock = decode(lines);
    change(superblock);
    memory.put(0, encode(superblock).bytes());
    memory.put(second, encode(superblock).bytes());
  }
};

TEST_CASE("opening: memory without a log is none") {
  for (const std::uint64_t bytes :
       {0U, 1U, 63U, 64U, 256U, 4096U, 0x3FFFU, 0x4000U, 0x4FFFU, 0x5000U, 0x100000U, 0x100001U}) {
    PlainMemory zeros(bytes);
    CHECK(error_of_opening(zeros) == Error{.code = Errc::kNotALog, .a = bytes});
  }
  PlainMemory other(0x10000);
  for (std::uint64_t at = 0; at < other.size(); ++at) other.flip(at, at % 8);
  CHECK(error_of_opening(other) == Error{.code = Errc::kNotALog, .a = 0x10000});
}

TEST_CASE("opening: a later version is refused by its number") {
  Made made;
  made.seal([](Superblock& superblock) { superblock.version = kVersion + 1; });
  CHECK(error_of_opening(made.memory) == Error{.code = Errc::kVersionUnsupported, .a = 2, .b = 1});
  made.seal([](Superblock& superblock) { superblock.version = 0; });
  CHECK(error_of_opening(made.memory) == Error{.code = Errc::kVersionUnsupported, .a = 0, .b = 1});
}

TEST_CASE("opening: another pool than expected is refused") {
  Made made;
  // Little endian, of the id wanted and of the one found.
  CHECK(error_of_opening(made.memory, {.expected_id = id_of(16)}) ==
        Error{.code = Errc::kIdMismatch, .a = 0x1716'1514'1312'1110, .b = 0x0807'0605'0403'0201});
  Uuid nearly = id_of(1);
  nearly.bytes[15] ^= std::byte{1};
  CHECK(error_of_opening(made.memory, {.expected_id = nearly}).code == Errc::kIdMismatch);
  CHECK(open_pool(made.memory, {.expected_id = id_of(1)}).id() == id_of(1));
}

TEST_CASE("opening: memory that grew or shrank is refused") {
  Made made;
  auto image = made.memory.image();
  const std::uint64_t bytes = image.size();
  image.resize(bytes + kPageBytes);
  PlainMemory larger{std::span<const std::byte>(image)};
  CHECK(error_of_opening(larger) ==
        Error{.code = Errc::kSizeMismatch, .a = bytes, .b = bytes + kPageBytes});
  PlainMemory smaller(std::span<const std::byte>(image).first(bytes - 64));
  CHECK(error_of_opening(smaller) ==
        Error{.code = Errc::kSizeMismatch, .a = bytes, .b = bytes - 64});
}

TEST_CASE("opening: damage is told by part and place") {
  const auto damaged = [](std::initializer_list<std::uint64_t> at, bool several = false) {
    Made made = several ? Made({64, 64}) : Made();
    for (const std::uint64_t offset : at) made.memory.flip(offset % made.memory.size());
    return error_of_opening(made.memory);
  };
  const auto corrupt = [](Part part, std::uint64_t at, std::uint32_t log = 0) {
    return Error{.code = Errc::kCorrupt, .log = log, .a = at, .part = part};
  };
  const std::uint64_t second = Made().second;
  CHECK(damaged({40, second + 40}) == corrupt(Part::kSuperblock, 0));
  CHECK(damaged({directory_at(0)}) == corrupt(Part::kDirectory, directory_at(0)));
  CHECK(damaged({directory_at(1) + 30}, true) == corrupt(Part::kDirectory, directory_at(1), 1));
  CHECK(damaged({kCommitWordAt + 7}) == corrupt(Part::kCommitWord, kCommitWordAt));
  CHECK(damaged({kCommitWordAt}) == corrupt(Part::kCommitWord, kCommitWordAt));
  CHECK(damaged({root_at(1) + 8}) == corrupt(Part::kRoot, root_at(1)));
  CHECK(damaged({root_at(1) + 8}, true) == corrupt(Part::kRoot, root_at(1)));
  // The first commit wrote the second copies of both slots.
  CHECK(damaged({slot_at(1, 1) + 63}, true) == corrupt(Part::kLogSlot, slot_at(1, 1), 1));
}

TEST_CASE("opening: one good superblock is enough") {
  for (const bool first : {true, false}) {
    Made made;
    made.memory.flip(first ? 40 : made.second + 40);
    const auto pool = open_pool(made.memory);
    CHECK(pool.recovery().superblock_a_bad == first);
    CHECK(pool.recovery().superblock_b_bad == !first);
    CHECK(text(pool) == "committed");
  }
}

TEST_CASE("opening: what the device cannot read is told by its offset") {
  const auto unreadable = [](std::uint64_t at, std::initializer_list<std::uint64_t> capacities,
                             Commit commit = Commit::kStrict) {
    Made made(capacities, commit);
    made.memory.make_unreadable(at, at + 1);
    return error_of_opening(made.memory);
  };
  const auto media = [](std::uint64_t at) { return Error{.code = Errc::kMedia, .a = at}; };
  CHECK(unreadable(directory_at(0), {128}) == media(directory_at(0)));
  CHECK(unreadable(root_at(0), {128}) == media(root_at(0)));
  CHECK(unreadable(root_at(1) + 63, {128}) == media(root_at(1)));
  CHECK(unreadable(kCommitWordAt, {128}) == media(kCommitWordAt));
  CHECK(unreadable(slot_at(1, 1), {128, 128}) == media(slot_at(1, 1)));
  CHECK(unreadable(data_start(1), {128}) == media(data_start(1)));
  // Fast: what cannot be read is not taken for a commit that was cut off.
  CHECK(unreadable(data_start(1), {128}, Commit::kFast) == media(data_start(1)));

  Made made;
  made.memory.make_unreadable(0, 1);
  CHECK(open_pool(made.memory).recovery().superblock_a_bad);
  made.memory.make_unreadable(made.second, made.second + 1);
  CHECK(error_of_opening(made.memory) == media(0));
}

TEST_CASE("reading: what the device cannot read is an error of that read only") {
  Made made({128, 128});
  auto pool = open_pool(made.memory);
  const std::uint64_t area = pool.state().logs[1].place.area;
  made.memory.make_unreadable(area + 4, area + 5);
  std::vector<std::byte> bytes(9);
  CHECK(pool.read(1, 0, bytes).error() == Error{.code = Errc::kMedia, .log = 1, .a = area});
  CHECK(pool.read(1, 5, std::span(bytes).first(4)).has_value());
  CHECK(pool.read(0, 0, bytes).has_value());
  CHECK(pool.tentative_append(0, bytes_of(", more")).has_value());
  CHECK(pool.commit().has_value());
  CHECK(text(pool, 0) == "committed, more");
}

TEST_CASE("making: too little memory and wrong numbers of logs") {
  PlainMemory small(0x4FFF);
  CHECK(error_of_making(small, {{}}) == Error{.code = Errc::kTooSmall, .a = 0x5000, .b = 0x4FFF});
  PlainMemory memory(1 << 20);
  CHECK(error_of_making(memory, {}) == Error{.code = Errc::kTooManyLogs, .a = 64, .b = 0});
  CHECK(error_of_making(memory, std::vector<LogSpec>(65)) ==
        Error{.code = Errc::kTooManyLogs, .a = 64, .b = 65});
  PlainMemory nothing(0);
  CHECK(error_of_making(nothing, {{}}).code == Errc::kTooSmall);
}

TEST_CASE("making: a pool is overwritten only when that is asked for") {
  const Error exists{.code = Errc::kExists};
  Made made;
  CHECK(error_of_making(made.memory, {{}}) == exists);
  made.memory.flip(0);  // one of the two magic numbers is enough
  CHECK(error_of_making(made.memory, {{}}) == exists);
  made.memory.flip(0);
  made.memory.flip(made.second);
  CHECK(error_of_making(made.memory, {{}}) == exists);
  const std::vector<LogSpec> specs(1);
  auto pool =
      PlainPool::create(PlainMemoryRef(made.memory), specs, {.id = id_of(2), .overwrite = true});
  REQUIRE(pool.has_value());
  CHECK(pool->id() == id_of(2));
  CHECK(text(*pool) == "");
  CHECK(text(open_pool(made.memory, {.expected_id = id_of(2)})) == "");
}

TEST_CASE("making: a device that fails is an error whenever it does") {
  PlainMemory probe = memory_for_logs({64});
  (void)create_pool(probe, {64});
  const std::uint64_t fences = probe.counts().fences;
  REQUIRE(fences >= 2);
  for (std::uint64_t good = 0; good < fences; ++good) {
    PlainMemory memory = memory_for_logs({64});
    memory.fail_fence(good);
    const std::vector<LogSpec> specs{{.capacity = 64}};
    const auto pool = PlainPool::create(PlainMemoryRef(memory), specs, {});
    REQUIRE(!pool.has_value());
    CHECK(pool.error() == Error{.code = Errc::kIo});
  }
}

void check_refuses_all(PlainPool& pool) {
  const Error io{.code = Errc::kIo};
  CHECK(pool.tentative_append(0, bytes_of("x")).error() == io);
  CHECK(pool.tentative_append_summed(0, {}, 0).error() == io);
  CHECK(pool.advance_head(0, 1).error() == io);
  CHECK(pool.reserve(0, 1).error() == io);
  CHECK(pool.publish(0, 0).error() == io);
  CHECK(pool.settle().error() == io);
}

TEST_CASE("changing: a device that fails is an error and the last one of that object") {
  for (const Commit commit : {Commit::kStrict, Commit::kFast}) {
    for (std::uint64_t good = 0; good < (commit == Commit::kStrict ? 2 : 1); ++good) {
      Made made({128}, commit);
      auto pool = open_pool(made.memory);
      REQUIRE(pool.tentative_append(0, bytes_of(" more")).has_value());
      made.memory.fail_fence(good);
      CHECK(pool.commit().error() == Error{.code = Errc::kIo});
      CHECK(text(pool) == "committed");
      CHECK(pool.commit().error() == Error{.code = Errc::kIo});
      check_refuses_all(pool);
      // Here nothing was lost: so it did happen.
      CHECK(text(open_pool(made.memory)) == "committed more");
    }
    Made made({128}, commit);
    auto pool = open_pool(made.memory);
    made.memory.fail_fence();
    CHECK(pool.advance_head(0, 3).error() == Error{.code = Errc::kIo});
    CHECK(pool.info(0)->head == 0);
    check_refuses_all(pool);
  }
}

TEST_CASE("changing: a device that fails while bytes are forgotten is found out") {
  Made made;
  auto pool = open_pool(made.memory);
  REQUIRE(pool.tentative_append(0, bytes_of(" more")).has_value());
  made.memory.fail_fence();
  pool.abort();
  check_refuses_all(pool);
  CHECK(text(open_pool(made.memory)) == "committed");
}

TEST_CASE("opening: a device that fails is an error") {
  Made made;
  made.memory.fail_fence();
  CHECK(error_of_opening(made.memory) == Error{.code = Errc::kIo});
}

}  // namespace
}  // namespace quintet::pm_log::world
