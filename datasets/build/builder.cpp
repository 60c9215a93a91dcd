#include "datasets/build/builder.h"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <optional>

#include "datasets/build/mesh_sources.h"
#include "datasets/build/split_groups.h"
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

// The network sees the central 128 of 137 pixels; the object keeps a pixel off its border.
constexpr double share_of_picture = 126.0 / 137.0;
constexpr double field_of_view = 25;
constexpr double lowest_elevation = 25, highest_elevation = 30;
// Views from up to this much farther than the nearest that shows the whole object.
constexpr double farthest = 1.2;
constexpr std::int64_t min_voxels = 8;

// FNV-1a, so that an object's views depend on its name and not on its place in the list.
std::uint64_t hash_of(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ std::uint8_t(c)) * 0x100000001b3u;
  return hash;
}

void check_options(const BuildOptions& options) {
  const auto within = [](const char* name, int value, int low, int high) {
    check<ConfigError>(value >= low && value <= high, "[build] ", name, " ", value, " is not in ",
                       low, "..", high);
  };
  within("resolution", options.resolution, 2, 256);
  within("views", options.views, 1, 1000);
  within("image size", options.image_size, 16, 2048);
  within("threads", options.threads, 0, 1024);
}

std::string volume_folder(const BuildOptions& options) {
  return fmt::format("ShapeNetVox{}", options.resolution);
}

// Refuses to mix a data set with other files, and marks it as unfinished.
void prepare_folder(const fs::path& out, const std::string& volumes) {
  if (fs::exists(out)) {
    check(fs::is_directory(out), "[build] ", out.string(), " is not a folder");
    check(fs::is_empty(out) || fs::exists(out / "ShapeNetRendering"), "[build] ", out.string(),
          " holds other files; choose a new or empty folder");
    // A build leaves credits; without them this is a data set from elsewhere.
    check(!fs::exists(out / "dataset.json") || fs::exists(out / "credits.tsv"), "[build] ",
          out.string(),
          " holds a data set that was not built by this program; choose a new or empty folder");
  }
  if (fs::exists(out)) {
    for (const auto& entry : fs::directory_iterator(out)) {
      const std::string name = entry.path().filename().string();
      check<ConfigError>(!name.starts_with("ShapeNetVox") || name == volumes, "[build] ",
                         out.string(), " already holds ", name,
                         ", volumes of another resolution; choose a new or empty folder");
    }
  }
  fs::create_directories(out / "ShapeNetRendering");
  fs::remove(out / "dataset.json");
}

void write_text(const fs::path& file, const std::string& text) {
  write_file_atomically(file, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

// What one mesh becomes, before anything is written.
struct BuiltObject {
  VoxelGrid grid;
  std::vector<Camera> cameras;
  std::vector<Image> pictures;
};

BuiltObject make_object(const MeshSource& source, const BuildOptions& options) {
  BuiltObject object;
  const Mesh mesh = source.load();
  object.grid = voxelize(mesh, options.resolution);
  check(object.grid.count() >= min_voxels, "only ", object.grid.count(), " voxels");
  const MeshRenderer renderer(mesh);
  Rng rng(options.seed, {hash_of(source.category + "/" + source.id)});
  for (int view = 0; view < options.views; ++view) {
    Camera camera;
    camera.azimuth = rng.uniform(0, 360);
    camera.elevation = rng.uniform(lowest_elevation, highest_elevation);
    camera.field_of_view = field_of_view;
    camera.distance =
        renderer.fitting_distance(camera, share_of_picture) * rng.uniform(1, farthest);
    object.pictures.push_back(renderer.render(camera, options.image_size));
    object.cameras.push_back(camera);
  }
  return object;
}

void write_object(const BuiltObject& object, const MeshSource& source,
                  const BuildOptions& options) {
  const fs::path views =
      options.out / "ShapeNetRendering" / source.category / source.id / "rendering";
  const fs::path voxels = options.out / volume_folder(options) / source.category / source.id;
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

// Builds all objects on several threads. A mesh that cannot be used leaves its place empty and a
// reason; a file that cannot be written ends the build.
class Builder {
 public:
  Builder(const std::vector<MeshSource>& sources, const BuildOptions& options,
          const BuildProgress& progress)
      : sources_(sources),
        options_(options),
        progress_(progress),
        shapes_(sources.size()),
        reasons_(sources.size()) {}

  void run() {
    const int threads = options_.threads > 0 ? options_.threads : omp_get_max_threads();
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      if (!failed_) build(i);
    }
    if (failure_) std::rethrow_exception(failure_);
  }

  const std::vector<std::unique_ptr<RotatedShape>>& shapes() const {
    return shapes_;
  }
  const std::vector<std::string>& reasons() const {
    return reasons_;
  }

 private:
  void build(std::size_t i) {
    std::optional<BuiltObject> object;
    try {
      object = make_object(sources_[i], options_);
    } catch (const std::exception& error) {
      reasons_[i] = error.what();
    }
    try {
      if (object) {
        write_object(*object, sources_[i], options_);
        shapes_[i] = std::make_unique<RotatedShape>(object->grid);
      }
      report(sources_[i].name);
    } catch (...) {
#pragma omp critical(builder_failure)
      if (!failed_) {
        failure_ = std::current_exception();
        failed_ = true;
      }
    }
  }

  void report(const std::string& name) {
    if (!progress_) return;
    std::exception_ptr thrown;
#pragma omp critical(builder_progress)
    try {
      progress_(++done_, int(sources_.size()), name);
    } catch (...) {
      thrown = std::current_exception();
    }
    if (thrown) std::rethrow_exception(thrown);
  }

  const std::vector<MeshSource>& sources_;
  const BuildOptions& options_;
  const BuildProgress& progress_;
  std::vector<std::unique_ptr<RotatedShape>> shapes_;
  std::vector<std::string> reasons_;
  std::atomic<bool> failed_ = false;
  std::exception_ptr failure_;
  int done_ = 0;
};

// A split for each of a category's objects: the one it came with, else one of its group's.
std::vector<std::string> splits_of(const std::vector<const MeshSource*>& sources,
                                   const std::vector<const RotatedShape*>& shapes,
                                   std::uint64_t seed) {
  std::vector<std::string> splits(sources.size());
  std::vector<std::size_t> open;
  std::vector<RotatedShape> open_shapes;
  std::vector<std::string> open_groups;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    splits[i] = sources[i]->split;
    if (!splits[i].empty()) continue;
    open.push_back(i);
    open_shapes.push_back(*shapes[i]);
    open_groups.push_back(sources[i]->group);
  }
  if (open.empty()) return splits;
  const auto groups = near_duplicate_groups(open_shapes, open_groups);
  const auto dealt = assign_splits(groups, seed, hash_of(sources[0]->category));
  for (std::size_t i = 0; i < open.size(); ++i) splits[open[i]] = dealt[i];
  return splits;
}

std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  return text;
}

