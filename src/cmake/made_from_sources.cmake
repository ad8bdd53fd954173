# What awk makes from the header and the sources: manual pages, the site (target
# reference), and the library in two files (target amalgamation).
string(TIMESTAMP today "%B %d, %Y" UTC)
string(REPLACE " 0" " " today ${today}) # mandoc wants December 1
set(scripts ${PROJECT_SOURCE_DIR}/src/cmake)
# In Turkish, i has another capital.
set(awk ${CMAKE_COMMAND} -E env LC_ALL=C awk)
set(common ${scripts}/common.awk)
set(header ${PROJECT_SOURCE_DIR}/include/loopchan.h)

set(manual ${PROJECT_BINARY_DIR}/man3)
add_custom_command(OUTPUT ${manual}/loopchan.3
  COMMAND ${CMAKE_COMMAND} -E remove_directory ${manual}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${manual}
  COMMAND ${awk} -v version=${PROJECT_VERSION} -v date=${today} -v out=${manual}
    -f ${common} -f ${scripts}/man.awk ${header}
  DEPENDS ${common} ${scripts}/man.awk ${header} VERBATIM)
add_custom_target(manual ALL DEPENDS ${manual}/loopchan.3)

include(site)

set(amalgamation ${PROJECT_BINARY_DIR}/amalgamation)
file(GLOB_RECURSE rooms ${PROJECT_SOURCE_DIR}/src/*.[ch])
add_custom_command(OUTPUT ${amalgamation}/loopchan.c ${amalgamation}/loopchan.h
  COMMAND ${CMAKE_COMMAND} -E make_directory ${amalgamation}
  COMMAND ${awk} -v version=${PROJECT_VERSION} -v rooms=${PROJECT_SOURCE_DIR}/src
    -v licence=${PROJECT_SOURCE_DIR}/LICENSE -v out=${amalgamation}/loopchan.c
    -f ${common} -f ${scripts}/amalgamate.awk ${LOOPCHAN_SOURCES}
  COMMAND ${CMAKE_COMMAND} -E copy ${header} ${amalgamation}
  DEPENDS ${common} ${scripts}/amalgamate.awk ${header} ${rooms} VERBATIM)
add_custom_target(amalgamation
  DEPENDS ${amalgamation}/loopchan.c ${amalgamation}/loopchan.h)
