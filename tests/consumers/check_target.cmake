# SPDX-License-Identifier: MIT
#
# Included by every consumer project: sluice::sluice carries C++20, Eigen and its headers. A flag or
# a definition would change how the consumer's own code is compiled.

foreach(property IN ITEMS COMPILE_OPTIONS COMPILE_DEFINITIONS LINK_OPTIONS PRECOMPILE_HEADERS SOURCES)
  get_target_property(value sluice::sluice INTERFACE_${property})
  if(value)
    message(FATAL_ERROR "sluice::sluice leaks INTERFACE_${property}: ${value}")
  endif()
endforeach()

get_target_property(features sluice::sluice INTERFACE_COMPILE_FEATURES)
if(NOT features STREQUAL "cxx_std_20")
  message(FATAL_ERROR "sluice::sluice should ask for C++20 and no more, asks for: ${features}")
endif()
get_target_property(libraries sluice::sluice INTERFACE_LINK_LIBRARIES)
if(NOT libraries STREQUAL "Eigen3::Eigen")
  message(FATAL_ERROR "sluice::sluice should link Eigen and no more, links: ${libraries}")
endif()

foreach(variable IN ITEMS CMAKE_CXX_FLAGS CMAKE_CXX_COMPILER_LAUNCHER CMAKE_CXX_STANDARD CMAKE_BUILD_TYPE)
  if(${variable})
    message(FATAL_ERROR "sluice sets the consumer's ${variable}: ${${variable}}")
  endif()
endforeach()
foreach(name IN ITEMS sluice_dev sluice_tests quickstart)
  if(TARGET ${name})
    message(FATAL_ERROR "sluice builds its own ${name} in a consumer's project")
  endif()
endforeach()
