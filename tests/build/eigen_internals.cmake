# SPDX-License-Identifier: MIT
#
# core/simd.hpp is the only header that names Eigen::internal, so that a change there has one place.

file(GLOB_RECURSE headers RELATIVE "${INCLUDE}" "${INCLUDE}/*.hpp")
list(REMOVE_ITEM headers sluice/core/simd.hpp)
if(NOT headers)
  message(FATAL_ERROR "no headers in '${INCLUDE}'")
endif()
set(found "")
foreach(header IN LISTS headers)
  file(STRINGS "${INCLUDE}/${header}" lines REGEX "Eigen::internal")
  if(lines)
    list(APPEND found "${header}")
  endif()
endforeach()
if(found)
  list(JOIN found "\n  " found)
  message(FATAL_ERROR "Eigen::internal is named outside core/simd.hpp:\n  ${found}")
endif()
