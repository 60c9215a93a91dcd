#include "voxels/mesh/mesh_reader.h"

#include <assimp/postprocess.h>
#include <assimp/scene.h>

#include <algorithm>
#include <assimp/Importer.hpp>
#include <cmath>

#include "io/file.h"
#include "tensor/error.h"
#include "voxels/mesh/assimp_cleaning.h"
#include "voxels/mesh/assimp_io.h"
#include "voxels/mesh/assimp_scene.h"
#include "voxels/mesh/mesh_text.h"
#include "voxels/mesh/obj_reader.h"
#include "voxels/mesh/off_reader.h"
#include "voxels/mesh/ply_reader.h"
#include "voxels/mesh/stl_reader.h"
#include "voxels/mesh/vec3.h"

namespace voxgrad {
namespace {

std::string lower_suffix(const std::filesystem::path& file) {
  return lower_case(file.extension().string());
}

// Files that a mesh names, beside it: as written or, for paths of another machine, by name.
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
    const SideFile files = side_files(path, lookup);
    return collect_triangles(*scene, offset, suffix != ".dae", files, name);
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    fail("[read mesh] ", name, ": not enough memory");
  } catch (const std::exception& error) {
    fail("[read mesh] ", name, ": ", error.what());
  }
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
