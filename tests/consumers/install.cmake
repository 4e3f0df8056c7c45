# SPDX-License-Identifier: MIT
#
# cmake --install BUILD to a first prefix, then moved to PREFIX.

cmake_minimum_required(VERSION 3.22)

file(REMOVE_RECURSE "${PREFIX}" "${PREFIX}-first")
execute_process(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${PREFIX}-first"
                COMMAND_ERROR_IS_FATAL ANY)
file(RENAME "${PREFIX}-first" "${PREFIX}")

# All headers, the package and the pkg-config file; no test, no example, no absolute path.
file(GLOB_RECURSE expected RELATIVE "${SOURCES}/../../include" "${SOURCES}/../../include/*.hpp")
list(TRANSFORM expected PREPEND include/)
list(APPEND expected share/cmake/sluice/SluiceEigen.cmake share/cmake/sluice/sluiceConfig.cmake
     share/cmake/sluice/sluiceConfigVersion.cmake share/cmake/sluice/sluiceTargets.cmake
     share/pkgconfig/sluice.pc)
file(GLOB_RECURSE installed RELATIVE "${PREFIX}" "${PREFIX}/*")
list(SORT expected)
list(SORT installed)
if(NOT installed STREQUAL expected)
  message(FATAL_ERROR "installed:\n${installed}\nexpected:\n${expected}")
endif()
foreach(file IN LISTS installed)
  file(READ "${PREFIX}/${file}" text)
  string(FIND "${text}" "${PREFIX}-first" at)
  if(NOT at EQUAL -1)
    message(FATAL_ERROR "${file} remembers where it was installed first")
  endif()
endforeach()
