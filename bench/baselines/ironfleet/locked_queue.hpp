// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

// A queue without a bound between threads, with one lock. Threading: any.
namespace quintet::baselines::ironfleet {

template <class T>
class LockedQueue {
 public:
  // Nothing happens once it is closed.
  void push(T item) {
    {
      const std::lock_guard lock(mutex_);
      if (is_closed_) return;
      items_.push_back(std::move(item));
    }
    filled_.notify_one();
  }
  std::optional<T> try_pop() {
    const std::lock_guard lock(mutex_);
    return take();
  }
  // Waits for an item. None: the queue is closed.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [&] { return is_closed_ || !items_.empty(); });
    if (is_closed_) return std::nullopt;
    return take();
  }
  void close() {
    {
      const std::lock_guard lock(mutex_);
      is_closed_ = true;
    }
    filled_.notify_all();
  }

 private:
  std::optional<T> take() {
    if (items_.empty()) return std::nullopt;
    std::optional<T> first(std::move(items_.front()));
    items_.pop_front();
    return first;
  }

  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<T> items_;
  bool is_closed_ = false;
};

}  // namespace quintet::baselines::ironfleet
