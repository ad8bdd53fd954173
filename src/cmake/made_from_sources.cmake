# What awk makes from the header: manual pages, and the reference in HTML (target
# reference).
string(TIMESTAMP today "%B %d, %Y" UTC)
set(scripts ${PROJECT_SOURCE_DIR}/src/cmake)
set(header ${PROJECT_SOURCE_DIR}/include/loopchan.h)

set(manual ${PROJECT_BINARY_DIR}/man3)
add_custom_command(OUTPUT ${manual}/loopchan.3
  COMMAND ${CMAKE_COMMAND} -E remove_directory ${manual}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${manual}
  COMMAND awk -v version=${PROJECT_VERSION} -v date=${today} -v out=${manual}
    -f ${scripts}/man.awk ${header}
  DEPENDS ${scripts}/man.awk ${header} VERBATIM)
add_custom_target(manual ALL DEPENDS ${manual}/loopchan.3)

configure_file(${scripts}/Doxyfile.in Doxyfile @ONLY)
add_custom_target(reference
  COMMAND doxygen ${PROJECT_BINARY_DIR}/Doxyfile VERBATIM)
