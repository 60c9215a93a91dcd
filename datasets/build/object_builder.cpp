#include "datasets/build/object_builder.h"

#include <fmt/format.h>
#include <omp.h>

#include <optional>

#include "datasets/build/out_folder.h"
#include "datasets/common/rendered_views.h"
#include "io/file.h"
#include "tensor/error.h"
#include "tensor/rng.h"
#include "voxels/grid/binvox.h"
#include "voxels/image/image.h"
#include "voxels/render/mesh_render.h"
#include "voxels/voxelize/voxelize.h"

namespace voxgrad {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t min_voxels = 8;

void write_text(const fs::path& file, const std::string& text) {
  write_file_atomically(file, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

// What one mesh becomes, before anything is written.
struct BuiltObject {
  VoxelGrid grid;
  std::vector<Camera> cameras;
  std::vector<Image> pictures;
  std::vector<std::string> notes;
};

// Objects to be measured with are shown as they are.
Widening widening_of(const MeshSource& source, const BuildOptions& options) {
  return source.split == "train" ? options.widening : Widening{};
}

BuiltObject make_object(const MeshSource& source, const BuildOptions& options) {
  BuiltObject object;
  Mesh mesh = source.load();
  object.notes = mesh.notes;
  object.grid = voxelize(mesh, options.resolution);
  check(object.grid.count() >= min_voxels, "only ", object.grid.count(), " voxels");
  const std::uint64_t key = hash_of_name(source.category + "/" + source.id);
  const Widening widening = widening_of(source, options);
  Rng looks(options.seed, {key, build_streams::appearance});
  const RenderStyle style = draw_appearance(mesh, widening, looks);
  const MeshRenderer renderer(mesh);
  Rng rng(options.seed, {key});
  object.cameras = draw_cameras(renderer, rng, options.views,
                                {.elevation = widening.elevation, .distance = widening.distance});
  for (const Camera& camera : object.cameras)
    object.pictures.push_back(renderer.render(camera, options.image_size, style));
  return object;
}

fs::path volume_of(const MeshSource& source, const BuildOptions& options) {
  return options.out / volume_folder(options) / source.category / source.id / "model.binvox";
}

void write_object(const BuiltObject& object, const MeshSource& source,
                  const BuildOptions& options) {
  const fs::path views =
      options.out / "ShapeNetRendering" / source.category / source.id / "rendering";
  const fs::path voxels = volume_of(source, options).parent_path();
  fs::create_directories(views);
  fs::create_directories(voxels);
  for (const auto& old : fs::directory_iterator(views)) {
    if (old.path().extension() == ".png") fs::remove(old.path());
  }
  std::string names, metadata;
  for (std::size_t i = 0; i < object.pictures.size(); ++i) {
    const std::string name = fmt::format("{:02}.png", i);
    write_png(object.pictures[i], views / name);
    names += name + "\n";
    const Camera& camera = object.cameras[i];
    metadata += fmt::format("{:.6f} {:.6f} 0 {:.6f} {:g}\n", camera.azimuth, camera.elevation,
                            camera.distance, camera.field_of_view);
  }
  write_text(views / "rendering_metadata.txt", metadata);
  write_text(views / "renderings.txt", names);
  write_binvox(object.grid, voxels / "model.binvox");
}

void describe(const VoxelGrid& grid, Outcome& outcome) {
  outcome.shape = std::make_unique<RotatedShape>(grid);
  outcome.occupancy = double(grid.count()) / double(grid.values.size());
}

}  // namespace

ObjectBuilder::ObjectBuilder(const std::vector<MeshSource>& sources, const BuildOptions& options,
                             const BuildProgress& progress, BuildJournal& journal,
                             const std::string& suffix, int before)
    : sources_(sources),
      options_(options),
      progress_(progress),
      journal_(journal),
      outcomes_(sources.size()),
      suffix_(suffix),
      before_(before) {}

bool ObjectBuilder::run() {
  const int threads = options_.threads > 0 ? options_.threads : omp_get_max_threads();
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (!failed_ && !is_stopped()) build(i);
  }
  if (failure_) std::rethrow_exception(failure_);
  return done_ == int(sources_.size());
}

void ObjectBuilder::build(std::size_t i) {
  const MeshSource& source = sources_[i];
  Outcome& outcome = outcomes_[i];
  std::optional<BuiltObject> object;
  if (!keep(source, outcome)) {
    try {
      object = make_object(source, options_);
    } catch (const std::exception& error) {
      outcome.reason = error.what();
    }
  }
  try {
    if (object) {
      write_object(*object, source, options_);
      outcome.notes = std::move(object->notes);
      describe(object->grid, outcome);
    }
    report(source, object.has_value());
  } catch (...) {
#pragma omp critical(builder_failure)
    if (!failed_) {
      failure_ = std::current_exception();
      failed_ = true;
    }
  }
}

bool ObjectBuilder::keep(const MeshSource& source, Outcome& outcome) const {
  if (!journal_.is_done({source.category, source.id + suffix_})) return false;
  try {
    describe(read_binvox(volume_of(source, options_)), outcome);
    outcome.kept = true;
    return true;
  } catch (const Error&) {
    return false;
  }
}

void ObjectBuilder::report(const MeshSource& source, bool is_new) {
  std::exception_ptr thrown;
#pragma omp critical(builder_progress)
  try {
    if (is_new) journal_.add({source.category, source.id + suffix_});
    ++done_;
    if (progress_) progress_(before_ + done_, before_ + int(sources_.size()), source.name);
  } catch (...) {
    thrown = std::current_exception();
  }
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace voxgrad
