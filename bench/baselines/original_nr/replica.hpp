// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "baselines/original_nr/context.hpp"
#include "baselines/original_nr/log.hpp"
#include "baselines/original_nr/rw_lock.hpp"
#include "baselines/original_nr/traits.hpp"
#include "baselines/original_nr/waiting.hpp"

// One replica: the structure behind its lock, the contexts of its threads, and the combining of
// what they ask for. Threading: a thread uses its own index.
namespace quintet::baselines {

template <class D, class Env, class Traits>
class OriginalReplica {
 public:
  using Op = typename D::WriteOp;
  using Result = decltype(std::declval<D&>().apply(std::declval<const Op&>()));
  // Nothing where there is no result; and a vector of bool is none.
  struct Response {
    [[no_unique_address]] std::conditional_t<std::is_void_v<Result>, Touch, Result> value{};
  };
  using Log = OriginalLog<Op, Env, Traits>;

  OriginalReplica(std::uint32_t id, D data, Log& log, OriginalWaiting<Env> waiting)
      : id_(id), log_(log), waiting_(waiting), lock_(waiting), data_(std::move(data)) {
    Env::name(combiner_, "combiner");
    Env::name(registered_, "registered");
    for (std::size_t i = 0; i < Traits::kThreads; ++i) contexts_[i].name(i);
    ops_.reserve(Traits::kThreads * Traits::kPending);
    responses_.reserve(Traits::kThreads * Traits::kPending);
  }

  std::optional<std::uint32_t> register_thread() {
    std::uint32_t next = registered_.load(std::memory_order_seq_cst);
    do {
      if (next == Traits::kThreads) return std::nullopt;
    } while (!registered_.compare_exchange_strong(next, next + 1, std::memory_order_seq_cst,
                                                  std::memory_order_seq_cst));
    return next;
  }

  Response write(std::uint32_t thread, Op op) {
    Context& context = contexts_[thread];
    while (!context.post(op)) waiting_.turn();
    do {
      try_combine(thread);
    } while (!context.wait(waiting_, kLooksBeforeCombining));
    return context.take();
  }

  template <class F>
  decltype(auto) read(std::uint32_t thread, F&& f) {
    const std::uint64_t completed = log_.completed();
    while (!log_.is_synced(id_, completed)) {
      try_combine(thread);
      waiting_.turn();
    }
    lock_.lock_shared(thread);
    const Unlock unlock{lock_, thread};
    static_cast<void>(touch_.load());
    return std::forward<F>(f)(std::as_const(*data_));
  }

 private:
  using Context = std::conditional_t<Traits::kPending == 1, CellContext<Op, Response, Env, Traits>,
                                     RingContext<Op, Response, Env, Traits>>;
  using Lock = OriginalRwLock<Env, Traits>;
  static constexpr std::uint64_t kLooksBeforeCombining = std::uint64_t{1} << 29;
  struct Unlock {
    Lock& lock;
    std::uint32_t thread;
    Unlock(Lock& l, std::uint32_t t) : lock(l), thread(t) {}
    Unlock(const Unlock&) = delete;
    Unlock& operator=(const Unlock&) = delete;
    ~Unlock() { lock.unlock_shared(thread); }
  };

  [[nodiscard]] std::size_t contexts_in_use() const {
    return Traits::kScansAll ? Traits::kThreads : registered_.load(Traits::kRelaxed);
  }

  [[gnu::noinline]] void try_combine(std::uint32_t thread) {
    for (int look = 0; look < Traits::kLooksAtLock; ++look) {
      if (combiner_.load(Traits::kRelaxed) != 0) return;
    }
    std::uint64_t free = 0;
    const bool taken =
        Traits::kWeakLock
            ? combiner_.compare_exchange_weak(free, thread + 1, Traits::kAcquire, Traits::kAcquire)
            : combiner_.compare_exchange_strong(free, thread + 1, Traits::kAcquire,
                                                Traits::kAcquire);
    if (!taken) return;
    combine();
    combiner_.store(0, Traits::kRelease);
  }

  void combine() {
    const std::size_t contexts = contexts_in_use();
    ops_.clear();
    responses_.clear();
    for (std::size_t i = 0; i < contexts; ++i) collected_[i] = contexts_[i].collect(ops_);
    const auto append = [this](auto& apply) { log_.append(std::span<const Op>(ops_), id_, apply); };
    const auto execute = [this](auto& apply) { log_.execute(id_, apply); };
    if constexpr (Traits::kHoldsLockAcross) {
      locked(contexts, [&](auto& apply) {
        append(apply);
        execute(apply);
      });
    } else {
      locked(contexts, append);
      locked(contexts, execute);
    }
    Response* next = responses_.data();
    for (std::size_t i = 0; i < contexts; ++i) {
      if (collected_[i] == 0) continue;
      contexts_[i].answer(next, collected_[i]);
      next += collected_[i];
    }
  }

  // Calls `body(apply)` under the data lock.
  template <class Body>
  void locked(std::size_t contexts, Body body) {
    lock_.lock(contexts);
    touch_.store({});
    if constexpr (Traits::kMovesData) {
      D data = std::move(*data_);
      data_.reset();
      run_on(data, body);
      data_.emplace(std::move(data));
    } else {
      run_on(*data_, body);
    }
    lock_.unlock();
  }
  template <class Body>
  void run_on(D& data, Body& body) {
    auto apply = [this, &data](const Op& op, std::uint32_t replica) {
      if constexpr (std::is_void_v<Result>) {
        data.apply(op);
        if (replica == id_) responses_.emplace_back();
      } else {
        Response response{data.apply(op)};
        if (replica == id_) responses_.push_back(std::move(response));
      }
    };
    body(apply);
  }

  std::uint32_t id_;
  Log& log_;
  OriginalWaiting<Env> waiting_;
  alignas(kNrPadding) typename Env::template atomic<std::uint64_t> combiner_{0};
  alignas(kNrPadding) typename Env::template atomic<std::uint32_t> registered_{0};
  // The combiner's.
  alignas(kNrPadding) std::vector<Op> ops_;
  std::vector<Response> responses_;
  std::array<std::size_t, Traits::kThreads> collected_{};
  std::array<Context, Traits::kThreads> contexts_{};
  Lock lock_;
  alignas(kNrPadding) std::optional<D> data_;
  typename Env::template plain<Touch> touch_;
};

}  // namespace quintet::baselines
