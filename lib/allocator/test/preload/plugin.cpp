// SPDX-License-Identifier: MIT
// A library that life.cpp and late_cpp.cpp load: it allocates when it is loaded, in variables of
// threads, and when it goes; and it asks for more than there is.
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <vector>

namespace {

std::vector<std::string> loaded(100, std::string(100, 'l'));
thread_local std::vector<std::string> of_thread(10, std::string(200, 't'));

}  // namespace

// A number that says whether all contents are as they were written.
extern "C" [[gnu::visibility("default")]] std::size_t plugin_work(std::size_t rounds) {
  std::size_t right = 0;
  for (std::size_t i = 0; i < rounds; ++i) {
    of_thread.emplace_back(i + 100, static_cast<char>('a' + i % 26));
  }
  for (std::size_t i = 0; i < rounds; ++i) {
    right += of_thread[i + 10] == std::string(i + 100, static_cast<char>('a' + i % 26)) ? 1U : 0U;
  }
  of_thread.resize(10);
  if (loaded.back() != std::string(100, 'l')) return 0;
  return right;
}

// How often the new-handler was called before bad_alloc came out; -1 if it did not.
extern "C" [[gnu::visibility("default")]] int plugin_ask_too_much(int calls_of_handler) {
  static int calls = 0, most = 0;
  calls = 0;
  most = calls_of_handler;
  const std::new_handler handler = [] {
    if (++calls == most) std::set_new_handler(nullptr);
  };
  std::set_new_handler(most == 0 ? nullptr : handler);
  volatile std::size_t size = PTRDIFF_MAX;
  if (void* const block = ::operator new(size, std::nothrow)) {
    ::operator delete(block);
    return -1;
  }
  try {
    ::operator delete(::operator new(size));
  } catch (const std::bad_alloc&) {
    return calls;
  }
  return -1;
}
