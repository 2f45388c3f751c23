// SPDX-License-Identifier: MIT
// A program without libstdc++, into which it comes with a library that is loaded later, and for
// that library alone, as into an interpreter: operator new throws there as well.
// Argument: the library made of plugin.cpp.
#include <dlfcn.h>

#include <initializer_list>

#include "allocator/test/preload/check.hpp"

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "late_cpp: no library: give the path of the plugin\n");
    return 2;
  }
  if (!check::has_allocator()) return 1;
  check::expect(dlsym(RTLD_DEFAULT, "_ZSt9terminatev") == nullptr, "libstdc++ is there already");
  void* const library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  check::expect(library != nullptr, "%s cannot be loaded", arguments[1]);
  if (library == nullptr) return 1;
  auto* const ask = reinterpret_cast<int (*)(int)>(dlsym(library, "plugin_ask_too_much"));
  check::expect(ask != nullptr, "%s has no plugin_ask_too_much", arguments[1]);
  if (ask == nullptr) return 1;
  for (const int calls : {0, 1, 3}) {
    const int found = ask(calls);
    check::expect(found == calls, "%d calls of the new-handler, not %d (-1: no bad_alloc)", found,
                  calls);
  }
  return check::failures == 0 ? 0 : 1;
}
