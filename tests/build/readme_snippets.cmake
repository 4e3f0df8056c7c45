# SPDX-License-Identifier: MIT
#
# Every ```cpp block of the README and of docs/weights.md compiles with our warnings, and runs where it can.
#
#   a block with sluice::io                       is compiled, not run: its files are the reader's. One with a main() is
#                                                 a program of its own, every other a function in which stands what
#                                                 io_snippets.hpp declares; its #include lines go to the top
#   a block with a main()                         is a program of its own
#   a block that begins with struct or #include   goes to the top of the common program
#   every other block                             is a function of the common program, in which stands what
#                                                 readme_snippets.hpp declares
#
# #line directives make the compiler point to the document.

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
set(top "#include \"readme_snippets.hpp\"\n")
set(functions "")
set(calls "")
set(io_top "#include \"io_snippets.hpp\"\n")
set(io_functions "")
set(io_sources "${out}/readme_io.cpp")
foreach(document IN ITEMS README.md docs/weights.md)
  set(path "${PROJECT_SOURCE_DIR}/${document}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${path}")
  get_filename_component(stem "${document}" NAME_WE)
  string(TOLOWER "${stem}" stem)
  file(READ "${path}" rest)
  set(line 1)
  set(count 0)
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
    set(name "${stem}_at_line_${line}")
    set(text "#line ${line} \"${path}\"\n${block}")
    if(block MATCHES "sluice::io")
      if(block MATCHES "int main")
        file(CONFIGURE OUTPUT "${out}/${name}.cpp" CONTENT "@text@" @ONLY)
        list(APPEND io_sources "${out}/${name}.cpp")
      else()
        string(REGEX MATCHALL "#include[^\n]*\n" includes "${text}")
        string(APPEND io_top ${includes})
        string(REGEX REPLACE "#include[^\n]*" "" text "${text}")
        string(APPEND io_functions "struct ${name} : IoSnippet {\nvoid snippet() {\n${text}}\n};\n")
      endif()
    elseif(block MATCHES "int main")
      sluice_add_readme_program(program_of_${name} "${text}")
    elseif(block MATCHES "^(struct|#include)")
      string(APPEND top "${text}")
    else()
      string(APPEND functions "void ${name}() {\n  SLUICE_README_SETUP\n${text}}\n")
      string(APPEND calls "  ${name}();\n")
    endif()
    string(REGEX REPLACE "[^\n]" "" newlines "${block}")
    string(LENGTH "${newlines}" newlines)
    math(EXPR line "${line} + ${newlines}")
    math(EXPR count "${count} + 1")
    string(FIND "${rest}" "${fence}" at)
  endwhile()
  if(count LESS 8)
    message(FATAL_ERROR "only ${count} C++ snippets found in ${document}: is the search for them broken?")
  endif()
endforeach()
sluice_add_readme_program(readme_snippets "${top}namespace {\n${functions}}\nint main() {\n${calls}}\n")
if(SLUICE_BUILD_IO)
  set(text "${io_top}${io_functions}")
  file(CONFIGURE OUTPUT "${out}/readme_io.cpp" CONTENT "@text@" @ONLY)
  add_library(readme_io OBJECT ${io_sources})
  target_include_directories(readme_io PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
  target_link_libraries(readme_io PRIVATE sluice_dev nlohmann_json::nlohmann_json)
  target_compile_options(readme_io PRIVATE -Wno-unused)
endif()

# The figures are those of the last benchmark run that was committed.
find_package(Python3 3.9 COMPONENTS Interpreter QUIET)
if(Python3_Interpreter_FOUND)
  add_test(NAME readme_figures COMMAND Python3::Interpreter
                                       "${PROJECT_SOURCE_DIR}/tools/update_readme.py" --check)
endif()
