# SPDX-License-Identifier: MIT
# The helpers that every room uses. A room's whole CMakeLists.txt looks like this:
#
#   quintet_library(page_table
#     HEADERS entry.hpp table.hpp frame_arena.hpp     # installed, self-contained, relative paths
#     SOURCES frame_arena.cpp                         # adapters; leave out: header-only
#     DEPS quintet::base quintet::platform)           # seen by users of the library
#   if(QT_BUILD_TESTS)
#     quintet_test(page_table KIND unit SOURCES test/entry_test.cpp)
#     quintet_test(page_table KIND stress SOURCES test/reader_stress.cpp PROCESSORS 2)
#   endif()
#
# and a benchmark family, in bench/CMakeLists.txt:
#
#   quintet_bench(page_table SOURCES page_table_bench.cpp baselines/nros.cpp DEPS quintet::page_table)

# quintet_library(<name> [APART] HEADERS ... [SOURCES ...] [DEPS ...] [PRIVATE_DEPS ...]
#                 [REQUIRES_PC ...])
#   Target quintet::<name>: INTERFACE without SOURCES, STATIC with. Include root is lib/.
#   Installed as component <name>; REQUIRES_PC names the pkg-config modules that users must link.
#   APART: not in quintet.pc, since linking it changes a program that does not call it.
function(quintet_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "APART" ""
    "HEADERS;SOURCES;DEPS;PRIVATE_DEPS;REQUIRES_PC")
  _quintet_reject_unparsed(quintet_library ${name} "${arg_UNPARSED_ARGUMENTS}")
  set(target quintet_${name})
  set(scope INTERFACE)
  if(arg_SOURCES)
    add_library(${target} STATIC ${arg_SOURCES})
    set(scope PUBLIC)
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_link_libraries(${target} PRIVATE ${arg_PRIVATE_DEPS})
  else()
    add_library(${target} INTERFACE)
  endif()
  add_library(quintet::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(${target} ${scope} cxx_std_23)
  target_link_libraries(${target} ${scope} ${arg_DEPS})
  target_sources(${target} ${scope} FILE_SET HEADERS
    BASE_DIRS ${PROJECT_SOURCE_DIR}/lib FILES ${arg_HEADERS})
  install(TARGETS ${target} EXPORT quintet_${name}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${name}
    FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/quintet COMPONENT ${name})
  set_property(GLOBAL APPEND PROPERTY QUINTET_LIBRARIES ${name})
  set_property(GLOBAL PROPERTY QUINTET_DEPS_${name} ${arg_DEPS})
  set_property(GLOBAL PROPERTY QUINTET_APART_${name} ${arg_APART})
  set_property(GLOBAL APPEND PROPERTY QUINTET_REQUIRES_PC ${arg_REQUIRES_PC})
endfunction()

# quintet_test(<system> KIND unit|prop|model|faults|stress SOURCES ... [DEPS ...]
#              [PROCESSORS n] [TIMEOUT seconds])
#   Executable <system>_<kind>, linked with quintet::<system> (if there is one) and rapidcheck.
#   Every TEST_CASE becomes the CTest `<system>.<name>` with the kind as its label.
#   A test that prints a line `SKIP: install <package>` and returns is shown as skipped.
#   Test names are plain sentences without , ; [ ] or quotes.
function(quintet_test system)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "KIND;PROCESSORS;TIMEOUT" "SOURCES;DEPS")
  _quintet_reject_unparsed(quintet_test ${system} "${arg_UNPARSED_ARGUMENTS}")
  set(default_timeout_unit 60)
  set(default_timeout_prop 300)
  set(default_timeout_model 300)
  set(default_timeout_faults 300)
  set(default_timeout_stress 300)
  if(NOT DEFINED default_timeout_${arg_KIND})
    message(FATAL_ERROR "quintet_test(${system}): KIND is `${arg_KIND}`: "
      "use unit, prop, model, faults or stress")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT ${default_timeout_${arg_KIND}})
  endif()
  if(NOT arg_PROCESSORS)
    set(arg_PROCESSORS 1)
  endif()
  set(target ${system}_${arg_KIND})
  add_executable(${target} ${arg_SOURCES})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/lib)
  if(TARGET quintet::${system})
    target_link_libraries(${target} PRIVATE quintet::${system})
  endif()
  target_link_libraries(${target} PRIVATE ${arg_DEPS} Catch2::Catch2WithMain rapidcheck)
  set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ${QT_TESTS_ON_DEMAND})
  if(QT_SANITIZE AND arg_KIND STREQUAL unit)  # it takes longer to compile than to run
    target_compile_options(${target} PRIVATE -O0)
  endif()
  add_dependencies(quintet_tests_${arg_KIND} ${target})
  catch_discover_tests(${target} TEST_PREFIX "${system}."
    PROPERTIES LABELS ${arg_KIND} TIMEOUT ${arg_TIMEOUT} PROCESSORS ${arg_PROCESSORS}
      SKIP_REGULAR_EXPRESSION "SKIP: install")
  # A program that dies before it has listed its tests would be one without tests.
  add_custom_command(TARGET ${target} POST_BUILD VERBATIM
    COMMAND sh -c "test -n \"$($0 --list-test-names-only)\" || { echo $0: no tests; exit 1; }"
      $<TARGET_FILE:${target}>)
