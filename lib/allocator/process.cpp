// SPDX-License-Identifier: MIT
#include "allocator/process.hpp"

#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

#include "allocator/options.hpp"

namespace quintet::allocator::inline QT_MALLOC_LIBRARY {

constinit ProcessAllocator process_allocator;

void ProcessAtomics::nap() noexcept {
  const int saved = errno;
  const timespec moment{0, 50'000};
  ::syscall(SYS_nanosleep, &moment, nullptr);  // nanosleep(3) is a cancellation point
  errno = saved;
}

namespace {

// Owns nothing, and no block is at hand: what every thread begins with.
constinit ProcessHeap no_heap;

// The thread has left its heap to others; what it still does is done with a borrowed one.
[[gnu::tls_model("initial-exec")]] thread_local constinit bool is_ending = false;

constinit std::atomic<std::uint32_t> key_state{0};  // 0 none, 1 being made, 2 made
constinit pthread_key_t exit_key = 0;

void leave_heap(void* heap) {
  is_ending = true;
  thread_heap = &no_heap;
  process_allocator.detach(static_cast<ProcessHeap*>(heap));
}

void make_key() {
  std::uint32_t none = 0;
  if (key_state.compare_exchange_strong(none, 1, std::memory_order_acquire,
                                        std::memory_order_acquire)) {
    const bool made = ::pthread_key_create(&exit_key, leave_heap) == 0;
    key_state.store(made ? 2 : 0, std::memory_order_release);
    return;
  }
  ProcessAtomics::await(key_state, std::memory_order_acquire,
                        [](std::uint32_t state) { return state != 1; });
}

// Before any block is disguised with it.
void choose_secret() {
  static constinit std::atomic<bool> is_chosen{false};
  if (!is_chosen.exchange(true, std::memory_order_relaxed)) MmapMemory::set_secret();
}

// The heap for what a thread does before it has one, or after. Null: no memory.
ProcessHeap* attach_thread() {
  choose_secret();
  ProcessHeap* const heap = process_allocator.attach();
  if (heap == nullptr || is_ending) return heap;
  thread_heap = heap;
  read_options(process_allocator);
  if (key_state.load(std::memory_order_acquire) != 2) make_key();
  // May allocate: the heap is there already.
  if (key_state.load(std::memory_order_acquire) == 2) ::pthread_setspecific(exit_key, heap);
  return heap;
}

// f(heap) with a heap, or `none` if there is no memory for one.
template <class F, class Value>
Value with_heap(Value none, F f) {
  if (thread_heap->is_made()) [[likely]]
    return f(*thread_heap);
  ProcessHeap* const heap = attach_thread();
  if (heap == nullptr) return none;
  if (!is_ending) return f(*heap);
  const Value value = f(*heap);
  process_allocator.detach(heap);
  return value;
}

// What must hold across fork(2): the child finds every lock free, and nothing half done.
void before_fork() { process_allocator.lock_all(); }
void after_fork() { process_allocator.unlock_all(); }
void after_fork_in_child() {
  after_fork();
  std::uint32_t being_made = 1;  // by a thread that is not here
  key_state.compare_exchange_strong(being_made, 0, std::memory_order_relaxed,
                                    std::memory_order_relaxed);
}
// The first constructor of all (-z initfirst): handlers that others register, who may allocate in
// them, then run before ours when we lock, and after ours when we unlock.
[[gnu::constructor]] void start(int, char**, [[maybe_unused]] char** environment) {
  ::pthread_atfork(before_fork, after_fork, after_fork_in_child);
#if defined(__GLIBC__)  // which hands this to constructors, and has not done so for itself yet
  if (::environ == nullptr) ::environ = environment;
#endif
  read_options(process_allocator);  // the first blocks may be older than the environment
}

}  // namespace

thread_local constinit ProcessHeap* thread_heap = &no_heap;

void* allocate_slowly(std::size_t size) noexcept {
  return with_heap<>(static_cast<void*>(nullptr), [&](ProcessHeap& heap) -> void* {
    return process_allocator.allocate(heap, size);
  });
}
void free_slowly(void* pointer) noexcept {
  if (pointer == nullptr || (kIsFast && thread_heap->keep_back(pointer))) return;
  with_heap<>(false, [&](ProcessHeap& heap) {
    process_allocator.free(heap, pointer);
    return true;
  });
}
void* with_kind(void* block, [[maybe_unused]] Kind kind) noexcept {
  if constexpr (kHasKinds) {
    if (block != nullptr) process_allocator.set_kind(block, static_cast<BlockState>(kind));
  }
  return block;
}
void free_of_kind(void* pointer, Kind kind, std::size_t size) noexcept {
  if (pointer == nullptr) return;  // and no heap for that
  with_heap<>(false, [&](ProcessHeap& heap) {
    process_allocator.free_as(heap, pointer, static_cast<BlockState>(kind), size);
    return true;
  });
}
void* allocate_zeroed(std::size_t count, std::size_t size) noexcept {
  return with_heap<>(static_cast<void*>(nullptr), [&](ProcessHeap& heap) -> void* {
    return process_allocator.allocate_zeroed(heap, count, size);
  });
}
void* allocate_aligned_slowly(std::size_t size, std::size_t alignment) noexcept {
  return with_heap<>(static_cast<void*>(nullptr), [&](ProcessHeap& heap) -> void* {
    return process_allocator.allocate_aligned(heap, size, alignment);
  });
}
void* reallocate(void* pointer, std::size_t size) noexcept {
  return with_heap<>(static_cast<void*>(nullptr), [&](ProcessHeap& heap) -> void* {
    return process_allocator.reallocate(heap, pointer, size);
  });
}
bool resize_in_place(void* pointer, std::size_t size) noexcept {
  return with_heap<>(false, [&](ProcessHeap& heap) {
    return process_allocator.resize_in_place(heap, pointer, size);
  });
}
std::size_t usable_size(const void* pointer) noexcept {
  return process_allocator.usable_size(pointer);
}
bool owns(const void* pointer) noexcept { return process_allocator.owns(pointer); }
void collect(bool all) noexcept {
  with_heap<>(false, [&](ProcessHeap& heap) {
    process_allocator.collect(heap, all);
    return true;
  });
}

}  // namespace quintet::allocator::inline QT_MALLOC_LIBRARY
