#include "voxels/mesh/mesh_reader.h"

#include <assimp/material.h>
#include <assimp/postprocess.h>
#include <assimp/scene.h>

#include <algorithm>
#include <assimp/Importer.hpp>
#include <cmath>

#include "io/file.h"
#include "tensor/error.h"
#include "voxels/image/srgb.h"
#include "voxels/mesh/assimp_cleaning.h"
#include "voxels/mesh/assimp_io.h"
#include "voxels/mesh/mesh_text.h"
#include "voxels/mesh/obj_reader.h"
#include "voxels/mesh/off_reader.h"
#include "voxels/mesh/ply_reader.h"
#include "voxels/mesh/stl_reader.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

using Color = std::array<float, 3>;

std::string lower_suffix(const std::filesystem::path& file) {
  return lower_case(file.extension().string());
}

float clamped(float value) {
  return std::isfinite(value) ? std::clamp(value, 0.0f, 1.0f) : 0.5f;
}

// Walks assimp's scene and gathers its triangles.
class Collector {
 public:
  /// `offset` is added to the parts' vertices.
  Collector(const aiScene& scene, const Vec3& offset, bool linear_colors, const std::string& name)
      : scene_(scene), offset_(offset), linear_colors_(linear_colors), name_(name) {}

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
    const Color material = material_color(part);
    for (unsigned i = 0; i < part.mNumFaces; ++i) {
      const aiFace& face = part.mFaces[i];
      if (face.mNumIndices != 3) continue;
      std::array<std::uint32_t, 3> corner{face.mIndices[0], face.mIndices[1], face.mIndices[2]};
      const Color color = part.HasVertexColors(0) ? vertex_color(part, corner) : material;
      if (mirrored) std::swap(corner[1], corner[2]);
      for (std::uint32_t& index : corner) index += base;
      mesh_.triangles.push_back(corner);
      mesh_.colors.push_back(color);
    }
  }

  Color finished(const Color& color) const {
    Color result;
    for (int i = 0; i < 3; ++i) {
      result[i] = clamped(color[i]);
      if (linear_colors_) result[i] = clamped(srgb_from_linear(result[i]));
    }
    return result;
  }

  Color vertex_color(const aiMesh& part, const std::array<std::uint32_t, 3>& corner) const {
    Color sum{};
    for (const std::uint32_t index : corner) {
      const aiColor4D& c = part.mColors[0][index];
      sum = {sum[0] + c.r, sum[1] + c.g, sum[2] + c.b};
    }
    return finished(1 / 3.0f * sum);
  }

  Color material_color(const aiMesh& part) const {
    aiColor3D diffuse(0.7f, 0.7f, 0.7f);
    if (part.mMaterialIndex < scene_.mNumMaterials) {
      scene_.mMaterials[part.mMaterialIndex]->Get(AI_MATKEY_COLOR_DIFFUSE, diffuse);
    }
    return finished({diffuse.r, diffuse.g, diffuse.b});
  }

  const aiScene& scene_;
  Vec3 offset_;
  bool linear_colors_;
  const std::string& name_;
  Mesh mesh_;
};

// Importers pass on what damaged files say; the later steps of assimp rely on it.
void check_indices(const aiScene& scene, const std::string& name) {
  for (unsigned m = 0; m < scene.mNumMeshes; ++m) {
    const aiMesh& part = *scene.mMeshes[m];
    for (unsigned i = 0; i < part.mNumFaces; ++i) {
      const aiFace& face = part.mFaces[i];
      check(std::all_of(face.mIndices, face.mIndices + face.mNumIndices,
                        [&](unsigned index) { return index < part.mNumVertices; }),
            "[read mesh] ", name, ": a face uses a vertex that does not exist");
    }
  }
}

Mesh read_with_assimp(const std::string& path, const FileLookup& lookup, const std::string& name,
                      const std::string& suffix) {
  try {
    Vec3 offset{};
    const FileLookup cleaned = [&](const std::string& wanted) {
      auto bytes = lookup(wanted);
      if (!bytes || wanted != tidy_path(path)) return bytes;
      if (suffix == ".glb") return std::optional(clean_glb(std::move(*bytes)));
      if (suffix == ".gltf") return std::optional(clean_gltf(std::move(*bytes)));
      CleanCollada collada = clean_collada(*bytes, name);
      offset = collada.offset;
      return std::optional(std::move(collada.bytes));
    };
    Assimp::Importer importer;
    auto* io = new LookupIo(cleaned, max_mesh_file_bytes);  // the importer deletes it
    importer.SetIOHandler(io);
    const aiScene* scene = importer.ReadFile(path, 0);
    // Of our own cleaning, or of a file that cannot be read.
    check(!io->problem().starts_with("[read mesh]"), io->problem());
    check(io->problem().empty(), "[read mesh] ", name, ": ", io->problem());
    check(scene != nullptr && scene->mRootNode != nullptr, "[read mesh] ", name, ": ",
          importer.GetErrorString());
    check_indices(*scene, name);
    scene = importer.ApplyPostProcessing(aiProcess_Triangulate);
    check(scene != nullptr, "[read mesh] ", name, ": its polygons cannot be cut into triangles");
    return Collector(*scene, offset, suffix != ".dae", name).collect();
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    fail("[read mesh] ", name, ": not enough memory");
  } catch (const std::exception& error) {
    fail("[read mesh] ", name, ": ", error.what());
  }
}