void write_skipped(const BuildReport& report, const fs::path& file) {
  std::string text = "mesh\treason\n";
  for (const auto* list : {&report.skipped, &report.left_out}) {
    for (const auto& [name, reason] : *list) {
      text += one_line(name) + "\t" + one_line(reason) + "\n";
    }
  }
  write_text(file, text);
}

}  // namespace

BuildReport build_dataset(const BuildOptions& options, const BuildProgress& progress) {
  check_options(options);
  const MeshSources sources = list_mesh_sources(options.meshes);
  prepare_folder(options.out, volume_folder(options));
  Builder builder(sources.objects, options, progress);
  builder.run();

  BuildReport report;
  for (const std::string& name : sources.left_out) {
    report.left_out.push_back({name, "belongs to no class of this data set"});
  }
  std::string credits = "category\tobject\tsplit\ttitle\tauthor\tlicence\tsource\n";
  for (std::size_t begin = 0, end = 0; begin < sources.objects.size(); begin = end) {
    const std::string& category = sources.objects[begin].category;
    std::vector<const MeshSource*> built;
    std::vector<const RotatedShape*> shapes;
    for (; end < sources.objects.size() && sources.objects[end].category == category; ++end) {
      if (builder.shapes()[end]) {
        built.push_back(&sources.objects[end]);
        shapes.push_back(builder.shapes()[end].get());
      } else {
        report.skipped.push_back({sources.objects[end].name, builder.reasons()[end]});
      }
    }
    if (built.empty()) continue;
    const std::vector<std::string> splits = splits_of(built, shapes, options.seed);
    Category entry{category, category, {}, {}, {}};
    for (std::size_t i = 0; i < built.size(); ++i) {
      const MeshSource& s = *built[i];
      (splits[i] == "train" ? entry.train
       : splits[i] == "val" ? entry.val
                            : entry.test)
          .push_back(s.id);
      for (const std::string& cell :
           {s.category, s.id, splits[i], s.title, s.author, s.licence, s.source}) {
        credits += one_line(cell) + "\t";
      }
      credits.back() = '\n';
    }
    report.objects += int(built.size());
    report.taxonomy.push_back(std::move(entry));
  }
  check<DataError>(report.objects > 0, "[build] none of the ", sources.objects.size(),
                   " meshes can be used; the first: ", report.skipped.front().name, ": ",
                   report.skipped.front().reason);
  write_text(options.out / "credits.tsv", credits);
  write_skipped(report, options.out / "skipped.tsv");
  write_taxonomy(report.taxonomy, options.out / "dataset.json");
  return report;
}

}  // namespace voxgrad
