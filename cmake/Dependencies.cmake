# SPDX-License-Identifier: MIT
# Every external package of the build, and nowhere else. The Debian package of each is in
# third_party/packages.txt; `./quintet build` installs them.
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_FLAGS -std=c++23)
check_cxx_source_compiles(
  "#include <expected>\nint main() { return std::expected<int, char>{0}.value(); }"
  QT_HAVE_STD_EXPECTED)
unset(CMAKE_REQUIRED_FLAGS)
if(NOT QT_HAVE_STD_EXPECTED)
  message(FATAL_ERROR "${CMAKE_CXX_COMPILER} ${CMAKE_CXX_COMPILER_VERSION} has no std::expected: "
    "use g++ 12 or newer, or clang++ 19 or newer")
endif()

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(HWLOC REQUIRED IMPORTED_TARGET hwloc>=2.9)
pkg_check_modules(ISAL REQUIRED IMPORTED_TARGET libisal>=2.30)
pkg_check_modules(PMEM REQUIRED IMPORTED_TARGET libpmem>=1.12)
pkg_check_modules(URING REQUIRED IMPORTED_TARGET liburing>=2.3)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.74 REQUIRED)  # Asio, which is headers only
find_package(nlohmann_json 3.11 REQUIRED)

# Proofs need Z3; everything else does without.
if(QT_BUILD_TESTS OR QT_BUILD_BENCH)
  pkg_check_modules(Z3 IMPORTED_TARGET z3>=4.8)
  if(NOT Z3_FOUND)
    message(WARNING "NOTHING IS PROVED in this build: Z3 is missing. "
      "Install libz3-dev and configure again; until then proofs are shown as skipped.")
  endif()
endif()

# What tells memcheck about the allocator's blocks; without it there is no libquintet-malloc-valgrind.
include(CheckIncludeFileCXX)
check_include_file_cxx(valgrind/memcheck.h QT_HAVE_MEMCHECK_H)
check_include_file_cxx(sanitizer/asan_interface.h QT_HAVE_ASAN_INTERFACE_H)

# A rival of figure 13, and what makes the old pools that tests import: both are skipped without.
if(QT_BUILD_TESTS OR QT_BUILD_BENCH)
  pkg_check_modules(PMEMLOG IMPORTED_TARGET libpmemlog>=1.12)
endif()

if(QT_BUILD_APPS OR QT_BUILD_BENCH)
  find_package(CLI11 2.1 REQUIRED)
  find_package(fmt 9 REQUIRED)
endif()

if(QT_BUILD_TESTS)
  find_package(Catch2 2.13 REQUIRED)
  include(Catch)
  find_package(rapidcheck REQUIRED)
endif()

# Rivals of figure 10; without them their cases are skipped.
if(QT_BUILD_BENCH)
  find_package(benchmark 1.7.1 REQUIRED)
  pkg_check_modules(URCU IMPORTED_TARGET liburcu-memb>=0.13 liburcu-cds>=0.13)
  pkg_check_modules(TBB IMPORTED_TARGET tbb>=2021.8)
endif()
