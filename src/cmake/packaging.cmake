# What others need to pack the library, in the build folder's packaging: debian,
# vcpkg, conan and meson, with the version and the names of this one filled in.
# Target dist makes the release from the last commit, and these for it: see
# packaging/dist, which knows the checksums.
set(LOOPCHAN_RELEASES https://loopchan.invalid/releases CACHE STRING
  "Where the tarballs of releases are, for vcpkg, Conan and Meson")
set(SHA256 @SHA256@)
set(SHA512 @SHA512@)
string(TIMESTAMP debian_date "%a, %d %b %Y %H:%M:%S +0000" UTC)

# What Debian's packages that use the library depend on: each name is as old as
# its version.
set(templates ${PROJECT_SOURCE_DIR}/src/cmake)
execute_process(COMMAND awk -f ${templates}/names.awk ${templates}/loopchan.map
  OUTPUT_VARIABLE names OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT names)
  message(FATAL_ERROR "awk finds no names in loopchan.map")
endif()
string(REPLACE "\n" ";" names "${names}")
set(debian_symbols "")
foreach(name IN LISTS names)
  string(REGEX REPLACE ".* LOOPCHAN_(.*)" " LOOPCHAN_\\1@LOOPCHAN_\\1 \\1.0"
    node "${name}")
  string(REGEX REPLACE "(.*) LOOPCHAN_(.*)" " \\1@LOOPCHAN_\\2 \\2.0"
    name "${name}")
  list(APPEND debian_symbols ${node} ${name})
endforeach()
list(REMOVE_DUPLICATES debian_symbols)
list(SORT debian_symbols)
list(JOIN debian_symbols "\n" debian_symbols)

# Our pictures in the reference, beside Doxygen's own.
file(GLOB pictures ${PROJECT_SOURCE_DIR}/src/*.svg
  ${PROJECT_SOURCE_DIR}/test/bench/charts/*.svg)
list(TRANSFORM pictures REPLACE ".*/" "html/")
list(SORT pictures)
list(JOIN pictures "\n " debian_pictures)

set(packaging ${PROJECT_BINARY_DIR}/packaging)
file(REMOVE_RECURSE ${packaging})
file(GLOB_RECURSE files RELATIVE ${templates}/packaging ${templates}/packaging/*)
foreach(file IN LISTS files)
  string(REGEX REPLACE "[.]in$" "" filled ${file})
  string(REPLACE /libloopchan. /libloopchan${LOOPCHAN_ABI}. filled ${filled})
  if(file MATCHES [.]in$)
    configure_file(${templates}/packaging/${file} ${packaging}/${filled} @ONLY)
  elseif(NOT file STREQUAL dist)
    configure_file(${templates}/packaging/${file} ${packaging}/${filled}
      COPYONLY)
  endif()
endforeach()
configure_file(${PROJECT_SOURCE_DIR}/test/check/user/main.c
  ${packaging}/conan/test_package/test_package.c COPYONLY)

add_custom_target(dist
  COMMAND ${templates}/packaging/dist ${CMAKE_COMMAND} ${PROJECT_SOURCE_DIR}
    ${PROJECT_BINARY_DIR}/dist -DLOOPCHAN_RELEASES=${LOOPCHAN_RELEASES}
  USES_TERMINAL VERBATIM)
