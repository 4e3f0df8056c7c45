# SPDX-License-Identifier: MIT
#
# Configures the consumer project WAY against packages that call themselves Eigen of a certain
# version: those in ACCEPTED must do, those in REFUSED must be named in a clear message.

cmake_minimum_required(VERSION 3.22)

foreach(version IN LISTS ACCEPTED REFUSED)
  set(build "${WORK}/${WAY}_eigen_${version}")
  file(REMOVE_RECURSE "${build}")
  set(VERSION "${version}")
  configure_file("${SOURCES}/fake_eigen/Eigen3Config.cmake" "${build}/eigen/Eigen3Config.cmake"
                 COPYONLY)
  configure_file("${SOURCES}/fake_eigen/Eigen3ConfigVersion.cmake.in"
                 "${build}/eigen/Eigen3ConfigVersion.cmake" @ONLY)
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -G "${GENERATOR}" -S "${SOURCES}/${WAY}" -B "${build}"
            "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_PREFIX_PATH=${PREFIX}"
            "-DEigen3_DIR=${build}/eigen"
    RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(version IN_LIST ACCEPTED)
    if(NOT status EQUAL 0)
      message(FATAL_ERROR "Eigen ${version} should be accepted:\n${output}")
    endif()
  else()
    string(REGEX REPLACE "[ \n]+" " " output "${output}")
    if(status EQUAL 0)
      message(FATAL_ERROR "Eigen ${version} should be refused")
    elseif(NOT output MATCHES "sluice needs Eigen 3.4 up to and including 5.x, but found Eigen ${version}")
      message(FATAL_ERROR "Eigen ${version} is refused without saying why:\n${output}")
    endif()
  endif()
endforeach()
