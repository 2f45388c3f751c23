// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include "allocator/heap.hpp"

// The heaps that no thread has. A thread that ends leaves its heap here, with all its slabs and the
// blocks at hand; a thread that begins takes the last one left. So nothing moves when threads come
// and go, blocks that are still in use are freed to the heap as before, and there are as many
// heaps as threads were alive at a time, and one more for each that was being collected meanwhile.
// Threads that free blocks of others now and then collect a heap that waits here (scavenge).
// Threading: any; locks.
namespace quintet::allocator {

template <class Env>
class HeapPool {
 public:
  using H = Heap<Env>;

  // A heap for the calling thread alone. Null: no memory.
  [[nodiscard]] H* take(Shared<Env>& shared) {
    {
      const Locked locked(lock_);
      if (H* const heap = free_.load(); heap != nullptr) {
        if (!Env::has(Fault::kAdoptedTwice)) free_.store(heap->pool_next.load());
        heap->set_node(shared.os.node());
        return heap;
      }
    }
    return make(shared, false);
  }
  // Requires: the caller has the heap, and does not use it again.
  void put(H* heap) {
    if (!Env::has(Fault::kPendingForgotten)) heap->tell_all();
    const Locked locked(lock_);
    heap->pool_next.store(free_.load());
    free_.store(heap);
  }

  // First-class heaps, which are made again from those that were destroyed.
  [[nodiscard]] H* create(Shared<Env>& shared) {
    {
      const Locked locked(lock_);
      if (H* const heap = free_direct_.load(); heap != nullptr) {
        free_direct_.store(heap->pool_next.load());
        return heap;
      }
    }
    return make(shared, true);
  }
  void destroy(H* heap) {
    heap->release_all();
    const Locked locked(lock_);
    heap->pool_next.store(free_direct_.load());
    free_direct_.store(heap);
  }

  // Collects a heap that waits here and has had mail, if there is one: what threads have left
  // behind would else stay taken when others free it. O(heaps, and the slabs of that one).
  void scavenge() {
    H* const heap = take_one_with_mail();
    if (heap == nullptr) return;
    heap->collect();
    const Locked locked(lock_);
    append(heap);
  }
  // Collects all heaps that wait here.
  void collect() {
    H* heap = nullptr;
    {
      const Locked locked(lock_);
      heap = free_.load();
      free_.store(nullptr);
    }
    while (heap != nullptr) {
      H* const next = heap->pool_next.load();
      heap->collect();
      const Locked locked(lock_);
      append(heap);
      heap = next;
    }
  }

  [[nodiscard]] std::uint32_t made() const { return made_; }
  // Under the lock or when nothing runs: f(heap) for every heap that was ever made.
  template <class F>
  void for_each(F f) const {
    for (H* heap = all_; heap != nullptr; heap = heap->all_next) f(*heap);
  }
  [[nodiscard]] Lock<Env, Env::has(Fault::kPoolRelaxed)>& lock() { return lock_; }

 private:
  // A heap, and behind it the places for its blocks at hand.
  static constexpr std::uint64_t kHeapBytes =
      align_up<std::uint64_t>(sizeof(H) + H::kPlaces * sizeof(Link<Env>*), alignof(H));
  static constexpr std::uint64_t kStoreBytes =
      align_up<std::uint64_t>(4 * kHeapBytes, std::uint64_t{1} << Env::kShape.page_shift);

  [[nodiscard]] H* take_one_with_mail() {
    const Locked locked(lock_);
    H* before = nullptr;
    for (H* heap = free_.load(); heap != nullptr; heap = heap->pool_next.load()) {
      if (heap->has_mail()) {
        H* const after = heap->pool_next.load();
        before == nullptr ? free_.store(after) : before->pool_next.store(after);
        return heap;
      }
      before = heap;
    }
    return nullptr;
  }

  // Behind all others: those that were just left are taken first. Requires: the lock.
  void append(H* heap) {
    heap->pool_next.store(nullptr);
    H* last = free_.load();
    if (last == nullptr) {
      free_.store(heap);
      return;
    }
    while (H* const next = last->pool_next.load()) last = next;
    last->pool_next.store(heap);
  }

  [[nodiscard]] H* make(Shared<Env>& shared, bool is_direct) {
    const Locked locked(lock_);
    if (left_ < kHeapBytes && !extend(shared.os)) return nullptr;
    if (made_ + 1 >= (1U << (32 - kClassBits))) return nullptr;
    H* const heap = new (store_) H;
    store_ += kHeapBytes;
    left_ -= kHeapBytes;
    made_ += 1;
    heap->make(shared, made_, is_direct, reinterpret_cast<Link<Env>**>(heap + 1));
    heap->all_next = all_;
    all_ = heap;
    return heap;
  }
  [[nodiscard]] bool extend(typename Env::Os& os) {
    std::byte* const store = os.reserve(kStoreBytes, std::uint64_t{1} << Env::kShape.page_shift);
    if (store == nullptr) return false;
    if (!os.commit(store, kStoreBytes)) {
      os.release(store, kStoreBytes);
      return false;
    }
    store_ = store;
    left_ = kStoreBytes;
    return true;
  }

  Lock<Env, Env::has(Fault::kPoolRelaxed)> lock_;
  typename Env::template Plain<H*> free_;
  typename Env::template Plain<H*> free_direct_;
  H* all_ = nullptr;
  std::byte* store_ = nullptr;
  std::uint64_t left_ = 0;
  std::uint32_t made_ = 0;
};

}  // namespace quintet::allocator
