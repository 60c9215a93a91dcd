// The camera of the pictures for people, and what it collects in a pixel.
#pragma once

#include <array>
#include <cstdint>

#include "voxels/mesh/vec3.h"
#include "voxels/render/soft_light.h"
#include "voxels/render/voxel_ray.h"
#include "voxels/render/voxel_render.h"

namespace voxgrad {

/// Perspective camera whose frame just holds the cube [0, n]^3.
class PictureCamera {
 public:
  PictureCamera(int n, const PictureOptions& options);
  /// Through a point of the picture, in pixels from its upper left corner.
  Ray ray(double x, double y) const;

 private:
  int width_, height_;
  Vec3d position_, forward_, right_, up_;
  std::array<double, 2> middle_;
  double pixel_;
};

/// What a ray sees: light, linear RGB times alpha, and how much of the background it covers.
struct Seen {
  Vec3d light{0, 0, 0};
  double alpha = 1;
};

/// Colours in linear RGB, and how samples become a pixel.
class PictureColors {
 public:
  explicit PictureColors(const PictureOptions& options);
  const Vec3d& object() const { return object_; }
  Seen background() const;
  /// The ground under `light`: on a clear picture a shadow, as dark as a viewer will show it.
  Seen ground(double light) const;
  /// 3 or 4 bytes.
  void write(const Vec3d& light, double alpha, std::uint8_t* pixel) const;
  int channels() const { return clear_ ? 4 : 3; }

 private:
  Vec3d object_, background_;
  bool clear_;
};

/// Error unless sides, samples and elevation are in the ranges of PictureOptions.
void check_picture(const PictureOptions& options);
/// A picture of the background alone.
Image empty_picture(const PictureOptions& options);

/// Calls look(ray, sample, turn), which returns a Seen, for all samples of all pixels.
template <class Look>
Image paint(const PictureCamera& camera, const PictureOptions& options, const Look& look) {
  const PictureColors colors(options);
  Image image(options.width, options.height, colors.channels());
  const int samples = options.samples;
#pragma omp parallel for schedule(dynamic, 4)
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const double turn = pixel_noise(x, y);
      Vec3d light{0, 0, 0};
      double alpha = 0;
      for (int sample = 0; sample < samples * samples; ++sample) {
        const double dx = (sample % samples + 0.5) / samples,
                     dy = (sample / samples + 0.5) / samples;
        const Seen seen = look(camera.ray(x + dx, y + dy), sample, turn);
        light = light + seen.light;
        alpha += seen.alpha;
      }
      for (double& value : light) value /= samples * samples;
      colors.write(light, alpha / (samples * samples), image.at(x, y));
    }
  }
  return image;
}

}  // namespace voxgrad
