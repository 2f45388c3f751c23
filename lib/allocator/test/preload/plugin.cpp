// SPDX-License-Identifier: MIT
// A library that life.cpp loads and unloads: it allocates when it is loaded, in variables of
// threads, and when it goes.
#include <cstddef>
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
