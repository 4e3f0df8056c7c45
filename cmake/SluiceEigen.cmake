# SPDX-License-Identifier: MIT
#
# sluice_check_eigen(<out>): empty if the Eigen that was found is one sluice is made for (3.4 up to
# and including 5.x), otherwise a sentence that says which one was found and what to do.
# Used by our own build and by the installed package, so that both refuse the same versions.

function(sluice_check_eigen out)
  set(${out} "" PARENT_SCOPE)
  # A parent project that adds Eigen's sources itself gives us a target without a version;
  # it has made its choice.
  if(NOT Eigen3_VERSION)
    return()
  endif()
  if(Eigen3_VERSION VERSION_LESS 3.4 OR Eigen3_VERSION VERSION_GREATER_EQUAL 6)
    set(${out}
        "sluice needs Eigen 3.4 up to and including 5.x, but found Eigen ${Eigen3_VERSION} (${Eigen3_DIR}). Point Eigen3_DIR or CMAKE_PREFIX_PATH at a suitable one."
        PARENT_SCOPE)
  endif()
endfunction()
