#include "voxels/render/embree_scene.h"

#if __has_include(<embree4/rtcore.h>)
#include <embree4/rtcore.h>
#else
#include <embree3/rtcore.h>
#endif

#include <algorithm>
#include <cstring>
#include <limits>

#include "tensor/error.h"

namespace voxgrad {
namespace {

#if RTC_VERSION_MAJOR >= 4
constexpr RTCSceneFlags query_filter_flag = RTC_SCENE_FLAG_FILTER_FUNCTION_IN_ARGUMENTS;
using QueryContext = RTCRayQueryContext;

void trace_through(RTCScene scene, QueryContext* context, RTCFilterFunctionN filter,
                   RTCRayHit* ray) {
  rtcInitRayQueryContext(context);
  RTCIntersectArguments arguments;
  rtcInitIntersectArguments(&arguments);
  arguments.context = context;
  arguments.filter = filter;
  arguments.flags = RTC_RAY_QUERY_FLAG_INVOKE_ARGUMENT_FILTER;
  rtcIntersect1(scene, ray, &arguments);
}

void trace_nearest(RTCScene scene, const int* active, RTCRayHit16* rays) {
  RTCIntersectArguments arguments;
  rtcInitIntersectArguments(&arguments);
  arguments.flags = RTC_RAY_QUERY_FLAG_COHERENT;
  rtcIntersect16(active, scene, rays, &arguments);
}

void trace_occluded(RTCScene scene, const int* active, RTCRay16* rays) {
  rtcOccluded16(active, scene, rays);
}
#else
constexpr RTCSceneFlags query_filter_flag = RTC_SCENE_FLAG_CONTEXT_FILTER_FUNCTION;
using QueryContext = RTCIntersectContext;

void trace_through(RTCScene scene, QueryContext* context, RTCFilterFunctionN filter,
                   RTCRayHit* ray) {
  rtcInitIntersectContext(context);
  context->filter = filter;
  rtcIntersect1(scene, context, ray);
}

void trace_nearest(RTCScene scene, const int* active, RTCRayHit16* rays) {
  RTCIntersectContext context;
  rtcInitIntersectContext(&context);
  context.flags = RTC_INTERSECT_CONTEXT_FLAG_COHERENT;
  rtcIntersect16(active, scene, &context, rays);
}

void trace_occluded(RTCScene scene, const int* active, RTCRay16* rays) {
  RTCIntersectContext context;
  rtcInitIntersectContext(&context);
  rtcOccluded16(active, scene, &context, rays);
}
#endif

struct CollectingContext {
  QueryContext context;  // first, so that Embree's pointer to it is a pointer to all of this
  std::vector<RayScene::Crossing>* found;
};

// Notes the hit, then refuses it, so that Embree continues to the next one.
void collect(const RTCFilterFunctionNArguments* arguments) {
  auto* context = reinterpret_cast<CollectingContext*>(arguments->context);
  const unsigned size = arguments->N;
  for (unsigned i = 0; i < size; ++i) {
    if (arguments->valid[i] == 0) continue;
    context->found->push_back(
        {RTCRayN_tfar(arguments->ray, size, i), RTCHitN_primID(arguments->hit, size, i)});
    arguments->valid[i] = 0;
  }
}

void fill_rays(const RayScene::Rays& rays, RTCRay16& out) {
  float* const origin[3] = {out.org_x, out.org_y, out.org_z};
  float* const direction[3] = {out.dir_x, out.dir_y, out.dir_z};
  for (int axis = 0; axis < 3; ++axis) {
    std::copy_n(rays.origin[axis], RayScene::packet_size, origin[axis]);
    std::copy_n(rays.direction[axis], RayScene::packet_size, direction[axis]);
  }
  for (int i = 0; i < RayScene::packet_size; ++i) {
    out.tnear[i] = rays.near;
    out.tfar[i] = rays.far;
    out.time[i] = 0;
    out.mask[i] = 0xffffffffu;
    out.id[i] = unsigned(i);
    out.flags[i] = 0;
  }
}

}  // namespace

struct RayScene::Handles {
  RTCDevice device = nullptr;
  RTCScene scene = nullptr;
  ~Handles() {
    if (scene) rtcReleaseScene(scene);
    if (device) rtcReleaseDevice(device);
  }
};

RayScene::RayScene(std::span<const Vec3f> vertices,
                   std::span<const std::array<std::uint32_t, 3>> triangles)
    : handles_(std::make_unique<Handles>()) {
  handles_->device = rtcNewDevice("threads=1");
  check(handles_->device != nullptr, "[ray scene] Embree cannot start: error ",
        int(rtcGetDeviceError(nullptr)));
  handles_->scene = rtcNewScene(handles_->device);
  rtcSetSceneFlags(handles_->scene,
                   static_cast<RTCSceneFlags>(RTC_SCENE_FLAG_ROBUST | query_filter_flag));
  const RTCGeometry geometry = rtcNewGeometry(handles_->device, RTC_GEOMETRY_TYPE_TRIANGLE);
  void* vertex_buffer = rtcSetNewGeometryBuffer(geometry, RTC_BUFFER_TYPE_VERTEX, 0,
                                                RTC_FORMAT_FLOAT3, sizeof(Vec3f), vertices.size());
  void* index_buffer = rtcSetNewGeometryBuffer(geometry, RTC_BUFFER_TYPE_INDEX, 0, RTC_FORMAT_UINT3,
                                               sizeof(triangles[0]), triangles.size());
  if (vertex_buffer && index_buffer) {
    std::memcpy(vertex_buffer, vertices.data(), vertices.size_bytes());
    std::memcpy(index_buffer, triangles.data(), triangles.size_bytes());
    rtcCommitGeometry(geometry);
    rtcAttachGeometry(handles_->scene, geometry);
  }
  rtcReleaseGeometry(geometry);
  rtcCommitScene(handles_->scene);
  const RTCError error = rtcGetDeviceError(handles_->device);
  check(error == RTC_ERROR_NONE, "[ray scene] Embree cannot build a scene of ", triangles.size(),
        " triangles: error ", int(error),
        error == RTC_ERROR_OUT_OF_MEMORY ? ", out of memory" : "");
}

RayScene::~RayScene() = default;

void RayScene::crossings(const Vec3f& origin, const Vec3f& direction,
                         std::vector<Crossing>& found) const {
  found.clear();
  CollectingContext collecting{};
  collecting.found = &found;
  RTCRayHit ray{};
  ray.ray.org_x = origin[0], ray.ray.org_y = origin[1], ray.ray.org_z = origin[2];
  ray.ray.dir_x = direction[0], ray.ray.dir_y = direction[1], ray.ray.dir_z = direction[2];
  ray.ray.tfar = std::numeric_limits<float>::infinity();
  ray.ray.mask = 0xffffffffu;
  ray.hit.geomID = RTC_INVALID_GEOMETRY_ID;
  trace_through(handles_->scene, &collecting.context, collect, &ray);
  std::sort(found.begin(), found.end(), [](const Crossing& a, const Crossing& b) {
    return a.distance < b.distance || (a.distance == b.distance && a.triangle < b.triangle);
  });
}

void RayScene::nearest(const Rays& rays, Hits& hits) const {
  RTCRayHit16 packet;
  fill_rays(rays, packet.ray);
  std::fill_n(packet.hit.geomID, packet_size, RTC_INVALID_GEOMETRY_ID);
  trace_nearest(handles_->scene, rays.active, &packet);
  for (int i = 0; i < packet_size; ++i) {
    const bool found = rays.active[i] != 0 && packet.hit.geomID[i] != RTC_INVALID_GEOMETRY_ID;
    hits.triangle[i] = found ? packet.hit.primID[i] : no_triangle;
    hits.distance[i] = packet.ray.tfar[i];
    hits.u[i] = packet.hit.u[i];
    hits.v[i] = packet.hit.v[i];
  }
}

void RayScene::occluded(const Rays& rays, std::array<bool, packet_size>& blocked) const {
  RTCRay16 packet;
  fill_rays(rays, packet);
  trace_occluded(handles_->scene, rays.active, &packet);
  for (int i = 0; i < packet_size; ++i) {
    blocked[i] = rays.active[i] != 0 && packet.tfar[i] < 0;
  }
}

}  // namespace voxgrad
