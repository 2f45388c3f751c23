# SPDX-License-Identifier: MIT
# Tests of the tree itself rather than of one library.
set(tool_python /usr/bin/python3)  # Debian's, which has Debian's numpy

# Each check of tools/ci/check_tree.py; one that misses its program is shown as skipped.
foreach(check layers spdx sizes format shell python)
  add_test(NAME tree.${check}
    COMMAND ${tool_python} ${PROJECT_SOURCE_DIR}/tools/ci/check_tree.py ${check})
  set_tests_properties(tree.${check} PROPERTIES LABELS tool TIMEOUT 120 SKIP_RETURN_CODE 77)
endforeach()

foreach(folder ci test)
  if(EXISTS ${PROJECT_SOURCE_DIR}/tools/${folder})
    add_test(NAME tools.${folder} COMMAND ${tool_python} -m pytest -q -p no:cacheprovider ${folder}
      WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}/tools)
    set_tests_properties(tools.${folder} PROPERTIES LABELS tool TIMEOUT 600
      ENVIRONMENT "QUINTET_BUILD_DIR=${PROJECT_BINARY_DIR};PYTHONDONTWRITEBYTECODE=1")
  endif()
endforeach()

# Every installed header compiles by itself.
add_test(NAME tree.headers COMMAND ${CMAKE_COMMAND} --build ${PROJECT_BINARY_DIR}
  --target all_verify_interface_header_sets)
set_tests_properties(tree.headers PROPERTIES LABELS tool TIMEOUT 600 RESOURCE_LOCK build)

if(NOT QT_SANITIZE)  # a consumer does not know the sanitizer's flags
  add_test(NAME install.consumer COMMAND bash
    ${PROJECT_SOURCE_DIR}/cmake/consumer/consumer_test.sh
    ${PROJECT_BINARY_DIR} ${CMAKE_CXX_COMPILER} ${CMAKE_BUILD_TYPE})
  set_tests_properties(install.consumer PROPERTIES LABELS e2e TIMEOUT 300 RESOURCE_LOCK build)

  # Needed by every perf.* test, so it runs before the first of them.
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/results)
  add_test(NAME perf.machine COMMAND ${tool_python} -m quintet.cli machine --json
    -o ${PROJECT_BINARY_DIR}/results/machine.json)
  set_tests_properties(perf.machine PROPERTIES LABELS perf FIXTURES_SETUP perf_machine TIMEOUT 60
    ENVIRONMENT "PYTHONPATH=${PROJECT_SOURCE_DIR}/tools;PYTHONDONTWRITEBYTECODE=1")
endif()
