# What Debian wants of the files in a package, done by cpack before it packs.
cmake_policy(VERSION 3.16)
string(TIMESTAMP now "%a, %d %b %Y %H:%M:%S +0000" UTC)

# debian_gzip(<file>): by the rules: best, and the same bytes each time.
function(debian_gzip file)
  execute_process(COMMAND gzip -9nf ${file} RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "gzip could not pack ${file}")
  endif()
endfunction()

# debian_overrides(<component> <package>): what lintian is to accept,
# with the reason above it.
function(debian_overrides component package)
  set(lines "# There is no mail address for the project yet.\n")
  string(APPEND lines "bogus-mail-host\nbogus-mail-host-in-debian-changelog\n")
  if(component STREQUAL runtime)
    string(APPEND lines "# cpack adds these scripts to each shared library.\n"
      "maintscript-calls-ldconfig\n")
  endif()
  set(root ${CPACK_TEMPORARY_DIRECTORY}/${component})
  file(WRITE ${root}/usr/share/lintian/overrides/${package} "${lines}")
endfunction()

# debian_documents(<component> <package>)
function(debian_documents component package)
  set(documents
    ${CPACK_TEMPORARY_DIRECTORY}/${component}/usr/share/doc/${package})
  file(MAKE_DIRECTORY ${documents})
  configure_file(${CPACK_LOOPCHAN_SOURCE_DIR}/LICENSE ${documents}/copyright
    COPYONLY)
  file(WRITE ${documents}/changelog
"loopchan (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium

  * Version ${CPACK_PACKAGE_VERSION}. What changed is told in CHANGELOG.md.

 -- ${CPACK_PACKAGE_CONTACT}  ${now}
")
  debian_gzip(${documents}/changelog)
endfunction()

# debian_tool(<program> <package>): without it cpack would make a package that
# depends on nothing, or stop for another reason than this one.
function(debian_tool program package)
  find_program(found_${program} ${program})
  if(NOT found_${program})
    message(FATAL_ERROR "cpack needs ${program}, of Debian's package ${package}")
  endif()
endfunction()

if(CPACK_GENERATOR STREQUAL DEB)
  debian_tool(file file)
  debian_tool(dpkg-shlibdeps dpkg-dev)
  debian_documents(runtime ${CPACK_DEBIAN_RUNTIME_PACKAGE_NAME})
  debian_documents(dev ${CPACK_DEBIAN_DEV_PACKAGE_NAME})
  debian_overrides(runtime ${CPACK_DEBIAN_RUNTIME_PACKAGE_NAME})
  debian_overrides(dev ${CPACK_DEBIAN_DEV_PACKAGE_NAME})

  set(dev ${CPACK_TEMPORARY_DIRECTORY}/dev/usr)
  file(GLOB pages ${dev}/share/man/man3/*.3)
  foreach(page IN LISTS pages)
    debian_gzip(${page})
  endforeach()

  # The package's prefix is known, and pkg-config need not search what the
  # compiler searches anyway.
  file(GLOB_RECURSE pc ${dev}/*.pc)
  file(READ ${pc} text)
  string(REGEX REPLACE "prefix=[^\n]*/\\.\\.\n" "prefix=/usr\n" text "${text}")
  file(WRITE ${pc} "${text}")
endif()
