# Runs PROGRAM with ARGUMENT, if there is one; fails unless it prints OUTPUT, or
# what is in the file EXPECTED, and exits with 0.
if(EXPECTED)
  file(READ ${EXPECTED} OUTPUT)
endif()
execute_process(COMMAND ${PROGRAM} ${ARGUMENT}
  OUTPUT_VARIABLE printed RESULT_VARIABLE code)
if(NOT code STREQUAL "0" OR NOT printed STREQUAL OUTPUT)
  message(FATAL_ERROR "exit code ${code}; printed:\n${printed}")
endif()
