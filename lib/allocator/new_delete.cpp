// SPDX-License-Identifier: MIT
// The replaceable operators new and delete, all twenty, as libquintet-malloc.so exports them.
//
// Nothing of libstdc++ is needed to load them: what throws, or asks for the new-handler, is there
// if the program has C++ in it. [new.delete]: the handler is called until there is memory or it
// throws; the nothrow forms return null then.
#include <dlfcn.h>

#include <cstddef>
#include <cstdlib>
#include <new>

#include "allocator/message.hpp"
#include "allocator/process.hpp"

#define QT_EXPORT [[gnu::visibility("default")]]

// Weak: absent in programs without C++.
asm(".weak __gxx_personality_v0\n.weak __cxa_begin_catch\n.weak __cxa_end_catch\n"
    ".weak _Unwind_Resume\n.weak _ZSt9terminatev");
namespace std {
[[gnu::weak]] void __throw_bad_alloc();
[[gnu::weak]] new_handler get_new_handler() noexcept;
}  // namespace std

namespace {

namespace ours = quintet::allocator;

// A function of libstdc++, or null: the one that was there when this library was loaded, or that
// has come with a library since, as into interpreters.
template <class Function>
Function* of_libstdcxx(Function* loaded, const char* name) {
  if (loaded != nullptr) return loaded;
  void* const library = ::dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_NOLOAD);
  return library == nullptr ? nullptr : reinterpret_cast<Function*>(::dlsym(library, name));
}

[[noreturn, gnu::noinline, gnu::cold]] void throw_bad_alloc() {
  if (auto* const thrower = of_libstdcxx(&std::__throw_bad_alloc, "_ZSt17__throw_bad_allocv")) {
    thrower();
  }
  ours::Message()
      .text("quintet-malloc: operator new has no memory, and no libstdc++ to throw")
      .send();
  std::abort();
}

// Memory from `get`, or what the new-handler makes of there being none: null without a handler.
template <class Get>
[[gnu::noinline, gnu::cold]] void* ask_handler(Get get) {
  auto* const getter = of_libstdcxx(&std::get_new_handler, "_ZSt15get_new_handlerv");
  for (;;) {
    const std::new_handler handler = getter == nullptr ? nullptr : getter();
    if (handler == nullptr) return nullptr;
    handler();
    if (void* const block = get()) return block;
  }
}

template <class Get>
void* get_or_throw(Get get) {
  if (void* const block = get()) [[likely]]
    return block;
  if (void* const block = ask_handler(get)) return block;
  throw_bad_alloc();
}
template <class Get>
void* get_or_null(Get get) noexcept {
  if (void* const block = get()) [[likely]]
    return block;
  try {
    return ask_handler(get);
  } catch (...) {
    return nullptr;
  }
}

using ours::free_as;
using enum ours::Kind;

auto plain(ours::Kind kind, std::size_t size) {
  return [=] { return ours::allocated_as(kind, ours::allocate(size)); };
}
auto aligned(ours::Kind kind, std::size_t size, std::align_val_t alignment) {
  return [=] {
    void* const block = ours::allocate_aligned(size, static_cast<std::size_t>(alignment));
    return ours::allocated_as(kind, block);
  };
}

}  // namespace

// clang-format off
QT_EXPORT void* operator new(std::size_t size) { return get_or_throw(plain(kNew, size)); }
QT_EXPORT void* operator new[](std::size_t size) { return get_or_throw(plain(kNewArray, size)); }
QT_EXPORT void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return get_or_null(plain(kNew, size)); }
QT_EXPORT void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return get_or_null(plain(kNewArray, size)); }
QT_EXPORT void* operator new(std::size_t size, std::align_val_t alignment) { return get_or_throw(aligned(kNew, size, alignment)); }
QT_EXPORT void* operator new[](std::size_t size, std::align_val_t alignment) { return get_or_throw(aligned(kNewArray, size, alignment)); }
QT_EXPORT void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept { return get_or_null(aligned(kNew, size, alignment)); }
QT_EXPORT void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept { return get_or_null(aligned(kNewArray, size, alignment)); }
QT_EXPORT void operator delete(void* pointer) noexcept { free_as(kNew, pointer); }
QT_EXPORT void operator delete[](void* pointer) noexcept { free_as(kNewArray, pointer); }
QT_EXPORT void operator delete(void* pointer, const std::nothrow_t&) noexcept { free_as(kNew, pointer); }
QT_EXPORT void operator delete[](void* pointer, const std::nothrow_t&) noexcept { free_as(kNewArray, pointer); }
QT_EXPORT void operator delete(void* pointer, std::size_t size) noexcept { free_as(kNew, pointer, size); }
QT_EXPORT void operator delete[](void* pointer, std::size_t size) noexcept { free_as(kNewArray, pointer, size); }
QT_EXPORT void operator delete(void* pointer, std::align_val_t) noexcept { free_as(kNew, pointer); }
QT_EXPORT void operator delete[](void* pointer, std::align_val_t) noexcept { free_as(kNewArray, pointer); }
QT_EXPORT void operator delete(void* pointer, std::size_t size, std::align_val_t) noexcept { free_as(kNew, pointer, size); }
QT_EXPORT void operator delete[](void* pointer, std::size_t size, std::align_val_t) noexcept { free_as(kNewArray, pointer, size); }
QT_EXPORT void operator delete(void* pointer, std::align_val_t, const std::nothrow_t&) noexcept { free_as(kNew, pointer); }
QT_EXPORT void operator delete[](void* pointer, std::align_val_t, const std::nothrow_t&) noexcept { free_as(kNewArray, pointer); }
// clang-format on
