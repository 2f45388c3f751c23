// SPDX-License-Identifier: MIT
#include "allocator/process.hpp"

#include <pthread.h>
#include <time.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <memory_resource>
#include <string>
#include <thread>
#include <vector>

#include "allocator/memory_resource.hpp"
#include "allocator/message.hpp"
#include "allocator/statistics.hpp"
#include "testing/catch.hpp"
#include "testing/child.hpp"

// The allocator of the process beside the C library's: what programs that link it call.
namespace quintet::allocator {
namespace {

TEST_CASE("blocks of the process's allocator are its own and are freed by any thread") {
  void* const block = allocate(100);
  REQUIRE(block != nullptr);
  CHECK(owns(block));
  CHECK(usable_size(block) == ProcessAllocator::good_size(100));
  std::string elsewhere(100, 'x');
  CHECK_FALSE(owns(elsewhere.data()));
  std::thread([block] { quintet::allocator::free(block); }).join();
  void* const grown = reallocate(allocate(10), 100'000);
  CHECK(usable_size(grown) >= 100'000);
  CHECK(resize_in_place(grown, 90'000));
  quintet::allocator::free(grown);
  quintet::allocator::free(nullptr);
  collect(true);
  CHECK(statistics().heaps >= 1);
}

TEST_CASE("a block that is freed with its size is the next one and a wrong size does no harm") {
  for (const std::size_t size : {1U, 8U, 100U, 1000U, 1024U, 5000U, 3'000'000U}) {
    void* const block = allocate(size);
    quintet::allocator::free(block, size);
    void* const again = allocate(size);
    if (kIsFast) CHECK(again == block);
    void* const other = allocate(size);
    CHECK(other != again);
    quintet::allocator::free(again, 16);  // of another class, or of none
    quintet::allocator::free(other, 2000);
    void* const third = allocate(size);
    void* const fourth = allocate(size);
    if (kIsFast && size < 5001)
      CHECK((third == other && fourth == again));  // large ones have no order
    quintet::allocator::free(third, size);
    quintet::allocator::free(fourth, size);
  }
  quintet::allocator::free(nullptr, 100);
}

TEST_CASE("containers live in the process's allocator and in heaps of their own") {
  ProcessResource process;
  OwnedHeap heap;
  HeapResource own(heap);
  for (std::pmr::memory_resource* resource : {static_cast<std::pmr::memory_resource*>(&process),
                                              static_cast<std::pmr::memory_resource*>(&own)}) {
    std::pmr::map<int, std::pmr::string> names(resource);
    for (int i = 0; i < 1000; ++i) names.emplace(i, std::string(static_cast<std::size_t>(i), 'n'));
    for (int i = 0; i < 1000; i += 2) names.erase(i);
    for (const auto& [i, name] : names) CHECK(name.size() == static_cast<std::size_t>(i));
    void* const aligned = resource->allocate(100, 256);
    CHECK(owns(aligned));
    CHECK(reinterpret_cast<std::uintptr_t>(aligned) % 256 == 0);
    resource->deallocate(aligned, 100, 256);
    CHECK_THROWS_AS(resource->allocate(SIZE_MAX / 2 + 1, 16), std::bad_alloc);
  }
  CHECK(process.is_equal(ProcessResource()));
  CHECK(own.is_equal(HeapResource(heap)));
  CHECK_FALSE(own.is_equal(process));
  std::vector<long, StdAllocator<long>> numbers(1000, 7);
  CHECK(owns(numbers.data()));
  CHECK(StdAllocator<long>() == StdAllocator<char>());
  CHECK_THROWS_AS(StdAllocator<long>().allocate(SIZE_MAX / 4), std::bad_array_new_length);
}

TEST_CASE("a heap frees all its blocks at once and can be walked and used again") {
  OwnedHeap heap;
  for (int i = 1; i <= 100; ++i)
    std::memset(heap.allocate(static_cast<std::size_t>(i) * 50), i, 50);
  heap.deallocate(heap.allocate(10));
  int blocks = 0;
  heap.for_each_block([&](std::byte*, std::uint64_t) { ++blocks; });
  CHECK(blocks == 100);
  heap.reset();
  blocks = 0;
  heap.for_each_block([&](std::byte*, std::uint64_t) { ++blocks; });
  CHECK(blocks == 0);
  OwnedHeap other(std::move(heap));
  CHECK(other.allocate(100, 64) != nullptr);
  other.collect();
}

// Waits for the allocator's locks as a thread that is to be cancelled. Null: it was not.
void* wait_for_memory(void* errno_after) {
  ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
  ::pthread_cancel(::pthread_self());
  errno = 0;
  ::pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, nullptr);
  quintet::allocator::free(allocate(2 << 20));
  *static_cast<int*>(errno_after) = errno;
  ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
  return nullptr;
}

TEST_CASE("no thread is cancelled while it waits for memory") {
  process_allocator.lock_all();
  pthread_t thread{};
  int errno_after = -1;
  const bool is_made = ::pthread_create(&thread, nullptr, wait_for_memory, &errno_after) == 0;
  const timespec moment{0, 50'000'000};
  ::nanosleep(&moment, nullptr);
  process_allocator.unlock_all();
  REQUIRE(is_made);
  void* outcome = nullptr;
  ::pthread_join(thread, &outcome);
  CHECK(outcome == nullptr);
  CHECK(errno_after == 0);
}

TEST_CASE("misuse ends the process with a line that names the address") {
  const auto outcome = testing::run_child([] {
    void* const block = allocate(100);
    quintet::allocator::free(static_cast<char*>(block) + 3);
  });
  CHECK(outcome.signal == SIGABRT);
  CHECK(outcome.error_output.find("pointer at which no block in use begins at 0x") !=
        std::string::npos);
  int here = 0;
  const auto foreign = testing::run_child([&] { quintet::allocator::free(&here); });
  CHECK(foreign.signal == SIGABRT);
  CHECK(foreign.error_output.find("not from this allocator at 0x") != std::string::npos);
}

TEST_CASE("no block begins behind the last one of a slab, for its thread and for others") {
  using G = ProcessHeap::G;
  const auto free_behind_last = [](std::size_t size, bool by_other) {
    return testing::run_child([=] {
      const std::size_t bytes = block_bytes<std::uint64_t>(ProcessHeap::class_for(size));
      const auto block = reinterpret_cast<std::uintptr_t>(allocate(size));
      auto* const slab = reinterpret_cast<std::byte*>(block & ~(G::kUnit - 1));
      auto* const behind = slab + G::kUnit / bytes * bytes;
      const auto free_both = [=] {
        quintet::allocator::free(reinterpret_cast<void*>(block));
        quintet::allocator::free(behind);
      };
      by_other ? std::thread(free_both).join() : free_both();
    });
  };
  for (const std::size_t size : {std::size_t{40}, std::size_t{200}, std::size_t{9000}}) {
    for (const bool by_other : {false, true}) {
      CAPTURE(size, by_other);
      const auto outcome = free_behind_last(size, by_other);
      CHECK(outcome.signal == SIGABRT);
      CHECK(outcome.error_output.find("pointer at which no block in use begins at 0x") !=
            std::string::npos);
    }
  }
}

TEST_CASE("a message is cut when it is too long and quotes only what can be printed") {
  Message line;
  line.text("a ").number(0).text(" ").number(UINT64_MAX).text(" ");
  line.address(reinterpret_cast<void*>(0x1234abcd));
  CHECK(line.view() == "a 0 18446744073709551615 0x1234abcd");
  Message all;
  for (int i = 0; i < 1000; ++i) all.text("0123456789");
  CHECK(all.view().size() == 2047);
  CHECK(all.view().data()[2047] == '\0');
  CHECK(Message().quoted("a\n\x1b\xc3\xa4~ \x7f").view() == "a????~ ?");
  CHECK(Message().quoted("abcdef", 6).view() == "abcdef");
  CHECK(Message().quoted("abcdef", 5).view() == "abcde...");
}

}  // namespace
}  // namespace quintet::allocator
