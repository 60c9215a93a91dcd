# Compiler flags shared by all targets, and voxgrad_library(): a static library made of one folder.

if(VOXGRAD_CCACHE)
  find_program(CCACHE_PROGRAM ccache)
  if(CCACHE_PROGRAM)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
    set(CMAKE_CUDA_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  endif()
endif()

# What users of the libraries need: C++20 and our headers.
add_library(voxgrad_headers INTERFACE)
add_library(Voxgrad::headers ALIAS voxgrad_headers)
target_compile_features(voxgrad_headers INTERFACE cxx_std_20)
target_include_directories(voxgrad_headers INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/voxgrad>)
set_target_properties(voxgrad_headers PROPERTIES EXPORT_NAME headers)

# What our own sources are compiled with, beside that.
set(voxgrad_warnings -Wall -Wextra -Wpedantic -Wshadow -Wno-unknown-pragmas)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND voxgrad_warnings -Wno-restrict)  # GCC 12 warns of "a" + std::string (its bug 105651)
endif()
if(VOXGRAD_WERROR)
  list(APPEND voxgrad_warnings -Werror)
endif()
set(voxgrad_options ${voxgrad_warnings})
if(VOXGRAD_SANITIZE)
  list(APPEND voxgrad_options -fsanitize=${VOXGRAD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
endif()

# voxgrad_compile_options(TARGET): C++20 without extensions and our flags, for that target alone.
function(voxgrad_compile_options target)
  set_target_properties(${target} PROPERTIES CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF
    CUDA_STANDARD 20 CUDA_STANDARD_REQUIRED ON CUDA_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${voxgrad_options}>)
  if(VOXGRAD_SANITIZE)
    target_link_options(${target} PRIVATE -fsanitize=${VOXGRAD_SANITIZE})
  endif()
endfunction()

# voxgrad_library(NAME DEPENDS...): Voxgrad::NAME from every .cpp of the calling folder and below.
function(voxgrad_library name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(voxgrad_${name} STATIC ${sources})
  add_library(Voxgrad::${name} ALIAS voxgrad_${name})
  set_target_properties(voxgrad_${name} PROPERTIES EXPORT_NAME ${name})
  voxgrad_compile_options(voxgrad_${name})
  target_link_libraries(voxgrad_${name} PUBLIC voxgrad_headers ${ARGN})
endfunction()

# voxgrad_executable(NAME SOURCES...): a program of ours.
function(voxgrad_executable name)
  add_executable(${name} ${ARGN})
  voxgrad_compile_options(${name})
endfunction()

# voxgrad_embed(TARGET HEADER FOLDER): the files of a folder as strings in the target; the header declares them.
function(voxgrad_embed target header folder)
  file(GLOB files CONFIGURE_DEPENDS ${folder}/*)
  list(JOIN files "|" joined)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/generated/${target}_embedded.cpp)
  add_custom_command(OUTPUT ${source} DEPENDS ${files} ${PROJECT_SOURCE_DIR}/cmake/VoxgradEmbed.cmake
    COMMAND ${CMAKE_COMMAND} -D HEADER=${header} "-DFILES=${joined}" -D OUT=${source}
    -P ${PROJECT_SOURCE_DIR}/cmake/VoxgradEmbed.cmake VERBATIM)
  target_sources(${target} PRIVATE ${source})
endfunction()
