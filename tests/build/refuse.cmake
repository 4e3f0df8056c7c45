# SPDX-License-Identifier: MIT
#
# SOURCE must compile as it stands, and be refused with -DREFUSED. Without the first half, a typing
# error would pass for a refusal.

cmake_minimum_required(VERSION 3.22)

file(STRINGS "${SOURCE}" expected REGEX "^// refused: ")
list(LENGTH expected lines)
if(NOT lines EQUAL 1)
  message(FATAL_ERROR "${SOURCE} needs exactly one line '// refused: <regular expression>'")
endif()
string(REPLACE "// refused: " "" expected "${expected}")

execute_process(COMMAND ${COMPILE} "${SOURCE}" RESULT_VARIABLE result ERROR_VARIABLE error)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "does not compile as it stands:\n${error}")
endif()

execute_process(COMMAND ${COMPILE} -DREFUSED "${SOURCE}" RESULT_VARIABLE result
                ERROR_VARIABLE error)
if(result EQUAL 0)
  message(FATAL_ERROR "compiles with -DREFUSED, and should not")
endif()
# The compiler may wrap the message's own quotes, never its words.
string(REGEX MATCHALL "error: [^\n]*" errors "${error}")
message("${errors}")
if(NOT errors MATCHES "${expected}")
  message(FATAL_ERROR "refused, but no error matches: ${expected}\n${error}")
endif()
