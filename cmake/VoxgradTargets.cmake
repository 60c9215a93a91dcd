# Compiler flags shared by all targets, and voxgrad_library(): a static library made of one folder.

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

add_library(voxgrad_flags INTERFACE)
target_include_directories(voxgrad_flags INTERFACE ${CMAKE_SOURCE_DIR})
set(warnings -Wall -Wextra -Wpedantic -Wshadow -Wno-unknown-pragmas)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND warnings -Wno-restrict)  # GCC 12 warns of "a" + std::string (its bug 105651)
endif()
if(VOXGRAD_WERROR)
  list(APPEND warnings -Werror)
endif()
target_compile_options(voxgrad_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:${warnings}>)
if(VOXGRAD_NATIVE)
  target_compile_options(voxgrad_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-march=native>)
endif()
if(VOXGRAD_SANITIZE)
  target_compile_options(voxgrad_flags INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${VOXGRAD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all>)
  target_link_options(voxgrad_flags INTERFACE -fsanitize=${VOXGRAD_SANITIZE})
endif()

# voxgrad_library(NAME DEPENDS...): voxgrad_NAME from every .cpp of the calling folder and below.
function(voxgrad_library name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(voxgrad_${name} STATIC ${sources})
  target_link_libraries(voxgrad_${name} PUBLIC voxgrad_flags ${ARGN})
endfunction()
