# The functions of vcpkg that the port calls, as vcpkg's documentation says what
# they do, for one triplet:
#
#   cmake -DPORT_DIR=... -DTARBALL=... -DVCPKG_LIBRARY_LINKAGE=static \
#     -DCURRENT_PACKAGES_DIR=... -DWORK=... -DCOMPILER=... -P vcpkg.cmake
cmake_minimum_required(VERSION 3.18)
set(PORT loopchan)
set(CMAKE_CURRENT_LIST_DIR ${PORT_DIR})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE failed OUTPUT_VARIABLE said
    ERROR_VARIABLE said)
  if(failed)
    message(FATAL_ERROR "${ARGN}: ${said}")
  endif()
endfunction()

function(vcpkg_download_distfile out)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "FILENAME;SHA512" "URLS")
  get_filename_component(name ${TARBALL} NAME)
  file(SHA512 ${TARBALL} sum)
  if(NOT sum STREQUAL arg_SHA512 OR NOT name STREQUAL arg_FILENAME OR
      NOT arg_URLS MATCHES "/${name}$")
    message(FATAL_ERROR "not what the port asks for: ${TARBALL}, ${sum}")
  endif()
  set(${out} ${TARBALL} PARENT_SCOPE)
endfunction()

# The one folder in the archive is the source path.
function(vcpkg_extract_source_archive out)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "ARCHIVE" "")
  file(ARCHIVE_EXTRACT INPUT ${arg_ARCHIVE} DESTINATION ${WORK}/source)
  file(GLOB top ${WORK}/source/*)
  set(${out} ${top} PARENT_SCOPE)
endfunction()

function(vcpkg_cmake_configure)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "SOURCE_PATH" "OPTIONS")
  string(COMPARE EQUAL "${VCPKG_LIBRARY_LINKAGE}" dynamic shared)
  foreach(build Release Debug)
    set(prefix ${CURRENT_PACKAGES_DIR})
    if(build STREQUAL Debug)
      string(APPEND prefix /debug)
    endif()
    run(${CMAKE_COMMAND} -S ${arg_SOURCE_PATH} -B ${WORK}/${build}
      -DCMAKE_BUILD_TYPE=${build} -DCMAKE_INSTALL_PREFIX=${prefix}
      -DBUILD_SHARED_LIBS=${shared} -DCMAKE_INSTALL_LIBDIR=lib
      -DCMAKE_C_COMPILER=${COMPILER} ${arg_OPTIONS})
  endforeach()
endfunction()

function(vcpkg_cmake_install)
  foreach(build Release Debug)
    run(${CMAKE_COMMAND} --build ${WORK}/${build} --target install)
  endforeach()
endfunction()

# From lib/cmake to share, with the targets of both builds, and the prefix found
# from there.
function(vcpkg_cmake_config_fixup)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "CONFIG_PATH" "")
  set(share ${CURRENT_PACKAGES_DIR}/share/${PORT})
  file(GLOB files ${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}/*)
  file(COPY ${files} DESTINATION ${share})
  file(GLOB files
    ${CURRENT_PACKAGES_DIR}/debug/${arg_CONFIG_PATH}/*-debug.cmake)
  foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME)
    file(READ ${file} text)
    string(REPLACE "{_IMPORT_PREFIX}/" "{_IMPORT_PREFIX}/debug/" text "${text}")
    file(WRITE ${share}/${name} "${text}")
  endforeach()
  file(GLOB files ${share}/*-targets.cmake)
  foreach(file IN LISTS files)
    file(READ ${file} text)
    string(REGEX REPLACE "(get_filename_component\\(_IMPORT_PREFIX \"\\\${_IMPORT_PREFIX}\" PATH\\)\n)+"
      "get_filename_component(_IMPORT_PREFIX \"\${_IMPORT_PREFIX}\" PATH)
get_filename_component(_IMPORT_PREFIX \"\${_IMPORT_PREFIX}\" PATH)\n"
      text "${text}")
    file(WRITE ${file} "${text}")
  endforeach()
  file(REMOVE_RECURSE ${CURRENT_PACKAGES_DIR}/lib/cmake
    ${CURRENT_PACKAGES_DIR}/debug/lib/cmake)
endfunction()

function(vcpkg_fixup_pkgconfig)
  foreach(prefix "" /debug)
    if(NOT EXISTS ${CURRENT_PACKAGES_DIR}${prefix}/lib/pkgconfig/loopchan.pc)
      message(FATAL_ERROR "no loopchan.pc")
    endif()
  endforeach()
endfunction()

function(vcpkg_copy_pdbs)
endfunction()

function(vcpkg_install_copyright)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "FILE_LIST")
  file(MAKE_DIRECTORY ${CURRENT_PACKAGES_DIR}/share/${PORT})
  configure_file(${arg_FILE_LIST}
    ${CURRENT_PACKAGES_DIR}/share/${PORT}/copyright COPYONLY)
endfunction()

macro(include_port)
  file(READ ${PORT_DIR}/portfile.cmake text)
  string(REPLACE "\${CMAKE_CURRENT_LIST_DIR}" "${PORT_DIR}" text "${text}")
  file(WRITE ${WORK}/portfile.cmake "${text}")
  include(${WORK}/portfile.cmake)
endmacro()
include_port()
