// The scripts and style sheets in pix2vox/report/web/, which the build puts into the program
// (cmake/VoxgradEmbed.cmake).
#pragma once

#include <string_view>

namespace voxgrad::web {

extern const std::string_view page_css;    // colours, type and controls of every page
extern const std::string_view viewer_js;   // volumes and meshes drawn with WebGL
extern const std::string_view charts_js;   // line charts as SVG
extern const std::string_view files_js;    // volumes as files to download
extern const std::string_view report_css;  // of the report alone
extern const std::string_view report_js;

}  // namespace voxgrad::web
