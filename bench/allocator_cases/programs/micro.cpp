// SPDX-License-Identifier: MIT
#include "allocator_cases/programs/micro.hpp"

#include <dlfcn.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <new>
#include <vector>

#include "allocator_cases/programs/measure.hpp"

// allocator_micro OPERATION [KEY=NUMBER...] prints `ns_per_op <x> rss_mib <y>`; allocator_micro
// origin prints the file that its malloc comes from.
namespace quintet::bench::allocator_cases {

Settings::Settings(int count, char** words) {
  for (int i = 0; i < count; ++i) {
    const std::string word = words[i];
    const std::size_t equals = word.find('=');
    char* end = nullptr;
    const std::uint64_t value =
        equals == word.npos ? 0 : std::strtoull(word.c_str() + equals + 1, &end, 10);
    if (equals == word.npos || *end != '\0' || end == word.c_str() + equals + 1) {
      std::fprintf(stderr, "allocator_micro: '%s' is not KEY=NUMBER\n", words[i]);
      std::exit(2);
    }
    values_[word.substr(0, equals)] = value;
  }
}

std::uint64_t Settings::operator[](const std::string& name) const {
  const auto found = values_.find(name);
  if (found != values_.end()) return found->second;
  std::fprintf(stderr, "allocator_micro: give %s=NUMBER\n", name.c_str());
  std::exit(2);
}

void* must(void* block) {
  if (block != nullptr) return block;
  std::fputs("allocator_micro: out of memory\n", stderr);
  std::exit(1);
}

namespace {

double pair(const Settings& settings) {
  const auto allocate = [](std::uint64_t size) { return std::malloc(size); };
  const auto give_back = [](void* block) { std::free(block); };
  return ns_per_operation(pairs(allocate, give_back, settings["size"]), settings.milliseconds());
}

// Rounds of `count` blocks that are all taken, and then all given back: the last one first, or in
// the order in which they came.
template <bool kLastFirst>
double queue(const Settings& settings) {
  const std::uint64_t size = settings["size"];
  std::vector<void*> blocks(settings["count"]);
  const auto rounds = [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      for (void*& block : blocks) block = must(std::malloc(size));
      if constexpr (kLastFirst) {
        for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) std::free(*block);
      } else {
        for (void* block : blocks) std::free(block);
      }
    }
  };
  return ns_per_operation(rounds, settings.milliseconds()) / static_cast<double>(blocks.size());
}

// One of `slots` blocks, at a random place, is given back for one of a random size up to `size`.
double random(const Settings& settings) {
  const std::uint64_t most = settings["size"];
  std::vector<void*> blocks(settings["slots"]);
  std::uint64_t state = 88172645463325252;
  const auto next = [&state](std::uint64_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return ((state >> 32) * below) >> 32;
  };
  for (void*& block : blocks) block = must(std::malloc(1 + next(most)));
  const auto steps = [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      void*& block = blocks[next(blocks.size())];
      std::free(block);
      block = must(std::malloc(1 + next(most)));
    }
  };
  const double ns = ns_per_operation(steps, settings.milliseconds());
  for (void* block : blocks) std::free(block);
  return ns;
}

double calloc_pair(const Settings& settings) {
  const auto allocate = [](std::uint64_t size) { return std::calloc(1, size); };
  const auto give_back = [](void* block) { std::free(block); };
  return ns_per_operation(pairs(allocate, give_back, settings["size"]), settings.milliseconds());
}

double aligned(const Settings& settings) {
  const std::uint64_t align = settings["align"];
  const auto allocate = [align](std::uint64_t size) {
    void* block = nullptr;
    return posix_memalign(&block, align, size) == 0 ? block : nullptr;
  };
  const auto give_back = [](void* block) { std::free(block); };
  static_cast<void>(must(allocate(settings["size"])));  // one is kept, as a program would
  return ns_per_operation(pairs(allocate, give_back, settings["size"]), settings.milliseconds());
}

double new_delete(const Settings& settings) {
  const std::uint64_t size = settings["size"];
  const auto allocate = [](std::uint64_t bytes) { return ::operator new(bytes); };
  const auto give_back = [size](void* block) { ::operator delete(block, size); };
  return ns_per_operation(pairs(allocate, give_back, size), settings.milliseconds());
}

// A block grows from `from` to `size` bytes, each time to percent/100 of its size and by `step`; an
// operation is one such step, and every new part gets its first byte.
double reallocate(const Settings& settings) {
  const std::uint64_t first = settings["from"];
  const std::uint64_t last = settings["size"];
  const auto grown = [percent = settings["percent"], step = settings["step"]](std::uint64_t size) {
    return size * percent / 100 + step;
  };
  std::uint64_t steps = 0;
  for (std::uint64_t size = first; size < last; size = grown(size)) ++steps;
  const auto rounds = [&](std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      auto* block = static_cast<char*>(must(std::malloc(first)));
      for (std::uint64_t size = first; size < last;) {
        const std::uint64_t old = size;
        size = grown(size);
        block = static_cast<char*>(must(std::realloc(block, size)));
        block[old] = 1;
        escape(block);
      }
      std::free(block);
    }
  };
  return ns_per_operation(rounds, settings.milliseconds()) / static_cast<double>(steps);
}

int origin() {
  Dl_info info{};
  if (::dladdr(::dlsym(RTLD_DEFAULT, "malloc"), &info) == 0) return 1;
  std::puts(info.dli_fname);
  return 0;
}

}  // namespace

const std::map<std::string, Operation>& operations() {
  static const std::map<std::string, Operation> known = {
      {"pair", pair},          {"lifo", queue<true>},
      {"fifo", queue<false>},  {"random", random},
      {"calloc", calloc_pair}, {"aligned", aligned},
      {"remote", remote},      {"new_delete", new_delete},
      {"realloc", reallocate}, {"thread_exit", thread_exit},
  };
  return known;
}

}  // namespace quintet::bench::allocator_cases

int main(int argc, char** argv) {
  using namespace quintet::bench::allocator_cases;
  const std::string name = argc < 2 ? "" : argv[1];
  if (name == "origin") return origin();
  const auto found = operations().find(name);
  if (found == operations().end()) {
    std::fputs("usage: allocator_micro OPERATION ms=NUMBER [KEY=NUMBER...]\noperations: origin",
               stderr);
    for (const auto& [known, operation] : operations()) std::fprintf(stderr, " %s", known.c_str());
    std::fputs("\n", stderr);
    return 2;
  }
  const double ns = found->second(Settings(argc - 2, argv + 2));
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("ns_per_op %.6g rss_mib %.6g\n", ns, static_cast<double>(usage.ru_maxrss) / 1024);
  return 0;
}
