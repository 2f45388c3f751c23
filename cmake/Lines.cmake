# SPDX-License-Identifier: MIT
# Lines of code at configure time, counted as tools/quintet/lines.py does: a line counts unless it
# is blank or only a // comment. When a counted file changes, the build configures again.
#
#   quintet_count_room(page_table)    # sets page_table_{TRUSTED,PROOF,TESTS,EXEC}_LINES
#   target_compile_definitions(verification_bench PRIVATE
#     QT_PAGE_TABLE_EXEC_LINES=${page_table_EXEC_LINES})

# quintet_count_lines(<out_var> <file>...)
#   Sets <out_var> to the sum over the files, whose paths are absolute or relative to this folder.
function(quintet_count_lines out)
  set(total 0)
  foreach(file ${ARGN})
    cmake_path(ABSOLUTE_PATH file)
    file(READ "${file}" text)
    # A list of matches must not fall apart at the characters that mean something to CMake.
    string(REGEX REPLACE "[][;\\]" "x" text "\n${text}")
    string(REGEX REPLACE "\n[ \t]*//[^\n]*" "\n" text "${text}")
    string(REGEX MATCHALL "\n[ \t\r]*[^ \t\r\n]" lines "${text}")
    list(LENGTH lines count)
    math(EXPR total "${total} + ${count}")
    if(NOT CMAKE_SCRIPT_MODE_FILE)
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    endif()
  endforeach()
  set(${out} ${total} PARENT_SCOPE)
endfunction()

# quintet_count_room(<room>)
#   Sets <room>_TRUSTED_LINES, _PROOF_LINES, _TESTS_LINES and _EXEC_LINES of lib/<room>, by the
#   places of the files: see lines.py.
function(quintet_count_room room)
  cmake_path(SET library NORMALIZE "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../lib")
  foreach(kind TRUSTED PROOF TESTS EXEC)
    set(${kind} "")
  endforeach()
  set(watched CONFIGURE_DEPENDS)
  if(CMAKE_SCRIPT_MODE_FILE)
    set(watched "")
  endif()
  file(GLOB_RECURSE files RELATIVE "${library}/${room}" ${watched}
    "${library}/${room}/*.hpp" "${library}/${room}/*.cpp" "${library}/${room}/*.h")
  foreach(file ${files})
    if(file MATCHES "^test/(proof/|(.*/)?[^/]*_proof\\.[^./]*$)")
      list(APPEND PROOF "${library}/${room}/${file}")
    elseif(file MATCHES "^test/" OR room STREQUAL testing)
      list(APPEND TESTS "${library}/${room}/${file}")
    elseif(file MATCHES "^spec/" OR file MATCHES "contract[^/]*$" OR room STREQUAL proof)
      list(APPEND TRUSTED "${library}/${room}/${file}")
    else()
      list(APPEND EXEC "${library}/${room}/${file}")
    endif()
  endforeach()
  foreach(kind TRUSTED PROOF TESTS EXEC)
    quintet_count_lines(lines ${${kind}})
    set(${room}_${kind}_LINES ${lines} PARENT_SCOPE)
  endforeach()
endfunction()
