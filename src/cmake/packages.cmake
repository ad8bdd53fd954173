# cpack: .deb files of the two components. What Debian wants of the files in
# them is in debian.cmake, which cpack runs before it packs.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME loopchan)
set(CPACK_PACKAGE_CONTACT "The loopchan authors <loopchan@localhost>")
set(CPACK_COMPONENTS_ALL runtime dev)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE
  GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_LOOPCHAN_SOURCE_DIR ${PROJECT_SOURCE_DIR})
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/src/cmake/debian.cmake)

set(abi ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libloopchan${abi})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libloopchan-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
  "libloopchan${abi} (= ${PROJECT_VERSION}), libuv1-dev (>= 1.42), pkgconf")

set(about 
"Threads send messages by value. The receiver is a uv_async_t handle on a libuv
loop, and gets them by callback; or it is a thread that waits.\n.\n")
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION
  "${about}This package has the shared library.")
set(CPACK_COMPONENT_DEV_DESCRIPTION
  "${about}This package has what is needed to build with the library.")

# The control files that tell the packages of others which version they need.
# A name is as old as its place in the header says: all are as old as 0.1.0.
file(STRINGS include/loopchan.h exported REGEX "^LOOPCHAN_EXTERN ")
list(TRANSFORM exported REPLACE "^[^(]*[ *](loopchan_[a-z_]*)[(].*"
  " \\1@LOOPCHAN_${abi} 0.1.0")
list(PREPEND exported " LOOPCHAN_${abi}@LOOPCHAN_${abi} 0.1.0")
list(SORT exported)
list(JOIN exported "\n" exported)
set(control ${PROJECT_BINARY_DIR}/debian)
file(WRITE ${control}/symbols
  "libloopchan.so.${abi} libloopchan${abi} #MINVER#\n"
  "* Build-Depends-Package: libloopchan-dev\n${exported}\n")
file(WRITE ${control}/shlibs
  "libloopchan ${abi} libloopchan${abi} (>= 0.1.0)\n")
file(WRITE ${control}/triggers "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA
  ${control}/symbols ${control}/shlibs ${control}/triggers)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
