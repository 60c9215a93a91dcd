// From a picture to what the network sees: crop, background, colour and flip, as Pix2Vox was
// trained (Xie et al., ICCV 2019). Random numbers are drawn first (AugmentationDraw) and applied
// afterwards, so that a test can apply the same draws with another library.
//
// A picture may be widened first: picture_widening.h.
//
// Steps, on floats in [0,1] in the order B, G, R, A (grey becomes three equal channels):
//   1. Crop. With a box: the square around the box's middle with its longer side, continued with
//      edge pixels outside the picture. Without: the centre crop*crop pixels if the picture is
//      larger both ways, else (and with crop 0) all of it. Bilinear resize to size*size (half-pixel
//      centres, edges clamped, no antialiasing).
//   2. Pixels whose alpha is exactly 0 get the background colour; alpha is then dropped. With
//      min_alpha, pixels of less alpha get it before step 1 (clear_pixels.h).
//   3. Brightness, contrast and saturation in random order, without clipping; then one offset a
//      channel along the principal components of ImageNet's colours (Krizhevsky et al., 2012).
//   4. (x - 0.5) / 0.5.
//   5. Left-right flip a view; one permutation of the channels for all views.
// All of 3, 4 and 5 is affine in a pixel's colour, so it is applied as one 3x4 matrix.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/transforms/options.h"
#include "tensor/rng.h"
#include "tensor/tensor.h"

namespace voxgrad {

/// What is done to a picture before the published steps (picture_widening.h). The defaults change
/// nothing.
struct WideningDraw {
  enum class Backdrop { published, plain, gradient, noise };
  Backdrop backdrop = Backdrop::published;
  std::array<std::array<int, 3>, 2> colors{};  // R, G, B: of the backdrop, at its two ends
  double direction = 0;                        // of a gradient, radians
  double hue = 0;                              // degrees
  std::array<double, 3> tint{};                // R, G, B, 0..1
  double tint_share = 0;
  double zoom = 1, shift_x = 0, shift_y = 0;
  double blur = 0, noise = 0;
  int jpeg_quality = 0;    // 0: none
  std::uint64_t seed = 0;  // of the noises
  bool operator==(const WideningDraw&) const = default;
};

enum class ColorStep { brightness, contrast, saturation };

/// One object's random numbers. The defaults change nothing.
struct AugmentationDraw {
  struct View {
    bool flip = false;
    WideningDraw widening;
    double box_scale = 1;                                 // of the square's side
    std::array<double, 4> box_edges{0.5, 0.5, 0.5, 0.5};  // left, right, top, bottom: distance
  };                                                      // from the middle over the side
  std::array<int, 3> background{240, 240, 240};           // B, G, R
  double brightness = 1, contrast = 1, saturation = 1;
  std::array<ColorStep, 3> order{ColorStep::brightness, ColorStep::contrast, ColorStep::saturation};
  std::array<double, 3> noise{0, 0, 0};  // weight of each principal component
  std::array<int, 3> channels{0, 1, 2};  // result channel c is B, G, R channel channels[c]
  std::vector<View> views;
};

/// For testing: the fixed background and nothing random.
AugmentationDraw no_augmentation(int n_views, const TransformOptions& options);
/// For training.
AugmentationDraw sample_augmentation(Rng& rng, int n_views, const TransformOptions& options);

/// Error for a picture without pixels or with a number of channels that is not 1 to 4.
void check_picture(const Image& picture);
/// Writes one view, f32 [size,size,3] in the order B, G, R. Error for a picture without pixels or
/// a box without area.
void transform_view(const Image& picture, const std::optional<Box>& box,
                    const AugmentationDraw& draw, int view, const TransformOptions& options,
                    float* result);
/// Test-time preprocessing of the views of one object: f32 [V,size,size,3].
Tensor preprocess(const std::vector<Image>& pictures, const TransformOptions& options = {},
                  const std::optional<Box>& box = {});
/// What the network saw: the RGB picture of one f32 [size,size,3], values clipped to 0..255.
Image picture_of_input(const Tensor& input);

}  // namespace voxgrad
