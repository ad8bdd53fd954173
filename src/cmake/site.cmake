# The site (target reference), by Doxygen, into reference/html. With Debian's
# doxygen-awesome-css it has a side bar and follows the browser into the dark.
find_package(Doxygen QUIET)
if(NOT DOXYGEN_FOUND)
  add_custom_target(reference
    COMMAND ${CMAKE_COMMAND} -E echo
      "reference: it needs doxygen: install it, and configure again"
    COMMAND ${CMAKE_COMMAND} -E false VERBATIM)
  return()
endif()
find_path(LOOPCHAN_AWESOME doxygen-awesome-sidebar-only.css
  PATH_SUFFIXES share/doxygen-awesome-css)
mark_as_advanced(LOOPCHAN_AWESOME)

set(site ${PROJECT_BINARY_DIR}/reference)
set(site_styles ${scripts}/site.css)
if(LOOPCHAN_AWESOME)
  set(awesome ${LOOPCHAN_AWESOME}/doxygen-awesome)
  set(site_styles "${awesome}.css ${awesome}-sidebar-only.css ${site_styles}")
else()
  message(STATUS "the site has Doxygen's own looks: no doxygen-awesome-css")
endif()
# What newer versions of Doxygen call otherwise, or do without being asked.
set(topics modules)
set(site_options "")
if(DOXYGEN_VERSION VERSION_GREATER_EQUAL 1.9.5)
  string(APPEND site_options "HTML_COLORSTYLE = LIGHT\n")
endif()
if(DOXYGEN_VERSION VERSION_GREATER_EQUAL 1.13) # else a README is no page
  string(APPEND site_options "IMPLICIT_DIR_DOCS = NO\n")
endif()
if(DOXYGEN_VERSION VERSION_GREATER_EQUAL 1.17) # else it loads a script from afar
  string(APPEND site_options "MERMAID_RENDER_MODE = CLI\n")
endif()
if(DOXYGEN_VERSION VERSION_GREATER_EQUAL 1.9.8)
  set(topics topics)
endif()

# The first page's map and the folders' READMEs have the order of the side bar.
file(GLOB site_pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/*.md
  ${PROJECT_SOURCE_DIR}/src/README.md ${PROJECT_SOURCE_DIR}/test/README.md
  ${PROJECT_SOURCE_DIR}/test/*/README.md ${PROJECT_SOURCE_DIR}/examples/README.md
  ${PROJECT_SOURCE_DIR}/examples/*/*.md)
list(JOIN site_pages " " site_pages)
configure_file(${scripts}/Doxyfile.in Doxyfile @ONLY)
configure_file(${scripts}/layout.xml.in ${site}/layout.xml @ONLY)

file(GLOB programs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*.c
  ${PROJECT_SOURCE_DIR}/examples/*.cc
  ${PROJECT_SOURCE_DIR}/examples/guides/*.c
  ${PROJECT_SOURCE_DIR}/examples/guides/*.cc
  ${PROJECT_SOURCE_DIR}/examples/coroutines/*.cc)
add_custom_command(OUTPUT ${site}/programs.dox
  COMMAND awk -v root=${PROJECT_SOURCE_DIR} -v out=${site}/programs.dox
    -f ${scripts}/programs.awk ${programs}
  DEPENDS ${scripts}/programs.awk ${programs} VERBATIM)
add_custom_target(reference
  COMMAND ${CMAKE_COMMAND} -E remove_directory ${site}/html
  COMMAND doxygen ${PROJECT_BINARY_DIR}/Doxyfile
  COMMAND sh -c "cd '${site}/html' && sed -f '${scripts}/menu.sed' menudata.js \
    >menu && mv menu menudata.js"
  COMMAND sh -c "cd '${site}/html/search' && awk -f '${common}' \
    -f '${scripts}/search.awk' searchdata.js all_*.js"
  DEPENDS ${site}/programs.dox VERBATIM)
