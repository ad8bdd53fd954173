# The promises once more, kept by the library that is made of the two files: the
# same programs, which find it in the place of the other.
set(two ${PROJECT_BINARY_DIR}/amalgamation)
set_source_files_properties(${two}/loopchan.c PROPERTIES GENERATED ON)
add_library(amalgamated SHARED ${two}/loopchan.c)
add_dependencies(amalgamated amalgamation)
target_link_libraries(amalgamated PRIVATE Libuv::Libuv)
target_compile_options(amalgamated PRIVATE
  $<TARGET_PROPERTY:loopchan_strict,INTERFACE_COMPILE_OPTIONS>)
loopchan_version_names(amalgamated)
get_target_property(soversion loopchan_shared SOVERSION)
set_target_properties(amalgamated PROPERTIES
  OUTPUT_NAME loopchan SOVERSION ${soversion}
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/amalgamated)

foreach(promise ${promises})
  add_test(NAME amalgamated_${promise} COMMAND promise_${promise})
  set_tests_properties(amalgamated_${promise} PROPERTIES TIMEOUT ${patience}
    ENVIRONMENT "CK_TIMEOUT_MULTIPLIER=${patience_times};\
LD_LIBRARY_PATH=$<TARGET_FILE_DIR:amalgamated>")
endforeach()
add_test(NAME amalgamation COMMAND ${checks}/amalgamation
  ${CMAKE_C_COMPILER} ${two} $<TARGET_FILE:amalgamated>
  $<TARGET_FILE:promise_close>)
