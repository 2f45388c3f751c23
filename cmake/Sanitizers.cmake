# SPDX-License-Identifier: MIT
# QT_SANITIZE=asan (with UBSan) or tsan instruments every target of the build.
# A finding ends the process with a non-zero exit code, so a test that has one fails.
set(_qt_asan -fsanitize=address,undefined -fno-sanitize-recover=all)
set(_qt_tsan -fsanitize=thread)

if(QT_SANITIZE)
  if(NOT QT_SANITIZE MATCHES "^(asan|tsan)$")
    message(FATAL_ERROR "QT_SANITIZE is `${QT_SANITIZE}`: use asan, tsan or nothing")
  endif()
  add_compile_options(${_qt_${QT_SANITIZE}} -fno-omit-frame-pointer)
  add_link_options(${_qt_${QT_SANITIZE}})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)  # instrumented code misleads it, in <regex> for one
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
endif()
