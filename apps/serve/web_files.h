// The page of `pix2vox serve`: the files in apps/serve/web/, which the build puts into the program
// (cmake/VoxgradEmbed.cmake). It also uses those of pix2vox/report/web_files.h.
#pragma once

#include <string_view>

namespace voxgrad::web {

extern const std::string_view serve_html;  // with marks in place of styles and scripts
extern const std::string_view serve_css;
extern const std::string_view serve_js;

}  // namespace voxgrad::web
