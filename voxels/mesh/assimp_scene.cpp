#include "voxels/mesh/assimp_scene.h"

#include <assimp/material.h>

#include <algorithm>
#include <cmath>

#include "tensor/error.h"
#include "voxels/image/srgb.h"
#include "voxels/mesh/assimp_cleaning.h"
#include "voxels/mesh/mesh_pictures.h"
#include "voxels/mesh/mesh_reader.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

float clamped(float value) {
  return std::isfinite(value) ? std::clamp(value, 0.0f, 1.0f) : 0.5f;
}

// A picture that the mesh's file holds, or one beside it.
std::optional<Image> picture_of(const aiScene& scene, const std::string& name,
                                const MeshPictures::Reader& files) {
  const aiTexture* const inside = scene.GetEmbeddedTexture(name.c_str());
  if (inside == nullptr) {
    auto image = files(name);
    return image ? image : files(percent_decoded(name));
  }
  check(inside->mHeight == 0, "it is neither a PNG nor a JPEG");  // else bare pixels
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(inside->pcData);
  return decode_image(std::span(bytes, inside->mWidth), name);
}

// Walks assimp's scene and gathers its triangles.
class Collector {
 public:
  /// `offset` is added to the parts' vertices.
  Collector(const aiScene& scene, const Vec3& offset, bool linear_colors, const SideFile& side_file,
            const std::string& name)
      : scene_(scene),
        offset_(offset),
        linear_colors_(linear_colors),
        name_(name),
        pictures_([&scene, files = picture_files(side_file)](const std::string& picture) {
          return picture_of(scene, picture, files);
        }) {}

  Mesh collect() {
    struct Visit {
      const aiNode* node;
      aiMatrix4x4 transform;
    };
    std::vector<Visit> visits{{scene_.mRootNode, scene_.mRootNode->mTransformation}};
    while (!visits.empty()) {
      const auto [node, transform] = visits.back();
      visits.pop_back();
      for (unsigned i = 0; i < node->mNumMeshes; ++i) {
        add(*scene_.mMeshes[node->mMeshes[i]], transform);
      }
      for (unsigned i = node->mNumChildren; i-- > 0;) {
        visits.push_back({node->mChildren[i], transform * node->mChildren[i]->mTransformation});
      }
    }
    mesh_.notes = pictures_.take_notes();
    return std::move(mesh_);
  }

 private:
  void add(const aiMesh& part, const aiMatrix4x4& transform) {
    check(mesh_.triangles.size() + part.mNumFaces <= max_mesh_triangles &&
              mesh_.vertices.size() + part.mNumVertices <= 3 * max_mesh_triangles,
          "[read mesh] ", name_, ": more than ", max_mesh_triangles, " triangles");
    const auto base = std::uint32_t(mesh_.vertices.size());
    for (unsigned i = 0; i < part.mNumVertices; ++i) {
      const aiVector3D& v = part.mVertices[i];
      const Vec3 local{v.x + offset_[0], v.y + offset_[1], v.z + offset_[2]};
      Vec3 place;
      for (unsigned row = 0; row < 3; ++row) {
        const ai_real* m = transform[row];
        place[row] = dot(Vec3{m[0], m[1], m[2]}, local) + double(m[3]);
      }
      mesh_.vertices.push_back(place);
    }
    // A mirroring transform would turn the mesh inside out.
    const bool mirrored = transform.Determinant() < 0;
    const Material material = material_of(part);
    for (unsigned i = 0; i < part.mNumFaces; ++i) {
      const aiFace& face = part.mFaces[i];
      if (face.mNumIndices != 3) continue;
      std::array<std::uint32_t, 3> corner{face.mIndices[0], face.mIndices[1], face.mIndices[2]};
      const MeshColor color =
          part.HasVertexColors(0) ? vertex_color(part, corner) : face_color(part, material, corner);
      if (mirrored) std::swap(corner[1], corner[2]);
      for (std::uint32_t& index : corner) index += base;
      mesh_.triangles.push_back(corner);
      mesh_.colors.push_back(color);
    }
  }

  MeshColor finished(const MeshColor& color) const {
    MeshColor result;
    for (int i = 0; i < 3; ++i) {
      result[i] = clamped(color[i]);
      if (linear_colors_) result[i] = clamped(srgb_from_linear(result[i]));
    }
    return result;
  }

  MeshColor vertex_color(const aiMesh& part, const std::array<std::uint32_t, 3>& corner) const {
    MeshColor sum{};
    for (const std::uint32_t index : corner) {
      const aiColor4D& c = part.mColors[0][index];
      sum = {sum[0] + c.r, sum[1] + c.g, sum[2] + c.b};
    }
    return finished(1 / 3.0f * sum);
  }

  struct Material {
    MeshColor color;
    const MeshPicture* picture = nullptr;
  };

  Material material_of(const aiMesh& part) {
    aiColor3D diffuse(0.7f, 0.7f, 0.7f);
    Material result{};
    if (part.mMaterialIndex < scene_.mNumMaterials) {
      const aiMaterial& material = *scene_.mMaterials[part.mMaterialIndex];
      material.Get(AI_MATKEY_COLOR_DIFFUSE, diffuse);
      aiString picture;
      if (material.GetTexture(aiTextureType_DIFFUSE, 0, &picture) == aiReturn_SUCCESS) {
        result.picture = pictures_.find(picture.C_Str());
      }
    }
    result.color = {diffuse.r, diffuse.g, diffuse.b};
    return result;
  }

  // A picture stands in the place of COLLADA's colour, and is multiplied by glTF's.
  MeshColor face_color(const aiMesh& part, const Material& material,
                       const std::array<std::uint32_t, 3>& corner) const {
    if (material.picture == nullptr) return finished(material.color);
    std::array<TexturePoint, 3> places;
    if (part.HasTextureCoords(0)) {
      for (std::size_t i = 0; i < 3; ++i) {
        const aiVector3D& place = part.mTextureCoords[0][corner[i]];
        places[i] = {place.x, place.y};
      }
    }
    MeshColor color = material.picture->color(
        std::span<const TexturePoint>(places.data(), part.HasTextureCoords(0) ? 3 : 0));
    if (!linear_colors_) return color;
    for (std::size_t i = 0; i < 3; ++i) {
      if (material.color[i] != 1) color[i] = times(color[i], material.color[i]);
    }
    return color;
  }

  static float times(float srgb, float linear) {
    return clamped(srgb_from_linear(clamped(linear_from_srgb(srgb) * linear)));
  }

  const aiScene& scene_;
  Vec3 offset_;
  bool linear_colors_;
  const std::string& name_;
  MeshPictures pictures_;
  Mesh mesh_;
};

}  // namespace

Mesh collect_triangles(const aiScene& scene, const Vec3& offset, bool linear_colors,
                       const SideFile& side_file, const std::string& name) {
  return Collector(scene, offset, linear_colors, side_file, name).collect();
}

}  // namespace voxgrad
