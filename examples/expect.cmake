# Runs PROGRAM with ARGUMENT, if there is one; fails unless it prints OUTPUT and
# exits with 0.
execute_process(COMMAND ${PROGRAM} ${ARGUMENT}
  OUTPUT_VARIABLE printed RESULT_VARIABLE code)
if(NOT code STREQUAL "0" OR NOT printed STREQUAL OUTPUT)
  message(FATAL_ERROR "exit code ${code}; printed:\n${printed}")
endif()
