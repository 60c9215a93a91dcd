// What is done to a picture on its way to the network (steps: transforms.h), and how much of it is
// random in training.
#pragma once

#include <array>
#include <string>
#include <vector>

namespace voxgrad {

struct TransformOptions {
  int crop = 128;        // centre crop where both sides are larger; 0: no crop
  int size = 224;        // side of the result
  int background = 240;  // grey under transparent pixels when testing, 0..255
  /// Pixels of less alpha are background before the resize (clear_pixels.h). 0: the published
  /// order, in which colours of clear pixels still show at the object's edge.
  int min_alpha = 0;

  // Training.
  std::array<int, 2> background_range{225, 255};  // of the random colour, each channel, inclusive
  double brightness = 0.4;                        // factor uniform in 1 +- this; 0: none
  double contrast = 0.4;
  double saturation = 0.4;
  double noise_std = 0.1;        // of the colour noise along ImageNet's principal components
  bool flip = true;              // left-right with probability 1/2, each view; volumes are not
  bool permute_channels = true;  // one random order of the channels for all views of an object

  /// Beyond the published steps, before all of them (picture_widening.h); all off.
  std::vector<std::string> backdrops{};       // of plain, gradient, noise, published: one drawn
  std::array<int, 2> backdrop_range{0, 255};  // of their colours, each channel
  double hue = 0;                             // turn drawn from +- this, degrees
  double tint = 0;                            // probability of one colour for all of the object
  double zoom = 0;                            // size of the object: factor 1/(1+this)..1+this
  double shift = 0;                           // share of the picture, either way
  double blur = 0;                            // largest radius (standard deviation), pixels
  double pixel_noise = 0;                     // largest standard deviation, of 255
  double jpeg = 0;                            // probability of JPEG's artefacts
  std::array<int, 2> jpeg_quality{30, 95};

  bool operator==(const TransformOptions&) const = default;
};

/// ConfigError for sizes and ranges that make no sense.
void check_transform_options(const TransformOptions& options);

}  // namespace voxgrad
