// Small data sets in the forms in which the public ones are shipped. Each holds one object that
// looks different from every side, so that a swapped or mirrored axis shows.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/dataset.h"
#include "voxels/grid/grid.h"
#include "voxels/mesh/mesh.h"

namespace voxgrad::testing {

/// The object in R2N2's frame (x front, y up, z = x cross y), in eighths of the cube: a post, an
/// arm to the front at its top and a foot to z. Its box is [1,7) x [0,8) x [2,6).
VoxelGrid asymmetric_grid(int n);
/// The same as a mesh of closed boxes.
Mesh asymmetric_mesh();

/// A mesh as OBJ or OFF with each vertex changed: to the axes of a set.
template <class Change>
Mesh changed(Mesh mesh, const Change& change) {
  for (Vec3& vertex : mesh.vertices) vertex = change(vertex);
  return mesh;
}
void write_obj(const Mesh& mesh, const std::filesystem::path& file);
void write_off(const Mesh& mesh, const std::filesystem::path& file, bool glued_header = false);

struct Pix3dForm {
  int chairs = 4;       // whole ones: the authors' test set
  int others = 2;       // a chair that is occluded, and sofas
  bool grey = true;     // one picture is grey
  int resolution = 16;  // of the .mat voxels; the object takes half of the grid
  bool compressed = true;
};
/// pix3d.json, img/, mask/ and model/. Pictures of 64x48 that show the object's silhouette as the
/// camera of the entry sees it.
void write_pix3d(const std::filesystem::path& root, const Pix3dForm& form = {});

/// Annotations/, Images/, CAD/ and dataset.json: cars from ImageNet and from PASCAL VOC, in train
/// and in test, each with a smaller car, an object of another class without a CAD model, and, in
/// the last picture, coarse angles alone. Pictures as those of write_pix3d.
void write_pascal3d(const std::filesystem::path& root, int train = 4, int test = 2);

/// <class>/{train,test}/<class>_NNNN.off of two classes, one with an underscore in its name, glued
/// headers among the files.
void write_modelnet(const std::filesystem::path& root, int train = 2, int test = 1);

struct ShapeNetCoreForm {
  bool v2 = true;
  bool solid = true;      // with binvox files, of 32^3, in which the object takes half of the grid
  bool csv = false;       // all.csv in place of dataset.json
  bool pictures = false;  // with ShapeNetRendering
  int train = 2, val = 1, test = 1;
};
void write_shapenetcore(const std::filesystem::path& root, const ShapeNetCoreForm& form = {});

/// What a camera sees of a grid: 255 where an occupied cell is in the middle of a pixel, else 0.
Image seen_through(const GridCamera& camera, const VoxelGrid& grid, int width, int height);
/// |A and B| / |A or B| of the pixels that are not 0.
double overlap_of(const Image& a, const Image& b);

}  // namespace voxgrad::testing
