// SPDX-License-Identifier: MIT
// Pools that libpmemlog made, read without it.
#include "pm_log/pmemlog_pool.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "base/units.hpp"
#include "testing/catch.hpp"

#if QT_HAVE_PMEMLOG
#include <libpmemlog.h>
#endif

namespace quintet::pm_log {
namespace {

// A folder that goes away.
class Folder {
 public:
  Folder() {
    char name[] = "/tmp/pmemlog_pool_test.XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string operator/(const char* name) const { return path_ / name; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

PmemlogError refusal(const std::string& path) {
  const auto pool = PmemlogPool::open(path);
  REQUIRE(!pool.has_value());
  const std::string text = describe(pool.error(), path);
  CAPTURE(text);
  CHECK(text.find(path) == 0);
  CHECK(text.find('\n') == std::string::npos);
  return pool.error();
}

TEST_CASE("what is no libpmemlog pool is refused with its reason") {
  const Folder folder;
  CHECK(refusal(folder / "missing") == PmemlogError{PmemlogErrc::kIo, ENOENT});
  CHECK(refusal(folder.path()) == PmemlogError{PmemlogErrc::kIo, EISDIR});
  CHECK(refusal("/dev/null").code == PmemlogErrc::kIo);
  std::ofstream(folder / "empty").flush();
  CHECK(refusal(folder / "empty") == PmemlogError{PmemlogErrc::kNotAPmemlog, 0});
  std::ofstream(folder / "text") << "PMEMLOG is only how this starts";
  CHECK(refusal(folder / "text").code == PmemlogErrc::kNotAPmemlog);
  std::ofstream(folder / "short") << std::string("PMEMLOG\0 and no more", 20);
  CHECK(refusal(folder / "short") == PmemlogError{PmemlogErrc::kTruncated, 8192, 20});
}

TEST_CASE("pools of PMDK are told by how they start") {
  const auto kind = [](const char* text) {
    std::array<std::byte, 8> signature{};
    std::memcpy(signature.data(), text, std::min<std::size_t>(8, std::strlen(text)));
    return pmdk_kind(signature);
  };
  CHECK(kind("PMEMLOG") == "libpmemlog pool");
  CHECK(kind("PMEMOBJ") == "pool of libpmemobj");
  CHECK(kind("PMEMBLK") == "pool of libpmemblk");
  CHECK(kind("PMEMLOGS").empty());
  CHECK(kind("QTPMLOG1").empty());
}

#if QT_HAVE_PMEMLOG

struct Closed {
  void operator()(PMEMlogpool* pool) const { pmemlog_close(pool); }
};
using Open = std::unique_ptr<PMEMlogpool, Closed>;

constexpr std::size_t kBytes = 2 * kMiB;  // the smallest that libpmemlog makes

std::string made(const Folder& folder, std::string_view content) {
  std::string path = folder / "pool";
  std::filesystem::remove(path);
  const Open pool(pmemlog_create(path.c_str(), kBytes, 0600));
  REQUIRE(pool != nullptr);
  REQUIRE(pmemlog_append(pool.get(), content.data(), content.size()) == 0);
  return path;
}

std::vector<std::byte> bytes_of(const std::string& path) {
  std::vector<std::byte> bytes(std::filesystem::file_size(path));
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  REQUIRE(file.good());
  return bytes;
}

void write(const std::string& path, std::span<const std::byte> bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

// A pool with a word replaced, in the header with the checksum that it needs then.
template <class Word>
PmemlogError after_change(const Folder& folder, std::size_t at, Word word) {
  const std::string path = made(folder, "content");
  auto bytes = bytes_of(path);
  std::memcpy(bytes.data() + at, &word, sizeof word);
  const std::uint64_t sum = pmemlog_checksum(std::span(bytes).first(4096));
  std::memcpy(bytes.data() + 4088, &sum, sizeof sum);
  write(path, bytes);
  return refusal(path);
}

TEST_CASE("the content of a real pool is read as it was appended") {
  const Folder folder;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{100'000}, std::size_t{kBytes - 8192}}) {
    std::string content(size, ' ');
    for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * 7 + i / 251);
    const std::string path = made(folder, content);
    const auto before = bytes_of(path);
    const auto pool = PmemlogPool::open(path);
    REQUIRE(pool.has_value());
    CHECK(pool->used() == size);
    CHECK(pool->capacity() == kBytes - 8192);
    std::string read(size, ' ');
    REQUIRE(pool->read(0, std::as_writable_bytes(std::span(read))).has_value());
    CHECK(read == content);
    if (size > 10) {
      REQUIRE(pool->read(size - 10, std::as_writable_bytes(std::span(read).first(10))).has_value());
      CHECK(read.substr(0, 10) == content.substr(size - 10));
    }
    CHECK(bytes_of(path) == before);
  }
}

TEST_CASE("every byte that the checksum of a header covers is missed when it changes") {
  const Folder folder;
  const std::string path = made(folder, "content");
  const auto good = bytes_of(path);
  const auto header = std::span(good).first(4096);
  std::uint64_t carried = 0;
  std::memcpy(&carried, header.data() + 4088, sizeof carried);
  CHECK(pmemlog_checksum(header) == carried);
  for (std::size_t at = 0; at < 2048; ++at) {
    auto bytes = std::vector<std::byte>(header.begin(), header.end());
    bytes[at] ^= std::byte{0x10};
    if (pmemlog_checksum(bytes) == carried) FAIL("byte " << at);
  }
  // What lies behind is the state of the last shutdown, which changes without the checksum.
  auto bytes = good;
  bytes[4030] ^= std::byte{1};
  write(path, bytes);
  CHECK(PmemlogPool::open(path).has_value());
  bytes[100] ^= std::byte{1};
  write(path, bytes);
  CHECK(refusal(path).code == PmemlogErrc::kHeaderDamaged);
}

TEST_CASE("a checksum over the whole header is known too") {
  const Folder folder;
  const std::string path = made(folder, "content");
  auto bytes = bytes_of(path);
  bytes[16] &= ~std::byte{2};  // the feature that halves it
  const auto header = std::span(bytes).first(4096);
  const std::uint64_t sum = pmemlog_checksum(header);
  std::memcpy(bytes.data() + 4088, &sum, sizeof sum);
  CHECK(pmemlog_checksum(header) == sum);
  write(path, bytes);
  CHECK(PmemlogPool::open(path).has_value());
  bytes[4030] ^= std::byte{1};
  CHECK(pmemlog_checksum(header) != sum);
}

TEST_CASE("a pool that contradicts itself is refused") {
  const Folder folder;
  using u32 = std::uint32_t;
  using u64 = std::uint64_t;
  CHECK(after_change(folder, 8, u32{2}) == PmemlogError{PmemlogErrc::kVersionUnsupported, 2});
  CHECK(after_change(folder, 16, u32{0x16}) == PmemlogError{PmemlogErrc::kFeatures, 0x16});
  CHECK(after_change(folder, 72, u32{1}).code == PmemlogErrc::kSeveralParts);
  CHECK(after_change(folder, 4096, u64{0x3000}) ==
        PmemlogError{PmemlogErrc::kOffsetsWrong, 0, 0x3000});
  CHECK(after_change(folder, 4104, u64{0x1000}) ==
        PmemlogError{PmemlogErrc::kOffsetsWrong, 1, 0x1000});
  CHECK(after_change(folder, 4104, u64{kBytes + 1}) ==
        PmemlogError{PmemlogErrc::kTruncated, kBytes + 1, kBytes});
  CHECK(after_change(folder, 4112, u64{kBytes + 1}) ==
        PmemlogError{PmemlogErrc::kOffsetsWrong, 2, kBytes + 1});
  CHECK(after_change(folder, 4112, u64{0x1fff}) ==
        PmemlogError{PmemlogErrc::kOffsetsWrong, 2, 0x1fff});
}

TEST_CASE("a pool that was cut off is refused") {
  const Folder folder;
  const std::string path = made(folder, "content");
  for (const std::size_t size : {kBytes - 1, std::size_t{8192}, std::size_t{8191}}) {
    std::filesystem::resize_file(path, size);
    CHECK(refusal(path).code == PmemlogErrc::kTruncated);
  }
}

TEST_CASE("a pool that a program has open is busy") {
  const Folder folder;
  const std::string path = made(folder, "content");
  const Open open(pmemlog_open(path.c_str()));
  REQUIRE(open != nullptr);
  CHECK(refusal(path).code == PmemlogErrc::kBusy);
}

#else

TEST_CASE("the content of a real pool is read as it was appended") {
  std::cout << "SKIP: install libpmemlog-dev\n";
}

#endif

}  // namespace
}  // namespace quintet::pm_log
