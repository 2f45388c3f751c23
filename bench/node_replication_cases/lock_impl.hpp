// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "baselines/flat_combiner.hpp"
#include "baselines/slots_rw_lock.hpp"
#include "node_replication_cases/mix.hpp"

// One copy behind a lock, for the driver of mix.hpp. A lock is made for a number of members, and
// has write(member, f) and read(member, f).
namespace quintet::bench::node_replication_cases {

class Mutex {
 public:
  explicit Mutex(std::size_t) {}
  template <class F>
  auto write(std::size_t, F&& f) {
    const std::lock_guard guard(mutex_);
    return f();
  }
  template <class F>
  auto read(std::size_t member, F&& f) {
    return write(member, std::forward<F>(f));
  }

 private:
  std::mutex mutex_;
};

class SharedMutex {
 public:
  explicit SharedMutex(std::size_t) {}
  template <class F>
  auto write(std::size_t, F&& f) {
    const std::lock_guard guard(mutex_);
    return f();
  }
  template <class F>
  auto read(std::size_t, F&& f) {
    const std::shared_lock guard(mutex_);
    return f();
  }

 private:
  std::shared_mutex mutex_;
};

// Reads are requests too.
class Combiner : public baselines::FlatCombiner {
 public:
  using FlatCombiner::FlatCombiner;
  template <class F>
  auto write(std::size_t member, F&& f) {
    return run(member, std::forward<F>(f));
  }
  template <class F>
  auto read(std::size_t member, F&& f) {
    return run(member, std::forward<F>(f));
  }
};

// Nothing at all: only for what may be used by several threads at once, or by one thread.
class NoLock {
 public:
  explicit NoLock(std::size_t) {}
  template <class F>
  auto write(std::size_t, F&& f) {
    return f();
  }
  template <class F>
  auto read(std::size_t, F&& f) {
    return f();
  }
};

template <class Data, class Lock>
class OneCopy {
 public:
  class Thread {
   public:
    auto write(const typename Data::WriteOp& op) {
      return owner_->lock_.write(member_, [&] { return owner_->data_.apply(op); });
    }
    template <class F>
    auto read(F&& f) {
      return owner_->lock_.read(member_, [&] { return f(std::as_const(owner_->data_)); });
    }
    template <class AllDone>
    void finish(AllDone) {}

   private:
    friend class OneCopy;
    Thread(OneCopy* owner, std::size_t member) : owner_(owner), member_(member) {}
    OneCopy* owner_;
    std::size_t member_;
  };

  template <class Make>
  OneCopy(const Mix& mix, Make make) : lock_(mix.threads), data_(make(0)) {}
  Thread thread(std::size_t member) { return {this, member}; }

 private:
  alignas(128) Lock lock_;
  alignas(128) Data data_;
};

template <class Data>
using UnderMutex = OneCopy<Data, Mutex>;
template <class Data>
using UnderSharedMutex = OneCopy<Data, SharedMutex>;
template <class Data>
using UnderSlots = OneCopy<Data, baselines::SlotsRwLock>;
template <class Data>
using UnderCombiner = OneCopy<Data, Combiner>;
template <class Data>
using Unlocked = OneCopy<Data, NoLock>;

}  // namespace quintet::bench::node_replication_cases
