# cmake --install. Two components: runtime, what a program needs to run, and
# dev, what it takes to build one.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/loopchan)
# Each kind has a file of targets, which a package may leave out.
foreach(library IN LISTS libraries)
  set(kind static)
  if(library MATCHES shared)
    set(kind shared)
  endif()
  install(TARGETS ${library} EXPORT loopchan-${kind}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime
      NAMELINK_COMPONENT dev
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT loopchan-${kind} FILE loopchan-${kind}-targets.cmake
    NAMESPACE loopchan:: DESTINATION ${package_dir} COMPONENT dev)
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/include/loopchan.h
  ${PROJECT_SOURCE_DIR}/include/loopchan.hpp
  ${PROJECT_SOURCE_DIR}/include/loopchan_coro.hpp
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)

configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/src/cmake/loopchan-config.cmake.in
  ${PROJECT_BINARY_DIR}/loopchan-config.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/loopchan-config-version.cmake
  COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/loopchan-config.cmake
  ${PROJECT_BINARY_DIR}/loopchan-config-version.cmake
  ${PROJECT_SOURCE_DIR}/src/cmake/FindLibuv.cmake
  DESTINATION ${package_dir} COMPONENT dev)

# loopchan.pc finds the prefix from where it lies, so it is right wherever
# cmake --install --prefix puts it. A folder outside of the prefix stays so.
file(RELATIVE_PATH pc_to_prefix
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" pc_to_prefix ${pc_to_prefix})
set(pc_prefix "\${pcfiledir}/${pc_to_prefix}")
if(IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR})
  set(pc_prefix ${CMAKE_INSTALL_PREFIX})
endif()
foreach(dir LIBDIR INCLUDEDIR)
  set(pc_${dir} ${CMAKE_INSTALL_${dir}})
  if(NOT IS_ABSOLUTE ${pc_${dir}})
    set(pc_${dir} "\${prefix}/${pc_${dir}}")
  endif()
endforeach()
# A configuration may have a postfix; of several, the one that is installed.
set(pc_NAME loopchan)
set(configs ${CMAKE_BUILD_TYPE})
if(CMAKE_CONFIGURATION_TYPES)
  set(configs ${CMAKE_CONFIGURATION_TYPES})
endif()
foreach(config IN LISTS configs)
  string(TOUPPER "${config}" pc_type)
  string(APPEND pc_NAME "$<$<CONFIG:${config}>:${CMAKE_${pc_type}_POSTFIX}>")
endforeach()
if(WIN32 AND NOT MINGW AND NOT LOOPCHAN_BUILD_SHARED)
  set(pc_NAME lib${pc_NAME})
endif()
configure_file(${PROJECT_SOURCE_DIR}/src/cmake/loopchan.pc.in
  ${PROJECT_BINARY_DIR}/loopchan.pc.in @ONLY)
file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/pkgconfig/$<CONFIG>/loopchan.pc
  INPUT ${PROJECT_BINARY_DIR}/loopchan.pc.in)
install(FILES ${PROJECT_BINARY_DIR}/pkgconfig/$<CONFIG>/loopchan.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)

if(TARGET manual)
  install(DIRECTORY ${PROJECT_BINARY_DIR}/man3
    DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT dev)
endif()
