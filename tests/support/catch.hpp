// SPDX-License-Identifier: MIT
//
// Catch2, whichever major version is installed: 2.13 has one header, 3 has many.
// Everything from version 3 that the tests use by its new name is mapped here.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#if __has_include(<catch2/catch_all.hpp>)
using Catch::Approx;
#endif
