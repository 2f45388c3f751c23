// SPDX-License-Identifier: MIT
#include "allocator_cases/implementations.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <fstream>

#include "support/gbench_flags.hpp"
#include "support/programs.hpp"
#include "testing/catch.hpp"

namespace {

using namespace quintet::bench;
using namespace quintet::bench::allocator_cases;

// Where a shared library lies that every program finds; it has that function.
std::string path_of(const char* name, const char* function) {
  Dl_info info{};
  void* const library = ::dlopen(name, RTLD_NOW);
  REQUIRE(library != nullptr);
  REQUIRE(::dladdr(::dlsym(library, function), &info) != 0);
  return info.dli_fname;
}
std::string some_library() { return path_of("libm.so.6", "cos"); }  // that has no malloc
std::string some_allocator() { return path_of("libc.so.6", "gnu_get_libc_version"); }

std::string error_of(const std::string& text) {
  const std::vector<Flag*> flags = all_flags();
  Flag* const flag = *std::ranges::find(flags, "rival", &Flag::name);
  const auto parsed = flag->parse(text);
  return parsed ? "none" : parsed.error();
}

TEST_CASE("a rival is a name and a shared library and everything else is refused") {
  CHECK(error_of("").find("is not NAME=PATH") == 0);
  CHECK(error_of("mine").find("is not NAME=PATH") == 0);
  CHECK(error_of("mine=").find("is not NAME=PATH") == 0);
  CHECK(error_of("My-own=/bin/sh") ==
        "has a name that is not of lower case, digits and underscores");
  CHECK(error_of("=/bin/sh").find("has a name that is not") == 0);
  CHECK(error_of("mimalloc=/bin/sh") == "uses the name 'mimalloc', which is taken: use another");
  CHECK(error_of("glibc=/bin/sh") == "uses the name 'glibc', which is taken: use another");
  CHECK(error_of("quintet=/bin/sh") == "uses the name 'quintet', which is taken: use another");
  CHECK(error_of("mine=/no/such.so") == "names no file");
  CHECK(error_of("mine=/tmp") == "names no file");
}

TEST_CASE("a rival that the loader could not take is refused") {
  const TemporaryFolder folder("/tmp");
  const std::string text = folder.file("text.so");
  std::ofstream(text) << "no library, but as long as the header of one: " << std::string(100, '-');
  CHECK(error_of("mine=" + text) == "names no 64-bit shared library");
  const std::string spaced = folder.file("with space.so");
  std::ofstream(spaced) << "text";
  CHECK(error_of("mine=" + spaced) ==
        "has a space or a colon in its path, which LD_PRELOAD cannot have");
}

TEST_CASE("a rival that is no allocator is refused before any case") {
  CHECK(error_of("mine=" + some_library()) ==
        "names no allocator: libm.so.6 does not take over malloc: under it malloc is that of "
        "libc.so.6; give a library that has a malloc");
}

TEST_CASE("rivals can be given more than once but each name only once") {
  const std::string library = some_allocator();
  const std::size_t before = implementations().size();
  REQUIRE(parse_command_line({"--rival=first=" + library, "--rival=second=" + library}));
  CHECK(error_of("second=" + library) == "uses the name 'second', which is taken: use another");
  const auto all = implementations();
  REQUIRE(all.size() == before + 2);
  CHECK(all[before].name == "first");
  CHECK(all[before + 1].name == "second");
  CHECK(all[before + 1].library == library);
}

TEST_CASE("a rival that has no malloc is found out before it is measured") {
  const Implementation none{.name = "none", .library = some_library(), .package = {}};
  const auto preload = preload_of(none);
  REQUIRE_FALSE(preload);
  CHECK(preload.error().message ==
        "libm.so.6 does not take over malloc: under it malloc is that of libc.so.6");
}

TEST_CASE("an allocator that is not installed is skipped with its package") {
  const auto preload = preload_of({.name = "other", .library = "", .package = "libother1"});
  REQUIRE_FALSE(preload);
  CHECK(preload.error().message == "SKIP: install libother1");
  const auto ours = preload_of({.name = "quintet", .library = "", .package = ""});
  REQUIRE_FALSE(ours);
  CHECK(ours.error().message == "its library is not built: ./quintet build perf");
}

TEST_CASE("the allocator of the C library is there and is itself") {
  CHECK(preload_of(glibc()).value() == "libc.so.6");
  const auto all = implementations();
  for (const char* name : {"quintet", "quintet_hardened", "glibc", "mimalloc", "jemalloc"}) {
    CHECK(std::ranges::count(all, name, &Implementation::name) == 1);
  }
}

}  // namespace
