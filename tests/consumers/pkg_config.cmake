# SPDX-License-Identifier: MIT
#
# No CMake in the consumer: pkg-config's flags, a compiler, one file.

cmake_minimum_required(VERSION 3.22)

find_program(PKG_CONFIG pkg-config REQUIRED)

function(ask result output)
  set(ENV{PKG_CONFIG_PATH} "${PREFIX}/share/pkgconfig${ARGV2}")
  execute_process(COMMAND "${PKG_CONFIG}" --cflags --libs sluice RESULT_VARIABLE status
                  OUTPUT_VARIABLE flags ERROR_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE)
  set(${result} "${status}" PARENT_SCOPE)
  set(${output} "${flags}" PARENT_SCOPE)
endfunction()

ask(status flags "")
message("pkg-config --cflags --libs sluice: ${flags}")
if(NOT status EQUAL 0)
  message(FATAL_ERROR "pkg-config does not find sluice")
endif()
separate_arguments(flags UNIX_COMMAND "${flags}")
foreach(flag IN LISTS flags)
  if(NOT flag MATCHES "^-I")
    message(FATAL_ERROR "pkg-config hands out more than include directories: ${flag}")
  endif()
endforeach()
execute_process(COMMAND "${CXX}" -std=c++20 "${SOURCES}/main.cpp" ${flags} -o "${WORK}/pkg_config"
                COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${WORK}/pkg_config" COMMAND_ERROR_IS_FATAL ANY)

foreach(version IN ITEMS 3.3.9 5.0.1 6.0.0)
  set(fake "${WORK}/pkg_config_eigen_${version}")
  file(WRITE "${fake}/eigen3.pc"
       "Name: Eigen3\nDescription: stands for Eigen ${version}\nVersion: ${version}\nCflags: -I/eigen\n")
  ask(status flags ":${fake}")
  if(version VERSION_GREATER_EQUAL 3.4 AND version VERSION_LESS 6)
    if(NOT status EQUAL 0)
      message(FATAL_ERROR "pkg-config should accept Eigen ${version}: ${flags}")
    endif()
  elseif(status EQUAL 0 OR NOT flags MATCHES "eigen3.*${version}")
    message(FATAL_ERROR "pkg-config should refuse Eigen ${version} and name it: ${flags}")
  endif()
endforeach()
