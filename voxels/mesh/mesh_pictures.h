// The pictures (textures) of a mesh, and the colours that triangles have in them.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "voxels/image/image.h"
#include "voxels/mesh/face_builder.h"
#include "voxels/mesh/obj_reader.h"

namespace voxgrad {

/// A place in a picture: u to the right, v up, 0..1, repeated beyond.
using TexturePoint = std::array<double, 2>;

/// Of a picture for a face: the mean of the face's middle and, for each of its corners, a place
/// half way to it; the mean of the whole picture if there are no corners.
class MeshPicture {
 public:
  explicit MeshPicture(Image image);
  MeshColor color(std::span<const TexturePoint> corners) const;
  std::size_t size_bytes() const { return image_.pixels.size(); }

 private:
  Image image_;
  MeshColor mean_;
};

/// Pictures by name. Each is read once; one that cannot be read is noted, once.
class MeshPictures {
 public:
  /// Gives the picture of a name; nothing if there is none. May throw an Error.
  using Reader = std::function<std::optional<Image>(const std::string& name)>;

  explicit MeshPictures(Reader reader) : reader_(std::move(reader)) {}

  /// Null if it cannot be read.
  const MeshPicture* find(const std::string& name);
  std::vector<std::string> take_notes() { return std::move(notes_); }

 private:
  std::unique_ptr<MeshPicture> read(const std::string& name);

  Reader reader_;
  std::size_t bytes_left_ = std::size_t{1} << 30;  // of pixels, for all of a mesh's pictures
  std::map<std::string, std::unique_ptr<MeshPicture>> pictures_;
  std::vector<std::string> notes_;
};

/// Reads pictures of files beside the mesh.
MeshPictures::Reader picture_files(const SideFile& side_file);

}  // namespace voxgrad
