# Libraries that Voxgrad links, as imported targets: all are packages of Debian and Ubuntu (scripts/install-packages).
# Read by our own build and, once installed, by find_package(Voxgrad), which both say in
#   VOXGRAD_PIX2VOX      also what io, voxels, datasets and pix2vox need
#   VOXGRAD_WITH_CUDA    also the CUDA toolkit

# voxgrad_library_target(NAME HEADER LIBRARY): Voxgrad::NAME, for a library without a usable configuration for CMake.
function(voxgrad_library_target name header library)
  string(TOUPPER ${name} upper)
  find_path(${upper}_INCLUDE_DIR ${header})
  find_library(${upper}_LIBRARY ${library})
  mark_as_advanced(${upper}_INCLUDE_DIR ${upper}_LIBRARY)
  if(NOT ${upper}_INCLUDE_DIR OR NOT ${upper}_LIBRARY)
    message(FATAL_ERROR "Voxgrad needs ${header} and lib${library}: install them (scripts/install-packages says which "
      "packages), or set ${upper}_INCLUDE_DIR and ${upper}_LIBRARY")
  endif()
  if(NOT TARGET Voxgrad::${name})
    add_library(Voxgrad::${name} INTERFACE IMPORTED GLOBAL)
    target_include_directories(Voxgrad::${name} SYSTEM INTERFACE ${${upper}_INCLUDE_DIR})
    target_link_libraries(Voxgrad::${name} INTERFACE ${${upper}_LIBRARY})
  endif()
endfunction()

# What find_package made here is seen by those that link our libraries from other folders, too.
function(voxgrad_globally)
  foreach(target ${ARGN})
    get_target_property(aliased ${target} ALIASED_TARGET)
    get_target_property(global ${target} IMPORTED_GLOBAL)
    if(NOT aliased AND NOT global)
      set_target_properties(${target} PROPERTIES IMPORTED_GLOBAL TRUE)
    endif()
  endforeach()
endfunction()

find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(Threads REQUIRED)
voxgrad_globally(OpenMP::OpenMP_CXX Threads::Threads)
# Debian's own configuration of oneDNN wants OpenCL, which we do not use.
voxgrad_library_target(onednn oneapi/dnnl/dnnl.hpp dnnl)

# Highway: vector kernels, compiled once for each of the levels of simd/isa.h and for no other target.
# A library with such kernels links it PRIVATE.
find_package(PkgConfig REQUIRED)
pkg_check_modules(hwy REQUIRED IMPORTED_TARGET libhwy)
voxgrad_globally(PkgConfig::hwy)
set(unused_targets "HWY_SSE4|HWY_SVE|HWY_SVE2")
if(hwy_VERSION VERSION_GREATER_EQUAL 1.0)
  string(APPEND unused_targets "|HWY_AVX3_DL|HWY_SVE_256|HWY_SVE2_128")
endif()
if(hwy_VERSION VERSION_GREATER_EQUAL 1.1)
  string(APPEND unused_targets "|HWY_SSE2|HWY_AVX3_ZEN4|HWY_AVX3_SPR|HWY_NEON|HWY_NEON_BF16")
endif()
if(hwy_VERSION VERSION_GREATER_EQUAL 1.3)
  string(APPEND unused_targets "|HWY_AVX10_2")
endif()
if(NOT TARGET Voxgrad::hwy)
  add_library(Voxgrad::hwy INTERFACE IMPORTED GLOBAL)
  target_link_libraries(Voxgrad::hwy INTERFACE PkgConfig::hwy)
  target_compile_definitions(Voxgrad::hwy INTERFACE "HWY_DISABLED_TARGETS=(${unused_targets})" HWY_WANT_SSSE3=1)
endif()

if(VOXGRAD_PIX2VOX)
  find_package(HDF5 REQUIRED COMPONENTS C)
  find_package(yaml-cpp REQUIRED)
  find_package(nlohmann_json REQUIRED)
  find_package(fmt REQUIRED)
  find_package(spdlog REQUIRED)
  find_package(assimp REQUIRED)
  pkg_check_modules(libzip REQUIRED IMPORTED_TARGET libzip)
  find_package(PNG REQUIRED)
  find_package(JPEG REQUIRED)
  find_package(embree 3 QUIET)
  if(NOT embree_FOUND)
    find_package(embree 4 REQUIRED)
  endif()
  # Its own configuration for CMake came only with version 1.15.
  voxgrad_library_target(deflate libdeflate.h deflate)
  if(NOT TARGET Voxgrad::hdf5)
    add_library(Voxgrad::hdf5 INTERFACE IMPORTED GLOBAL)
    target_include_directories(Voxgrad::hdf5 SYSTEM INTERFACE ${HDF5_INCLUDE_DIRS})
    target_link_libraries(Voxgrad::hdf5 INTERFACE ${HDF5_LIBRARIES})
  endif()
  set(yaml_cpp yaml-cpp)
  if(TARGET yaml-cpp::yaml-cpp)  # from 0.8 on
    set(yaml_cpp yaml-cpp::yaml-cpp)
  endif()
  if(NOT TARGET Voxgrad::yaml)
    add_library(Voxgrad::yaml INTERFACE IMPORTED GLOBAL)
    target_link_libraries(Voxgrad::yaml INTERFACE ${yaml_cpp})
  endif()
  voxgrad_globally(${yaml_cpp} nlohmann_json::nlohmann_json fmt::fmt spdlog::spdlog assimp::assimp PkgConfig::libzip
    PNG::PNG JPEG::JPEG embree)
endif()

if(VOXGRAD_WITH_CUDA)
  find_package(CUDAToolkit REQUIRED)
endif()
