# Finds libuv: Libuv::Libuv. The libuv of the project that we are part of, if it
# has one; or by libuv's own CMake package; or by pkg-config. Of libuv's own
# targets the shared library's is taken before the static one's, uv_a; a project
# that wants another choice defines Libuv::Libuv itself.

# Libuv's package names its version only since 1.52, but its header always does.
macro(Libuv_read_version)
  get_target_property(Libuv_includes ${Libuv_target}
    INTERFACE_INCLUDE_DIRECTORIES)
  foreach(Libuv_include IN LISTS Libuv_includes)
    if(EXISTS ${Libuv_include}/uv/version.h)
      file(STRINGS ${Libuv_include}/uv/version.h Libuv_VERSION
        REGEX "^#define UV_VERSION_(MAJOR|MINOR|PATCH) [0-9]+$")
      list(TRANSFORM Libuv_VERSION REPLACE ".* " "")
      list(JOIN Libuv_VERSION . Libuv_VERSION)
    endif()
  endforeach()
endmacro()
macro(Libuv_look)
  foreach(Libuv_name Libuv::Libuv libuv::uv uv libuv::uv_a uv_a)
    if(TARGET ${Libuv_name} AND NOT Libuv_target)
      set(Libuv_target ${Libuv_name})
    endif()
  endforeach()
  if(Libuv_target AND NOT Libuv_VERSION)
    Libuv_read_version()
  endif()
endmacro()
# Libuv_ask(ARGUMENT...): libuv's package, looked for in this way.
macro(Libuv_ask)
  if(NOT Libuv_target)
    find_package(libuv ${ARGN} CONFIG QUIET)
    set(Libuv_VERSION ${libuv_VERSION})
    Libuv_look()
  endif()
endmacro()
set(Libuv_target "")
set(Libuv_VERSION "")
Libuv_look()
# Where the project has named a place, or a root to cross-compile for. With a
# version it would not be found before 1.52.
if(CMAKE_CROSSCOMPILING)
  Libuv_ask()
else()
  Libuv_ask(NO_SYSTEM_ENVIRONMENT_PATH NO_CMAKE_SYSTEM_PATH
    NO_CMAKE_PACKAGE_REGISTRY NO_CMAKE_SYSTEM_PACKAGE_REGISTRY)
endif()
# The system's, whose package may name files that are not installed: then it is
# an error to ask for it, so pkg-config comes before one that has no version.
Libuv_ask(${Libuv_FIND_VERSION})
if(NOT Libuv_target OR (Libuv_VERSION AND
    Libuv_VERSION VERSION_LESS "${Libuv_FIND_VERSION}"))
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    set(Libuv_wanted libuv)
    if(Libuv_FIND_VERSION)
      set(Libuv_wanted "libuv>=${Libuv_FIND_VERSION}")
    endif()
    pkg_check_modules(Libuv_PC QUIET IMPORTED_TARGET ${Libuv_wanted})
    if(TARGET PkgConfig::Libuv_PC)
      set(Libuv_target PkgConfig::Libuv_PC)
      set(Libuv_VERSION ${Libuv_PC_VERSION})
    endif()
  endif()
endif()
Libuv_ask()
if(NOT Libuv_VERSION)
  unset(Libuv_VERSION)
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Libuv REQUIRED_VARS Libuv_target
  VERSION_VAR Libuv_VERSION
  REASON_FAILURE_MESSAGE "it is looked for by its CMake package and by \
pkg-config (on Debian: libuv1-dev and pkg-config)")
if(Libuv_FOUND AND NOT TARGET Libuv::Libuv)
  add_library(Libuv::Libuv INTERFACE IMPORTED)
  set_target_properties(Libuv::Libuv PROPERTIES
    INTERFACE_LINK_LIBRARIES ${Libuv_target})
endif()
