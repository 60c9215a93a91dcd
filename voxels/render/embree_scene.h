// RayScene: triangles that rays can be shot at. The only place that knows Embree, so that its
// versions 3 and 4 look the same to the rest. Queries may run on many threads at once; their
// results do not depend on the number of threads.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "voxels/mesh/vec3.h"

namespace voxgrad {

class RayScene {
 public:
  /// Error if Embree cannot build the scene (no memory).
  RayScene(std::span<const Vec3f> vertices,
           std::span<const std::array<std::uint32_t, 3>> triangles);
  ~RayScene();
  RayScene(const RayScene&) = delete;
  RayScene& operator=(const RayScene&) = delete;

  struct Crossing {
    float distance;  // in lengths of the direction
    std::uint32_t triangle;
  };
  /// Every triangle that the ray from `origin` meets, nearest first.
  void crossings(const Vec3f& origin, const Vec3f& direction, std::vector<Crossing>& found) const;

  /// Sixteen rays that Embree follows together.
  static constexpr int packet_size = 16;
  struct Rays {
    alignas(64) float origin[3][packet_size];
    alignas(64) float direction[3][packet_size];
    alignas(64) int active[packet_size];  // -1: follow this ray, 0: do not
    float near = 0;
    float far = 1e30f;
  };
  static constexpr std::uint32_t no_triangle = 0xffffffffu;
  struct Hits {
    alignas(64) std::uint32_t triangle[packet_size];  // no_triangle: nothing met
    alignas(64) float distance[packet_size];
    alignas(64) float u[packet_size];  // weight of the triangle's second vertex
    alignas(64) float v[packet_size];  // weight of its third vertex
  };
  void nearest(const Rays& rays, Hits& hits) const;
  /// blocked[i]: ray i is active and meets something.
  void occluded(const Rays& rays, std::array<bool, packet_size>& blocked) const;

 private:
  struct Handles;
  std::unique_ptr<Handles> handles_;
};

}  // namespace voxgrad
