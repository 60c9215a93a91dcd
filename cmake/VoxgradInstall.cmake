# What `cmake --install` puts in place, in two components: the program (runtime) and the libraries (development); and
# the packages that cpack makes of them.
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/Voxgrad)

# Headers that others may include: cpu/ and cuda/ are reached through tensor/ alone.
set(core_folders ${VOXGRAD_CORE_FOLDERS})
list(REMOVE_ITEM core_folders cpu cuda)
set(product_folders ${VOXGRAD_PRODUCT_FOLDERS})
list(REMOVE_ITEM product_folders apps)
if(NOT VOXGRAD_PIX2VOX)
  set(product_folders)
endif()
foreach(folder ${core_folders} ${product_folders})
  install(DIRECTORY ${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/voxgrad COMPONENT development
    FILES_MATCHING PATTERN *.h)
endforeach()

install(FILES voxgrad.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/voxgrad COMPONENT development)

# Two sets of targets, as the framework needs far fewer libraries than Pix2Vox.
set(core_targets voxgrad_headers voxgrad_program)
foreach(folder ${VOXGRAD_CORE_FOLDERS})
  if(TARGET voxgrad_${folder})
    list(APPEND core_targets voxgrad_${folder})
  endif()
endforeach()
install(TARGETS ${core_targets} EXPORT VoxgradCore ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(EXPORT VoxgradCore NAMESPACE Voxgrad:: DESTINATION ${package_folder} COMPONENT development)
if(VOXGRAD_PIX2VOX)
  list(TRANSFORM product_folders PREPEND voxgrad_ OUTPUT_VARIABLE product_targets)
  install(TARGETS ${product_targets} EXPORT VoxgradPix2Vox ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    COMPONENT development)
  install(EXPORT VoxgradPix2Vox NAMESPACE Voxgrad:: DESTINATION ${package_folder} COMPONENT development)
endif()
configure_package_config_file(cmake/VoxgradConfig.cmake.in ${PROJECT_BINARY_DIR}/package/VoxgradConfig.cmake
  INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/VoxgradConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/package/VoxgradConfig.cmake
  ${PROJECT_BINARY_DIR}/package/VoxgradConfigVersion.cmake cmake/VoxgradDependencies.cmake
  DESTINATION ${package_folder} COMPONENT development)

# For pkg-config: the framework. tensor and cpu call each other, and programs are to have the library `program`
# (cpu/program/), which nothing calls.
set(pc_libraries "-Wl,-u,voxgrad_brief_spin -lvoxgrad_optim -lvoxgrad_layers -lvoxgrad_autograd -Wl,--start-group \
-lvoxgrad_tensor -lvoxgrad_cpu -lvoxgrad_simd -lvoxgrad_program")
if(VOXGRAD_WITH_CUDA)
  string(APPEND pc_libraries " -lvoxgrad_cuda -Wl,--end-group ${CUDNN_LIBRARY} ${CUDAToolkit_LIBRARY_DIR}/libcudart_static.a -lrt -ldl")
else()
  string(APPEND pc_libraries " -Wl,--end-group")
endif()
file(RELATIVE_PATH prefix_from_pc /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(cmake/voxgrad.pc.in ${PROJECT_BINARY_DIR}/package/voxgrad.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/package/voxgrad.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
install(DIRECTORY examples/consumer examples/nets DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples COMPONENT development)

if(TARGET pix2vox)
  install(TARGETS pix2vox RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
  install(DIRECTORY configs models DESTINATION ${CMAKE_INSTALL_DATADIR}/voxgrad COMPONENT runtime)
  install(DIRECTORY datasets/splits DESTINATION ${CMAKE_INSTALL_DATADIR}/voxgrad COMPONENT runtime)
  install(FILES README.md docs/training.md docs/datasets.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)
  install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright COMPONENT runtime)
  # Made by the program itself (apps/CMakeLists.txt).
  install(FILES ${VOXGRAD_GENERATED}/pix2vox.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT runtime OPTIONAL)
  install(FILES ${VOXGRAD_GENERATED}/pix2vox DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
    COMPONENT runtime OPTIONAL)
  install(FILES ${VOXGRAD_GENERATED}/_pix2vox DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions
    COMPONENT runtime OPTIONAL)
  install(FILES ${VOXGRAD_GENERATED}/pix2vox.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d
    COMPONENT runtime OPTIONAL)
endif()

set(CPACK_PACKAGE_VENDOR Voxgrad)
set(CPACK_PACKAGE_CONTACT "Voxgrad's authors <voxgrad@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_THREADS 0)
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_COMPONENTS_ALL runtime development)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_ARCHIVE_COMPONENT_INSTALL OFF)
# voxgrad_0.1.0_amd64.deb has the program, libvoxgrad-dev_0.1.0_amd64.deb the libraries.
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_HOMEPAGE "")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME voxgrad)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libvoxgrad-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "libdnnl-dev, libhwy-dev, pkg-config, g++")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_RECOMMENDS "libhdf5-dev, libyaml-cpp-dev, nlohmann-json3-dev, libfmt-dev, libspdlog-dev, libassimp-dev, libmeshoptimizer-dev, libembree-dev, libzip-dev, libdeflate-dev, zlib1g-dev, libpng-dev, libjpeg-dev, libstb-dev, libwebp-dev, libheif-dev, libopencv-imgproc-dev")
include(CPack)
