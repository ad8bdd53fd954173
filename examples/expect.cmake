# Runs PROGRAM with ARGUMENT, if there is one; fails unless it prints OUTPUT, or
# what is in the file EXPECTED, and exits with 0. With STATUS, it has to exit
# with that, and to say what the regular expression SAYS matches.
if(EXPECTED)
  file(READ ${EXPECTED} OUTPUT)
endif()
if(STATUS)
  execute_process(COMMAND ${PROGRAM} ${ARGUMENT}
    ERROR_VARIABLE said RESULT_VARIABLE code)
  if(NOT code STREQUAL STATUS OR NOT said MATCHES "${SAYS}")
    message(FATAL_ERROR "exit code ${code}; said:\n${said}")
  endif()
  return()
endif()
execute_process(COMMAND ${PROGRAM} ${ARGUMENT}
  OUTPUT_VARIABLE printed RESULT_VARIABLE code)
if(NOT code STREQUAL "0" OR NOT printed STREQUAL OUTPUT)
  message(FATAL_ERROR "exit code ${code}; printed:\n${printed}")
endif()
