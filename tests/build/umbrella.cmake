# SPDX-License-Identifier: MIT
#
# sluice/sluice.hpp brings in every header but those that are opted into: a new activation that nobody
# added to the umbrella would be missing only in the user's program.

cmake_minimum_required(VERSION 3.22)

set(opt_in "^sluice/(tensor\\.hpp|io/|distributed/)")

file(GLOB_RECURSE headers RELATIVE "${INCLUDE}" "${INCLUDE}/*.hpp")
list(FILTER headers EXCLUDE REGEX "${opt_in}")
execute_process(COMMAND ${COMPILE} -M "${INCLUDE}/sluice/sluice.hpp" OUTPUT_VARIABLE included
                COMMAND_ERROR_IS_FATAL ANY)
set(missing "")
foreach(header IN LISTS headers)
  string(FIND "${included}" "${INCLUDE}/${header}" at)
  if(at EQUAL -1)
    list(APPEND missing "${header}")
  endif()
endforeach()
if(missing)
  list(JOIN missing "\n  " missing)
  message(FATAL_ERROR "sluice/sluice.hpp does not include\n  ${missing}")
endif()
