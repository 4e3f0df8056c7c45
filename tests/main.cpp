// SPDX-License-Identifier: MIT
//
// The main function of every test executable, compiled once: most of Catch2 2.13 lives here.
#define CATCH_CONFIG_RUNNER
#include "support/catch.hpp"

int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }
