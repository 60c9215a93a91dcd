// Shaded pictures of a mesh, like 3D-R2N2's renderings: RGBA, antialiased by sixteen rays per
// pixel, nothing but the object, which covers as much alpha as it covers of the pixel.
//
// The camera looks at the middle of the object's bounding box. From azimuth 0 it sees the front
// (it stands at +z), from azimuth 90 it stands at +x. Elevation is the angle above the horizontal
// plane. Angles are in degrees, distances in longest sides of the bounding box; the field of view
// is that of the whole picture.
#pragma once

#include <memory>

#include "voxels/image/image.h"
#include "voxels/mesh/mesh.h"
#include "voxels/render/render_style.h"

namespace voxgrad {

struct Camera {
  double azimuth = 30, elevation = 30;
  double distance = 2.5;
  double field_of_view = 25;
};

class MeshRenderer {
 public:
  /// Error if the mesh has no extent.
  explicit MeshRenderer(const Mesh& mesh);
  ~MeshRenderer();

  /// The smallest distance from which the whole object appears inside the central part of the
  /// picture, `share` of its side. The camera's own distance is not used.
  double fitting_distance(const Camera& camera, double share) const;

  /// size x size RGBA, not premultiplied. Alpha is exactly 0, and the colour black, where no ray
  /// met the object. Error unless 1 <= size <= 4096, the camera is outside the object and the
  /// field of view in 1..120 degrees.
  Image render(const Camera& camera, int size = 137, const RenderStyle& style = {}) const;

 private:
  struct Scene;
  std::unique_ptr<Scene> scene_;
};

}  // namespace voxgrad
