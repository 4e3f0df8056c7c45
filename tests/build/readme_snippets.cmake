# SPDX-License-Identifier: MIT
#
# Every ```cpp block of the README compiles with our warnings and runs.
#
#   a block with a main()                         is a program of its own
#   a block that begins with struct or #include   goes to the top of the common program
#   a block with sluice::io::                     is compiled, not run: its files are the reader's
#   every other block                             is a function of the common program, in which stands what
#                                                 readme_snippets.hpp declares
#
# #line directives make the compiler point to the README.

set(readme "${PROJECT_SOURCE_DIR}/README.md")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${readme}")
set(out "${CMAKE_CURRENT_BINARY_DIR}/readme")

function(sluice_add_readme_program name source)
  file(CONFIGURE OUTPUT "${out}/${name}.cpp" CONTENT "@source@" @ONLY)
  add_executable(${name} "${out}/${name}.cpp")
  target_include_directories(${name} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE sluice_dev)
  target_compile_options(${name} PRIVATE -Wno-unused) # a snippet may show a name and leave it at that
  add_test(NAME ${name} COMMAND ${name})
endfunction()

set(fence "\n```cpp\n")
file(READ "${readme}" rest)
set(line 1)
set(count 0)
set(top "#include \"readme_snippets.hpp\"\n")
set(functions "")
set(io_functions "")
set(calls "")
string(FIND "${rest}" "${fence}" at)
while(NOT at EQUAL -1)
  # before the block, the block, behind it
  string(LENGTH "${fence}" skip)
  math(EXPR begin "${at} + ${skip}")
  string(SUBSTRING "${rest}" 0 ${begin} before)
  string(SUBSTRING "${rest}" ${begin} -1 rest)
  string(FIND "${rest}" "```" end)
  string(SUBSTRING "${rest}" 0 ${end} block)
  string(SUBSTRING "${rest}" ${end} -1 rest)

  string(REGEX REPLACE "[^\n]" "" newlines "${before}")
  string(LENGTH "${newlines}" newlines)
  math(EXPR line "${line} + ${newlines}")
  set(text "#line ${line} \"${readme}\"\n${block}")
  if(block MATCHES "int main")
    sluice_add_readme_program(readme_program_at_line_${line} "${text}")
  elseif(block MATCHES "^(struct|#include)")
    string(APPEND top "${text}")
  elseif(block MATCHES "sluice::io::")
    string(APPEND io_functions "void snippet_${line}() {\n${text}}\n")
  else()
    string(APPEND functions "void snippet_${line}() {\n  SLUICE_README_SETUP\n${text}}\n")
    string(APPEND calls "  snippet_${line}();\n")
  endif()
  string(REGEX REPLACE "[^\n]" "" newlines "${block}")
  string(LENGTH "${newlines}" newlines)
  math(EXPR line "${line} + ${newlines}")
  math(EXPR count "${count} + 1")
  string(FIND "${rest}" "${fence}" at)
endwhile()
if(count LESS 10)
  message(FATAL_ERROR "only ${count} C++ snippets found in README.md: is the search for them broken?")
endif()
sluice_add_readme_program(readme_snippets "${top}namespace {\n${functions}}\nint main() {\n${calls}}\n")
if(SLUICE_BUILD_IO)
  if(NOT io_functions)
    message(FATAL_ERROR "no snippet of sluice::io found in README.md: is the search for it broken?")
  endif()
  set(source "#include <sluice/io/safetensors.hpp>\n#include <sluice/sluice.hpp>\n${io_functions}")
  file(CONFIGURE OUTPUT "${out}/readme_io.cpp" CONTENT "@source@" @ONLY)
  add_library(readme_io OBJECT "${out}/readme_io.cpp")
  target_link_libraries(readme_io PRIVATE sluice_dev nlohmann_json::nlohmann_json)
  target_compile_options(readme_io PRIVATE -Wno-unused)
endif()

# The figures are those of the last benchmark run that was committed.
find_package(Python3 3.9 COMPONENTS Interpreter QUIET)
if(Python3_Interpreter_FOUND)
  add_test(NAME readme_figures COMMAND Python3::Interpreter
                                       "${PROJECT_SOURCE_DIR}/tools/update_readme.py" --check)
endif()
