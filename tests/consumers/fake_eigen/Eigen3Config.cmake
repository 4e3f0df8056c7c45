# SPDX-License-Identifier: MIT
#
# Stands for an Eigen of any version; nothing is compiled with it.
add_library(Eigen3::Eigen INTERFACE IMPORTED)
