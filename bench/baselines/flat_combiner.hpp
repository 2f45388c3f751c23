// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <type_traits>
#include <vector>

#include "baselines/back_off.hpp"

// Flat combining on one copy, as in the classic: a thread that finds the lock taken leaves its
// request in its slot, and whoever holds the lock serves all the slots before giving it up. Reads
// are requests like any other.
// Threading: any; a member number belongs to one thread at a time. Requests must not throw.
namespace quintet::baselines {

class FlatCombiner {
 public:
  explicit FlatCombiner(std::size_t members) : slots_(members) {}

  template <class F>
  auto run(std::size_t member, F&& f) {
    using Answer = std::invoke_result_t<F&>;
    if (try_lock()) {
      Answer answer = f();
      serve_and_unlock();
      return answer;
    }
    Request<std::remove_reference_t<F>, Answer> request{{&serve<F, Answer>}, f, {}};
    post(slots_[member].request, request);
    return request.answer;
  }

 private:
  static constexpr std::size_t kPad = 128;  // a line and the one that is fetched with it
  struct AnyRequest {
    void (*serve)(AnyRequest&);
  };
  template <class F, class Answer>
  struct Request : AnyRequest {
    F& f;
    Answer answer;
  };
  struct alignas(kPad) Slot {
    std::atomic<AnyRequest*> request = nullptr;
  };

  template <class F, class Answer>
  static void serve(AnyRequest& any) {
    auto& request = static_cast<Request<std::remove_reference_t<F>, Answer>&>(any);
    request.answer = request.f();
  }

  bool try_lock() {
    return !locked_.load(std::memory_order_relaxed) &&
           !locked_.exchange(true, std::memory_order_acquire);
  }

  // release with the combiner's acquire: it sees the request; and back again with the answer.
  void post(std::atomic<AnyRequest*>& slot, AnyRequest& request) {
    slot.store(&request, std::memory_order_release);
    for (BackOff back_off; slot.load(std::memory_order_acquire) != nullptr; back_off.wait()) {
      if (try_lock()) serve_and_unlock();
    }
  }

  void serve_and_unlock() {
    for (Slot& slot : slots_) {
      AnyRequest* const request = slot.request.load(std::memory_order_acquire);
      if (request == nullptr) continue;
      request->serve(*request);
      slot.request.store(nullptr, std::memory_order_release);
    }
    locked_.store(false, std::memory_order_release);
  }

  alignas(kPad) std::atomic<bool> locked_ = false;
  alignas(kPad) std::vector<Slot> slots_;
};

}  // namespace quintet::baselines
