// Light of the pictures for people: a soft sun and a bright sky over a light ground at the foot of
// the object, which is a cube of voxels or a mesh in units of voxels.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "voxels/mesh/vec3.h"

namespace voxgrad {

/// A unit vector towards an azimuth, from +z towards +x, and an elevation, in degrees.
Vec3d direction_from_angles(double azimuth, double elevation);

class SoftLight {
 public:
  /// Whether a ray from a point meets the object. Called from many threads at once.
  using Blocked = std::function<bool(const Vec3d& point, const Vec3d& direction)>;

  /// n: the cube around the object is [0, n]^3. The sun stands to the left of the camera.
  SoftLight(Blocked blocked, int n, double ground_height, double camera_azimuth);
  /// The sun follows the camera; what the sky gives stays as it is.
  void follow(double camera_azimuth);

  /// The share of the sky's light that reaches a point of a surface.
  double sky(const Vec3d& point, const Vec3d& normal) const;
  /// Light on a surface whose share of the sky is known. `sample` of a pixel and its `turn`, 0..1,
  /// choose points of the sun's disc.
  double surface(double sky, const Vec3d& point, const Vec3d& normal, int sample,
                 double turn) const;
  /// Light on the ground, 1 far from the object.
  double ground(const Vec3d& point, int sample, double turn) const;
  double ground_height() const { return ground_height_; }

 private:
  double sun_share(const Vec3d& point, int sample, double turn) const;
  void light_ground(int n);

  Blocked blocked_;
  double ground_height_;
  std::vector<Vec3d> sky_directions_;
  Vec3d sun_, sun_u_, sun_v_;
  int ground_side_ = 0;
  std::array<double, 2> ground_origin_{};
  std::vector<float> ground_sky_;
};

/// A number in 0..1 that looks random from pixel to pixel.
double pixel_noise(int x, int y);

}  // namespace voxgrad