// Files that an OBJ mesh names, beside it: as written or, for paths of another machine, by name.
// One that cannot be read, or is too much for the cap on all of them, is as good as none.
SideFile side_files(const std::string& mesh, const FileLookup& lookup) {
  const std::string folder = std::filesystem::path(mesh).parent_path().generic_string();
  return [folder, lookup, left = max_mesh_file_bytes](
             const std::string& name) mutable -> std::optional<std::vector<std::uint8_t>> {
    const std::filesystem::path path(tidy_path(name));
    for (const std::filesystem::path& place : {path, path.filename()}) {
      try {
        const std::string full =
            place.is_absolute()
                ? place.generic_string()
                : tidy_path((std::filesystem::path(folder) / place).generic_string());
        auto bytes = lookup(full);
        if (!bytes) continue;
        if (bytes->size() > left) return std::nullopt;
        left -= bytes->size();
        return bytes;
      } catch (const Error&) {
        return std::nullopt;
      }
    }
    return std::nullopt;
  };
}

Mesh decode(const std::vector<std::uint8_t>& bytes, const std::string& suffix,
            const std::string& path, const FileLookup& lookup, const std::string& name) {
  check(!bytes.empty(), "[read mesh] ", name, ": the file is empty");
  if (suffix == ".ply") return decode_ply(bytes, name);
  if (suffix == ".off") return decode_off(bytes, name);
  if (suffix == ".stl") return decode_stl(bytes, name);
  return decode_obj(bytes, side_files(path, lookup), name);
}

void remove_degenerate(Mesh& mesh) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < mesh.triangles.size(); ++i) {
    const auto& [a, b, c] = mesh.triangles[i];
    const Vec3& corner = mesh.vertices[a];
    const double doubled_area = length(cross(mesh.vertices[b] - corner, mesh.vertices[c] - corner));
    if (!std::isfinite(doubled_area) || doubled_area == 0) continue;
    mesh.triangles[kept] = mesh.triangles[i];
    mesh.colors[kept++] = mesh.colors[i];
  }
  mesh.triangles.resize(kept);
  mesh.colors.resize(kept);
}

}  // namespace

const std::vector<std::string>& mesh_suffixes() {
  static const std::vector<std::string> suffixes{".obj", ".off",  ".ply", ".stl",
                                                 ".glb", ".gltf", ".dae"};
  return suffixes;
}

bool is_mesh_file(const std::filesystem::path& file) {
  const auto& all = mesh_suffixes();
  return std::find(all.begin(), all.end(), lower_suffix(file)) != all.end();
}

Mesh read_mesh(const std::string& path, const FileLookup& lookup, const std::string& name) {
  const std::string suffix = lower_suffix(path);
  check(is_mesh_file(path), "[read mesh] ", name, ": suffix '", suffix,
        "' is none of .obj .off .ply .stl .glb .gltf .dae");
  Mesh mesh;
  if (suffix == ".glb" || suffix == ".gltf" || suffix == ".dae") {
    mesh = read_with_assimp(path, lookup, name, suffix);
  } else {
    const auto bytes = lookup(path);
    check(bytes.has_value(), "[read mesh] ", name, ": no such file");
    mesh = decode(*bytes, suffix, path, lookup, name);
  }
  remove_degenerate(mesh);
  check(!mesh.triangles.empty(), "[read mesh] ", name, ": no triangle with an area");
  return mesh;
}

Mesh read_mesh(const std::filesystem::path& file) {
  check(std::filesystem::is_regular_file(file), "[read mesh] ", file.string(),
        ": no such file, or not a regular file");
  const FileLookup from_disk = [](const std::string& path) {
    std::error_code ignored;
    std::optional<std::vector<std::uint8_t>> bytes;
    if (std::filesystem::is_regular_file(path, ignored)) {
      bytes = read_file(path, max_mesh_file_bytes);
    }
    return bytes;
  };
  return read_mesh(file.string(), from_disk, file.string());
}

}  // namespace voxgrad
