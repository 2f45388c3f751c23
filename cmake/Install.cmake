# SPDX-License-Identifier: MIT
# One installed package with a component per library: find_package(quintet COMPONENTS page_table)
# for CMake, quintet.pc for everyone else. The test is cmake/consumer.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# Call after every quintet_library(). Installs what describes them to others.
function(quintet_install_package)
  set(cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/quintet)
  get_property(libraries GLOBAL PROPERTY QUINTET_LIBRARIES)
  set(dependencies "")
  set(pc_libs "")
  foreach(library IN LISTS libraries)
    install(EXPORT quintet_${library} NAMESPACE quintet:: FILE quintet-${library}.cmake
      DESTINATION ${cmake_dir} COMPONENT ${library})
    get_property(deps GLOBAL PROPERTY QUINTET_DEPS_${library})
    list(FILTER deps INCLUDE REGEX "^quintet::")
    list(TRANSFORM deps REPLACE "^quintet::" "")
    string(APPEND dependencies "set(_quintet_deps_${library} ${deps})\n")
    get_target_property(type quintet_${library} TYPE)
    get_property(is_apart GLOBAL PROPERTY QUINTET_APART_${library})
    if(type STREQUAL STATIC_LIBRARY AND NOT is_apart)
      string(PREPEND pc_libs "-lquintet_${library} ")  # users before what they use
    endif()
  endforeach()
  get_property(pc_requires GLOBAL PROPERTY QUINTET_REQUIRES_PC)
  list(REMOVE_DUPLICATES pc_requires)
  list(JOIN pc_requires " " pc_requires)
  set(pc_definitions "")
  get_target_property(definitions quintet_allocator INTERFACE_COMPILE_DEFINITIONS)
  if(definitions)
    list(JOIN definitions " -D" pc_definitions)
    string(PREPEND pc_definitions " -D")
  endif()
  file(RELATIVE_PATH pc_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)

  set(QUINTET_LIBRARIES ${libraries})
  set(QUINTET_DEPENDENCIES ${dependencies})
  configure_package_config_file(cmake/quintetConfig.cmake.in
    ${PROJECT_BINARY_DIR}/cmake/quintetConfig.cmake INSTALL_DESTINATION ${cmake_dir}
    NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/cmake/quintetConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
  configure_file(cmake/quintet.pc.in ${PROJECT_BINARY_DIR}/cmake/quintet.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/cmake/quintetConfig.cmake
    ${PROJECT_BINARY_DIR}/cmake/quintetConfigVersion.cmake
    DESTINATION ${cmake_dir} COMPONENT package)
  install(FILES ${PROJECT_BINARY_DIR}/cmake/quintet.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT package)
  install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT package)
endfunction()
