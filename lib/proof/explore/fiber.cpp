// SPDX-License-Identifier: MIT
#include "proof/explore/fiber.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <utility>

#include "base/assert.hpp"
#include "base/sanitizers.hpp"

#if QT_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#if QT_TSAN
#include <sanitizer/tsan_interface.h>
#endif

// TSan counts calls and returns, and these functions are left for good without returning.
#if QT_TSAN
#define QT_FIBER_UNCOUNTED __attribute__((no_sanitize("thread")))
#else
#define QT_FIBER_UNCOUNTED
#endif

namespace quintet::proof::explore {
namespace {
constexpr std::size_t kGuardBytes = 4096;
constexpr std::size_t kStackBytes = std::size_t{256} << 10;  // enough for a debug build with ASan
}  // namespace

Fiber::Fiber() {
  void* mapping = mmap(nullptr, kGuardBytes + kStackBytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  QT_REQUIRE(mapping != MAP_FAILED, "no memory for the stack of a fiber");
  mapping_ = static_cast<std::byte*>(mapping);
  QT_REQUIRE(mprotect(mapping_, kGuardBytes, PROT_NONE) == 0);
  stack_ = mapping_ + kGuardBytes;
#if QT_TSAN
  inside_thread_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
  QT_REQUIRE(done_, "a fiber goes away before its function has ended");
#if QT_TSAN
  __tsan_destroy_fiber(inside_thread_);
#endif
  munmap(mapping_, kGuardBytes + kStackBytes);
}

void Fiber::start(std::function<void()> body) {
  QT_REQUIRE(done_);
  body_ = std::move(body);
  done_ = false;
  QT_REQUIRE(getcontext(&inside_) == 0);
  inside_.uc_stack.ss_sp = stack_;
  inside_.uc_stack.ss_size = kStackBytes;
  inside_.uc_link = nullptr;
  inside_shadow_ = nullptr;
  const auto self = reinterpret_cast<std::uintptr_t>(this);
  makecontext(&inside_, reinterpret_cast<void (*)()>(&Fiber::enter), 2, static_cast<unsigned>(self),
              static_cast<unsigned>(self >> 32));
}

void Fiber::resume() {
#if QT_ASAN
  void* shadow = nullptr;
  __sanitizer_start_switch_fiber(&shadow, stack_, kStackBytes);
#endif
#if QT_TSAN
  outside_thread_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(inside_thread_, 0);
#endif
  swapcontext(&outside_, &inside_);
#if QT_ASAN
  __sanitizer_finish_switch_fiber(shadow, nullptr, nullptr);
#endif
  if (done_) body_ = nullptr;
}

void Fiber::suspend() { leave(false); }

QT_FIBER_UNCOUNTED void Fiber::leave([[maybe_unused]] bool for_good) {
#if QT_ASAN
  __sanitizer_start_switch_fiber(for_good ? nullptr : &inside_shadow_, outside_stack_,
                                 outside_bytes_);
#endif
#if QT_TSAN
  __tsan_switch_to_fiber(outside_thread_, 0);
#endif
  swapcontext(&inside_, &outside_);
#if QT_ASAN
  __sanitizer_finish_switch_fiber(inside_shadow_, &outside_stack_, &outside_bytes_);
#endif
}

QT_FIBER_UNCOUNTED void Fiber::enter(unsigned low, unsigned high) {
  const std::uintptr_t self = static_cast<std::uintptr_t>(high) << 32 | low;
  reinterpret_cast<Fiber*>(self)->run();  // NOLINT(performance-no-int-to-ptr): by makecontext
}

QT_FIBER_UNCOUNTED void Fiber::run() {
#if QT_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &outside_stack_, &outside_bytes_);
#endif
  body_();
  done_ = true;
  leave(true);
}

}  // namespace quintet::proof::explore
