// SPDX-License-Identifier: MIT
#include <libpmemlog.h>

#include <cstdio>
#include <memory>
#include <string>

// Makes a libpmemlog pool with the lines "entry 0" to "entry 999": what the scripts import. Then
// waits, with the pool open, until its input ends.
int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: pmemlog_sample PATH\n", stderr);
    return 2;
  }
  const std::unique_ptr<PMEMlogpool, void (*)(PMEMlogpool*)> pool(
      pmemlog_create(arguments[1], PMEMLOG_MIN_POOL, 0644), pmemlog_close);
  if (pool == nullptr) {
    std::perror(arguments[1]);
    return 1;
  }
  for (int i = 0; i < 1000; ++i) {
    const std::string line = "entry " + std::to_string(i) + "\n";
    if (pmemlog_append(pool.get(), line.data(), line.size()) != 0) return 1;
  }
  std::puts("made");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}
