# SPDX-License-Identifier: MIT
# Line counts for a program that reports them, by the counter of `./quintet lines`.

# quintet_lines_header(<target>)
#   Gives <target> the generated header "quintet_lines.hpp", renewed by the build when a file below
#   lib/ changes: constexpr quintet::lines::Lines kLines[], one {room, trusted, check, tests, exec}
#   for each folder of lib/, and quintet::lines::of("page_table"), which is all zeros for a folder
#   that does not exist. What counts as what: tools/quintet/lines.py. In a CMakeLists.txt:
#
#     quintet_bench(verification SOURCES verification_bench.cpp DEPS quintet::symbolic)
#     quintet_lines_header(verification_bench)
#
#   and in verification_bench.cpp:
#
#     #include "quintet_lines.hpp"
#     constexpr auto kLines = quintet::lines::of("page_table");
#     state.counters["trusted_lines"] = kLines.trusted;
#     state.counters["check_lines"] = kLines.check;
#     state.counters["exec_lines"] = kLines.exec;
#
#   Without Python every count is zero, which both configuring and kLines say (`kKnown`).
function(quintet_lines_header target)
  set(folder ${PROJECT_BINARY_DIR}/generated/lines)
  set(python /usr/bin/python3)  # Debian's, as for every other tool
  if(NOT TARGET quintet_lines)
    if(EXISTS ${python})
      _quintet_count_lines_with(${python} ${folder})
    else()
      message(WARNING "NO LINES ARE COUNTED in this build: ${python} is missing. "
        "Install python3 and configure again; until then ${target} reports zeros.")
      _quintet_count_no_lines(${folder})
    endif()
  endif()
  target_include_directories(${target} PRIVATE ${folder})
  add_dependencies(${target} quintet_lines)
endfunction()

# The target quintet_lines: the header, counted during the build.
function(_quintet_count_lines_with python folder)
  set(library ${PROJECT_SOURCE_DIR}/lib)
  file(GLOB_RECURSE counted CONFIGURE_DEPENDS ${library}/*.hpp ${library}/*.cpp ${library}/*.h)
  add_custom_command(OUTPUT ${folder}/quintet_lines.hpp
    COMMAND ${CMAKE_COMMAND} -E env PYTHONPATH=${PROJECT_SOURCE_DIR}/tools
      PYTHONDONTWRITEBYTECODE=1
      ${python} -m quintet.cli lines --header ${folder}/quintet_lines.hpp
    DEPENDS ${counted} ${PROJECT_SOURCE_DIR}/tools/quintet/lines.py
      ${PROJECT_SOURCE_DIR}/tools/quintet/lines_header.py
    COMMENT "Counting lines of code" VERBATIM)
  add_custom_target(quintet_lines DEPENDS ${folder}/quintet_lines.hpp)
endfunction()

# The same target without a counter: of() finds no room, and answers zeros.
function(_quintet_count_no_lines folder)
  file(CONFIGURE OUTPUT ${folder}/quintet_lines.hpp @ONLY CONTENT
"// Made by cmake/Lines.cmake without Python: nothing was counted.
#pragma once
#include <string_view>
namespace quintet::lines {
struct Lines {
  std::string_view room;
  unsigned trusted = 0, check = 0, tests = 0, exec = 0;
};
inline constexpr bool kKnown = false;
inline constexpr Lines kLines[] = {{\"none\"}};
constexpr Lines of(std::string_view room) { return {room}; }
}  // namespace quintet::lines
")
  add_custom_target(quintet_lines)
endfunction()