endfunction()

# quintet_proof(<system> SOURCES ... [DEPS ...])
#   Executable <system>_proof: the obligations registered in SOURCES, with the main program of
#   lib/proof/symbolic. Two CTests of the label `proof`, each on two cores: `<system>.proof` proves
#   them, `<system>.proof_faults` refutes the seeded faults. (The obligations themselves are the
#   object library quintet_<system>_obligations, which the verification benchmark runs as well.) Their tables are left in
#   <build>/proof/. Skipped without Z3; sanitizer builds get none, their solver is not instrumented.
function(quintet_proof system)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS")
  _quintet_reject_unparsed(quintet_proof ${system} "${arg_UNPARSED_ARGUMENTS}")
  if(QT_SANITIZE)
    return()
  endif()
  set(target ${system}_proof)
  if(Z3_FOUND)
    set(obligations quintet_${system}_obligations)
    add_library(${obligations} OBJECT ${arg_SOURCES})
    target_include_directories(${obligations} PUBLIC ${PROJECT_SOURCE_DIR}/lib)
    target_link_libraries(${obligations} PUBLIC quintet::${system} quintet::symbolic ${arg_DEPS})
    set_property(GLOBAL APPEND PROPERTY QUINTET_OBLIGATIONS ${obligations})
    add_executable(${target})
    target_link_libraries(${target} PRIVATE ${obligations} quintet_symbolic_main)
    add_dependencies(quintet_tests_proof ${target})
  endif()
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/proof)
  foreach(part proof proof_faults)
    set(which --no-faults)
    if(part STREQUAL proof_faults)
      set(which --faults)
    endif()
    set(command ${target} ${which} --jobs 2 --output ${PROJECT_BINARY_DIR}/proof/${system}.${part}.txt)
    if(NOT Z3_FOUND)
      set(command ${CMAKE_COMMAND} -E echo "SKIP: install libz3-dev")
    endif()
    add_test(NAME ${system}.${part} COMMAND ${command})
    set_tests_properties(${system}.${part} PROPERTIES LABELS proof TIMEOUT 900 PROCESSORS 2
      SKIP_REGULAR_EXPRESSION "SKIP: install")
  endforeach()
endfunction()

# quintet_fuzz(<system> <name> MAX_LEN bytes INPUTS n)
#   Executable <system>_<name>_fuzz of <name>_fuzz.cpp, a libFuzzer target with the folder corpus/,
#   and the CTest `<system>.fuzz_<name>` of the kind model. Where the compiler has no libFuzzer, and
#   under TSan, testing/fuzz/replay.cpp runs it on INPUTS inputs that make_input.cpp makes.
function(quintet_fuzz system name)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "MAX_LEN;INPUTS" "")
  _quintet_reject_unparsed(quintet_fuzz ${system} "${arg_UNPARSED_ARGUMENTS}")
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_FLAGS -fsanitize=fuzzer)
  check_cxx_source_compiles(
    "#include <stddef.h>\nextern \"C\" int LLVMFuzzerTestOneInput(const char*, size_t) { return 0; }"
    QT_HAVE_LIBFUZZER)
  unset(CMAKE_REQUIRED_FLAGS)

  set(target ${system}_${name}_fuzz)
  add_executable(${target} ${name}_fuzz.cpp)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/lib)
  target_link_libraries(${target} PRIVATE quintet::${system})
  add_dependencies(quintet_tests_model ${target})
  set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/corpus)
  if(QT_HAVE_LIBFUZZER AND NOT QT_SANITIZE STREQUAL tsan)
    set(sanitizers -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all)
    target_compile_options(${target} PRIVATE ${sanitizers})
    target_link_options(${target} PRIVATE ${sanitizers})
    # It adds what it finds to the first folder.
    set(found ${CMAKE_CURRENT_BINARY_DIR}/found)
    file(MAKE_DIRECTORY ${found})
    set(arguments -runs=200000 -max_total_time=30 -max_len=${arg_MAX_LEN} -timeout=10
      -artifact_prefix=${CMAKE_CURRENT_BINARY_DIR}/ ${found} ${corpus})
  else()
    target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/lib/testing/fuzz/replay.cpp
      make_input.cpp)
    set(arguments ${corpus} ${arg_INPUTS})
    if(QT_SANITIZE)
      math(EXPR fewer "${arg_INPUTS} / 5")
      set(arguments ${corpus} ${fewer})
    endif()
  endif()
  add_test(NAME ${system}.fuzz_${name} COMMAND ${target} ${arguments})
  set_tests_properties(${system}.fuzz_${name} PROPERTIES LABELS model TIMEOUT 120)
