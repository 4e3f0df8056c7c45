# SPDX-License-Identifier: MIT
#
# Runs COMMAND and checks how it ends. OUTCOME: fail (a non-zero exit code) or abort (SIGABRT).
# STDERR: a regular expression that the standard error must match.

cmake_minimum_required(VERSION 3.22)

execute_process(COMMAND ${COMMAND} RESULT_VARIABLE result OUTPUT_VARIABLE output
                ERROR_VARIABLE error)
message("${output}${error}ended with: ${result}")
if(OUTCOME STREQUAL "abort")
  if(NOT result MATCHES "abort|Abort")
    message(FATAL_ERROR "expected an abort")
  endif()
elseif(result EQUAL 0)
  message(FATAL_ERROR "expected a failure")
endif()
if(NOT error MATCHES "${STDERR}")
  message(FATAL_ERROR "expected standard error to match: ${STDERR}")
endif()
