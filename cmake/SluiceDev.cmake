# SPDX-License-Identifier: MIT
#
# sluice_dev: what our own tests, examples and benchmarks are compiled with (warnings, sanitizers).
# It is never part of sluice::sluice and never installed.

add_library(sluice_dev INTERFACE)
target_link_libraries(sluice_dev INTERFACE sluice::sluice)

if(SLUICE_DEV)
  target_compile_options(sluice_dev INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wpedantic -Werror)
  # GCC 12 finds uninitialized variables inside its own AVX-512 intrinsics (_mm512_undefined_ps),
  # once for every call. The clang build keeps these two warnings.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(sluice_dev INTERFACE -Wno-maybe-uninitialized -Wno-uninitialized)
  endif()
endif()

if(SLUICE_SANITIZE)
  target_compile_options(sluice_dev INTERFACE -fsanitize=${SLUICE_SANITIZE}
                                              -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  target_link_options(sluice_dev INTERFACE -fsanitize=${SLUICE_SANITIZE})
endif()

# ccache only if it is there. It can store what is compiled with our precompiled header only when
# told that the header's time stamp and unused macros don't matter. All clones share what it stores.
find_program(SLUICE_CCACHE ccache)
if(PROJECT_IS_TOP_LEVEL AND SLUICE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_ctime,include_file_mtime
      CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=true ${SLUICE_CCACHE})
endif()
