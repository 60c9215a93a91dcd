// Flags about how a photo is prepared: what its background is, where the object is, whether it is
// centred.
#pragma once

#include <string>
#include <vector>

#include "apps/command_line/command_line.h"
#include "pix2vox/prediction/photo.h"

namespace voxgrad::apps {

struct PhotoFlags {
  std::string crop = "auto", background = "auto";
  std::string box;                 // left,top,width,height in pixels
  std::vector<std::string> masks;  // files: none, or one per picture
  bool save_input = false, explain = false;

  void add(Verb& verb);
  /// ConfigError for values that make no sense, alone, together or for so many pictures.
  void check_values(std::size_t pictures) const;
  /// For a picture, counted from 0. Reads its mask; Error if it cannot be read.
  PhotoOptions options(std::size_t picture) const;
};

}  // namespace voxgrad::apps
