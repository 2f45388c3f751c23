// SPDX-License-Identifier: MIT
#include <immintrin.h>

#include <algorithm>
#include <iostream>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "pm_log/checksum.hpp"
#include "pm_log/persistent_memory.hpp"
#include "pm_log/stream_copy.hpp"
#include "pm_log/test/world/some_bytes.hpp"
#include "testing/catch.hpp"

// Every way to copy past the cache that this CPU has: what arrives, its sum, and what stays.
namespace quintet::pm_log::world {
namespace {

struct alignas(kLineBytes) Lines {
  std::byte bytes[kLineBytes];
};
constexpr std::byte kUntouched{0xA5};
constexpr std::size_t kMargin = 4;  // lines around the target

std::vector<const StreamCopy*> kernels() {
  std::vector<const StreamCopy*> found;
  for (const char* name : {"avx512", "avx", "sse2"}) {
    if (const StreamCopy* kernel = stream_copy(name)) {
      CHECK(kernel->name == std::string(name));
      found.push_back(kernel);
    } else {
      std::cout << "not checked, because this CPU has it not: " << name << "\n";
    }
  }
  return found;
}

// What one copy did: the target's bytes, and whether anything around them changed.
struct Done {
  std::vector<std::byte> bytes;
  std::uint32_t sum = 0;
  bool outside = false;
};
template <class Copy>
Done copied(std::span<const std::byte> source, Copy copy) {
  std::vector<Lines> memory(source.size() / kLineBytes + 2 * kMargin);
  const auto all = std::as_writable_bytes(std::span(memory));
  std::fill(all.begin(), all.end(), kUntouched);
  const auto target = all.subspan(kMargin * kLineBytes, source.size());
  Done done;
  done.sum = copy(target.data());
  _mm_sfence();
  done.bytes.assign(target.begin(), target.end());
  const auto untouched = [](std::byte byte) { return byte == kUntouched; };
  done.outside = !std::all_of(all.data(), target.data(), untouched) ||
                 !std::all_of(target.data() + target.size(), all.data() + all.size(), untouched);
  return done;
}

void check(const StreamCopy& kernel, std::span<const std::byte> source, std::uint32_t before) {
  const Done plain = copied(source, [&](std::byte* target) {
    kernel.plain(target, source.data(), source.size());
    return 0U;
  });
  const Done summed = copied(source, [&](std::byte* target) {
    return kernel.summed(target, source.data(), source.size(), before);
  });
  const std::vector<std::byte> expected(source.begin(), source.end());
  INFO(kernel.name << ": " << source.size() << " bytes, sum from " << before);
  if (plain.bytes != expected || summed.bytes != expected) FAIL("other bytes arrived");
  if (plain.outside || summed.outside) FAIL("bytes outside of the target changed");
  if (summed.sum != crc32c(before, source)) FAIL("the sum is another one");
}

TEST_CASE("streams copy and sum every number of lines") {
  SomeBytes some(1);
  const auto bytes = some.bytes(40 * 64 * kLineBytes + kLineBytes);
  for (const StreamCopy* kernel : kernels()) {
    for (std::size_t lines = 0; lines <= 100; ++lines) {
      check(*kernel, std::span(bytes).first(lines * kLineBytes), 0);
    }
    for (std::size_t lines = 128; lines <= 40 * 64; lines += 183) {
      check(*kernel, std::span(bytes).first(lines * kLineBytes), 0);
    }
    check(*kernel, std::span(bytes).first(40 * 64 * kLineBytes), 0);
  }
}

TEST_CASE("streams take sources of every alignment") {
  SomeBytes some(2);
  const auto bytes = some.bytes(70 * kLineBytes);
  for (const StreamCopy* kernel : kernels()) {
    for (std::size_t offset = 0; offset < kLineBytes; ++offset) {
      for (const std::size_t lines : {1U, 3U, 4U, 7U, 8U, 9U, 12U, 13U, 65U}) {
        check(*kernel, std::span(bytes).subspan(offset, lines * kLineBytes), 0);
      }
    }
  }
}

TEST_CASE("streams continue every sum") {
  SomeBytes some(3);
  const auto bytes = some.bytes(20 * kLineBytes);
  for (const StreamCopy* kernel : kernels()) {
    for (std::size_t lines = 0; lines <= 20; ++lines) {
      const auto source = std::span(bytes).first(lines * kLineBytes);
      check(*kernel, source, 0xFFFF'FFFF);
      for (unsigned bit = 0; bit < 32; ++bit) check(*kernel, source, 1U << bit);
      check(*kernel, source, static_cast<std::uint32_t>(some.word()));
    }
  }
}

TEST_CASE("streams sum every single bit of a few lines") {
  std::vector<std::byte> bytes(9 * kLineBytes);
  for (const StreamCopy* kernel : kernels()) {
    for (std::size_t bit = 0; bit < 8 * bytes.size(); bit += 7) {
      bytes[bit / 8] = std::byte{1} << bit % 8;
      check(*kernel, bytes, 0);
      bytes[bit / 8] = {};
    }
  }
}

TEST_CASE("streams that nobody knows are none and one of the known is chosen") {
  CHECK(stream_copy("") == nullptr);
  CHECK(stream_copy("avx1024") == nullptr);
  CHECK(stream_copy("sse2") != nullptr);
  CHECK(&stream_copy() == kernels().front());  // they are listed from the widest on
  std::set<StreamCopy::Plain> different;
  for (const StreamCopy* kernel : kernels()) different.insert(kernel->plain);
  CHECK(different.size() == kernels().size());
}

}  // namespace
}  // namespace quintet::pm_log::world