endfunction()

# quintet_vm_test(<system> SOURCES ... SCRIPT file [DEPS ...])
#   CTest `<system>.vm`, of label `e2e`: SCRIPT, with the helpers of lib/testing/vm/machine.sh, boots
#   a virtual machine that runs the program made of SOURCES. Its arguments: that program, and a
#   folder that keeps the kernel. Sanitizer builds get none: their runtimes are not in the machine.
function(quintet_vm_test system)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "SCRIPT" "SOURCES;DEPS")
  _quintet_reject_unparsed(quintet_vm_test ${system} "${arg_UNPARSED_ARGUMENTS}")
  if(QT_SANITIZE)
    return()
  endif()
  set(target ${system}_vm_guest)
  add_executable(${target} ${arg_SOURCES})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/lib)
  target_link_libraries(${target} PRIVATE quintet::${system} ${arg_DEPS})
  add_test(NAME ${system}.vm COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/${arg_SCRIPT}
    $<TARGET_FILE:${target}> ${PROJECT_BINARY_DIR}/vm)
  set_tests_properties(${system}.vm PROPERTIES LABELS e2e TIMEOUT 300
    SKIP_REGULAR_EXPRESSION "SKIP: install")
endfunction()

# quintet_bench(<system> SOURCES ... [DEPS ...])
#   Executable <build>/bench/<system>_bench on bench/support, and the CTest `perf.<system>`:
#   it runs alone, with quick settings unless QT_PERF_PROFILE=full, and leaves its JSON in
#   <build>/results/<system>.json. Sanitizer builds get no perf test: their times mean nothing.
function(quintet_bench system)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS")
  _quintet_reject_unparsed(quintet_bench ${system} "${arg_UNPARSED_ARGUMENTS}")
  set(target ${system}_bench)
  add_executable(${target} ${PROJECT_SOURCE_DIR}/bench/support/main.cpp ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES
    EXCLUDE_FROM_ALL ${QT_BENCH_ON_DEMAND} RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
  target_link_libraries(${target} PRIVATE quintet_bench_support ${arg_DEPS})
  add_dependencies(quintet_benches ${target})
  if(NOT QT_BUILD_TESTS OR QT_SANITIZE)
    return()
  endif()
  set(quick_flag "")
  if(QT_PERF_PROFILE STREQUAL quick)
    set(quick_flag --quick)
  endif()
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/results)
  add_test(NAME perf.${system} COMMAND ${target} ${quick_flag}
    --benchmark_out_format=json --benchmark_out=${PROJECT_BINARY_DIR}/results/${system}.json)
  set_tests_properties(perf.${system} PROPERTIES LABELS perf RUN_SERIAL ON TIMEOUT 600
    SKIP_RETURN_CODE 77 FIXTURES_REQUIRED perf_machine)
endfunction()

function(_quintet_reject_unparsed function name unparsed)
  if(unparsed)
    message(FATAL_ERROR "${function}(${name}): unexpected arguments: ${unparsed}")
  endif()
endfunction()

# Every benchmark binary and no test; every test of one kind.
add_custom_target(quintet_benches)
foreach(kind unit prop model faults stress proof)
  add_custom_target(quintet_tests_${kind})
endforeach()
