# SPDX-License-Identifier: MIT
#
# Installs the headers, the CMake package and the pkg-config file. Nothing depends on the
# architecture, so the package files go to share/; nothing holds an absolute path, so the
# installed tree may be moved.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_DATADIR}/cmake/sluice")
set(pkgconfig_dir "${CMAKE_INSTALL_DATADIR}/pkgconfig")

if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.23)
  install(TARGETS sluice EXPORT sluiceTargets FILE_SET HEADERS)
else()
  install(TARGETS sluice EXPORT sluiceTargets)
  install(DIRECTORY include/ DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.hpp")
endif()
install(EXPORT sluiceTargets NAMESPACE sluice:: DESTINATION "${package_dir}")

configure_package_config_file(
  cmake/sluiceConfig.cmake.in "${PROJECT_BINARY_DIR}/sluiceConfig.cmake"
  INSTALL_DESTINATION "${package_dir}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/sluiceConfigVersion.cmake" COMPATIBILITY SameMinorVersion
  ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/sluiceConfig.cmake"
              "${PROJECT_BINARY_DIR}/sluiceConfigVersion.cmake" cmake/SluiceEigen.cmake
        DESTINATION "${package_dir}")

# pkg-config knows the directory of the file it reads; from there it is a relative way to include/.
if(IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_DATADIR}")
  set(pc_prefix "${CMAKE_INSTALL_PREFIX}")
  set(pc_includedir "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
else()
  file(RELATIVE_PATH up "/prefix/${pkgconfig_dir}" "/prefix")
  string(REGEX REPLACE "/$" "" up "${up}")
  set(pc_prefix "\${pcfiledir}/${up}")
  set(pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file(cmake/sluice.pc.in "${PROJECT_BINARY_DIR}/sluice.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/sluice.pc" DESTINATION "${pkgconfig_dir}")
