// pix2vox predict
#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/command_line/json_flag.h"
#include "apps/command_line/shipped_models.h"
#include "apps/meshes/mesh_output.h"
#include "apps/photos/photo_flags.h"
#include "apps/photos/photo_report.h"
#include "apps/photos/picture_files.h"
#include "apps/terminal/progress.h"
#include "apps/terminal/signals.h"
#include "apps/verbs/output_folder.h"
#include "apps/verbs/result_names.h"
#include "apps/verbs/verbs.h"
#include "datasets/shapenet/volume_of_view.h"
#include "io/plural.h"
#include "pix2vox/prediction/photo.h"
#include "pix2vox/prediction/predictor.h"
#include "pix2vox/prediction/volume_check.h"
#include "pix2vox/weights/weights.h"
#include "voxels/grid/binvox.h"
#include "voxels/grid/npy.h"
#include "voxels/image/contact_sheet.h"
#include "voxels/render/voxel_render.h"

namespace voxgrad::apps {
namespace {

namespace fs = std::filesystem;

struct PredictFlags {
  std::vector<std::string> images;
  std::string weights;
  std::string out = "prediction";
  std::vector<std::string> formats{"npy", "binvox", "obj", "png"};
  std::optional<double> threshold;  // absent: the checkpoint's
  std::string category;             // whose threshold is taken
  std::optional<int> min_alpha;     // absent: the predictor's
  bool each = false, squeeze = false;
  std::string frame;  // a volume whose place in space the results take
  std::string precision = "f32";
  PhotoFlags photo;
  SurfaceFlags surface;
  JsonFlag json;
  DeviceFlags device;
};

const std::vector<std::string> kFormats{"npy", "binvox", "obj", "ply", "stl", "glb", "png", "apng"};

// What the network saw on the left, the voxels on the right.
Image result_picture(const Predictor::Result& result, double threshold) {
  std::vector<Image> pictures = result.inputs;
  pictures.push_back(draw_voxels(result.probabilities, {.threshold = threshold}));
  return contact_sheet(pictures);
}

void write_result(const Predictor::Result& result, const std::string& format, double threshold,
                  const fs::path& file) {
  if (format == "npy")
    write_npy(result.probabilities, file);
  else if (format == "binvox")
    write_binvox(result.probabilities, file, threshold);
  else
    write_png(result_picture(result, threshold), file);
}

/// The pictures of one object and the name of its results.
struct Job {
  std::vector<std::string> pictures;
  std::string name;
  std::size_t first = 0;  // of its pictures, among all of the command line
};

std::vector<Job> jobs_of(const PredictFlags& flags) {
  if (!flags.each) return {{flags.images, fs::path(flags.images.front()).stem().string()}};
  const std::vector<std::string> names = result_names(flags.images);
  std::vector<Job> jobs;
  for (std::size_t i = 0; i < names.size(); ++i) jobs.push_back({{flags.images[i]}, names[i], i});
  return jobs;
}

/// Of --save-input, for the picture of an object that is counted from 0.
std::string input_sheet_name(const Job& job, std::size_t picture) {
  const std::string number = job.pictures.size() > 1 ? concat("-", picture + 1) : "";
  return concat(job.name, ".input", number, ".png");
}

std::vector<std::string> file_names_of(const PredictFlags& flags, const Job& job) {
  std::vector<std::string> names;
  for (const std::string& format : flags.formats) names.push_back(concat(job.name, ".", format));
  if (flags.photo.save_input)
    for (std::size_t i = 0; i < job.pictures.size(); ++i) names.push_back(input_sheet_name(job, i));
  return names;
}

// A result must not take the place of a picture or mask that it was made from.
void check_inputs_stay(const PredictFlags& flags, const std::vector<Job>& jobs) {
  for (const Job& job : jobs)
    for (const std::string& name : file_names_of(flags, job)) {
      const fs::path file = fs::path(flags.out) / name;
      std::error_code error;
      if (!fs::exists(file, error)) continue;  // spares comparing each of n results with n pictures
      for (const auto& [inputs, kind] :
           {std::pair{&flags.images, "picture"}, {&flags.photo.masks, "mask"}})
        for (const std::string& input : *inputs)
          check<ConfigError>(!fs::equivalent(file, input, error), file.string(), " is a ", kind,
                             " to be read: choose another folder with --out");
    }
}

/// The pictures of an object as they were read, and how each is to be prepared.
struct Views {
  std::vector<Image> pictures;
  std::vector<PhotoOptions> options;
  std::vector<std::string> warnings;
};

/// Error names the first that cannot be read.
Views read_views(const Job& job, const PhotoFlags& flags) {
  Views views;
  for (const std::string& file : job.pictures) {
    std::vector<std::string> damage;
    views.pictures.push_back(read_image(file, &damage));
    views.options.push_back(flags.options(job.first + views.options.size()));
    for (const std::string& text : damage) views.warnings.push_back(concat(file, ": ", text));
  }
  return views;
}

class NothingWritten : public Error {
  using Error::Error;
};

/// Objects one after the other to files, with what is to be said about each.
class Prediction {
 public:
  Prediction(Predictor& predictor, const PredictFlags& flags, OutputFolder& out)
      : predictor_(predictor),
        flags_(flags),
        out_(out),
        threshold_(flags.threshold          ? *flags.threshold
                   : flags.category.empty() ? predictor.threshold()
                                            : predictor.threshold_of(flags.category)) {
    const std::string of = flags.category.empty() ? "" : " for " + flags.category;
    std::cerr << fmt::format("threshold {:.4g}: {}\n", threshold_,
                             flags.threshold ? "as asked for" : concat("these weights' own", of));
  }

  /// The object's part of the JSON document. NothingWritten if no file could be made of it.
  nlohmann::ordered_json operator()(const Job& job, const Views& views) {
    warnings_.clear();
    for (const std::string& text : views.warnings) warn(text);
    const std::vector<PreparedPhoto> photos = prepare(job, views);
    std::vector<Image> pictures;
    for (const PreparedPhoto& photo : photos) pictures.push_back(photo.picture);
    Predictor::Result result = predictor_.predict(pictures);
    take_frame(job, result.probabilities);
    const std::string problem = inspect_volume(result.probabilities, threshold_);
    if (!problem.empty()) warn(problem);
    stop_if_asked();
    nlohmann::ordered_json meshes = nlohmann::ordered_json::array();
    std::vector<std::string> files = write(job, result, meshes);
    check<NothingWritten>(!files.empty(), job.pictures.front(), ": nothing was written");
    if (flags_.photo.save_input) save_inputs(job, views, photos, result, files);
    nlohmann::ordered_json seen = nlohmann::ordered_json::array();
    for (std::size_t v = 0; v < photos.size(); ++v)
      seen.push_back(json_of(job.pictures[v], photos[v]));
    return {{"pictures", job.pictures},
            {"files", files},
            {"views", seen},
            {"threshold", threshold_},
            {"occupied", result.probabilities.count(threshold_)},
            {"voxels", result.probabilities.values.size()},
            {"meshes", meshes},
            {"warnings", warnings_}};
  }

  /// A mesh that was written is not fit to print.
  bool bad_meshes() const { return bad_meshes_; }

 private:
  void warn(const std::string& text) {
    std::cerr << "warning: " << text << '\n';
    warnings_.push_back(text);
  }

  std::vector<PreparedPhoto> prepare(const Job& job, const Views& views) {
    std::vector<PreparedPhoto> photos;
    for (std::size_t v = 0; v < views.pictures.size(); ++v) {
      photos.push_back(prepare_photo(views.pictures[v], predictor_.framing(), views.options[v]));
      for (const Finding& finding : photos.back().findings)
        warn(concat(job.pictures[v], ": ", finding.text));
      if (flags_.photo.explain) std::cerr << explanation(job.pictures[v], photos.back());
    }
    return photos;
  }

  void save_inputs(const Job& job, const Views& views, const std::vector<PreparedPhoto>& photos,
                   const Predictor::Result& result, std::vector<std::string>& files) {
    for (std::size_t v = 0; v < photos.size(); ++v) {
      const fs::path file = out_.path() / input_sheet_name(job, v);
      write_png(photo_sheet(views.pictures[v], photos[v], result.inputs[v]), file);
      say_written(file, files);
    }
  }

  void say_written(const fs::path& file, std::vector<std::string>& files) {
    files.push_back(file.string());
    if (flags_.json.prints_text()) std::cout << file.string() << std::endl;
  }

  /// So that the results overlay the truth, if there is one.
  void take_frame(const Job& job, VoxelGrid& grid) {
    std::optional<fs::path> truth;
    if (!flags_.frame.empty())
      truth = flags_.frame;
    else
      truth = volume_of_view(job.pictures.front());
    if (!truth) return;
    try {
      const VoxelGrid frame = read_binvox(*truth);
      grid.translate = frame.translate;
      grid.scale = frame.scale;
    } catch (const Error& error) {
      if (!flags_.frame.empty()) throw;
      warn(concat("the results do not take its place in space: ", error.what()));
    }
  }

  std::vector<std::string> write(const Job& job, const Predictor::Result& result,
                                 nlohmann::ordered_json& meshes) {
    std::vector<std::string> files;
    std::optional<MeshOutput> mesh;
    for (const std::string& format : flags_.formats) {
      const bool draws = format == "apng";
      if ((is_mesh_format(format) || draws) && !mesh)
        mesh.emplace(result.probabilities, flags_.surface, threshold_);
      if (is_mesh_format(format) && mesh->empty()) {
        warn(fmt::format("no .{} written: there is no surface to write", format));
        continue;
      }
      out_.make();
      const fs::path file = out_.path() / concat(job.name, ".", format);
      if (is_mesh_format(format))
        mesh->write(format, file);
      else if (draws)
        mesh->write_picture(format, file);
      else
        write_result(result, format, threshold_, file);
      say_written(file, files);
    }
    if (mesh && !mesh->json().empty()) {
      std::cerr << fmt::format("{}: {}\n", mesh->json().back()["file"].get<std::string>(),
                               mesh->summary());
      for (const std::string& note : mesh->notes()) warn(note);
      for (const std::string& problem : mesh->problems()) warn(problem);
      bad_meshes_ = bad_meshes_ || !mesh->problems().empty();
      meshes = mesh->json();
    }
    return files;
  }

  Predictor& predictor_;
  const PredictFlags& flags_;
  OutputFolder& out_;
  const double threshold_;
  std::vector<std::string> warnings_;  // of the object at hand
  bool bad_meshes_ = false;
};

/// One object per picture: a bad one does not stop the others.
int predict_each(Prediction& prediction, const std::vector<Job>& jobs, const PhotoFlags& flags,
                 nlohmann::ordered_json& objects) {
  std::vector<std::string> failed;
  ProgressLine line;
  const auto fails = [&](const Job& job, const Error& error) {
    std::cerr << "pix2vox: " << error.what() << '\n';
    failed.push_back(job.pictures.front());
    objects.push_back({{"pictures", job.pictures}, {"error", error.what()}});
  };
  try {
    for (const Job& job : jobs) {
      stop_if_asked();
      if (jobs.size() > 1)
        line.count("pictures", std::int64_t(objects.size()), std::int64_t(jobs.size()));
      std::optional<Views> views;
      try {
        views = read_views(job, flags);
      } catch (const Error& error) {
        fails(job, error);
        continue;
      }
      try {
        objects.push_back(prediction(job, *views));
      } catch (const NothingWritten& error) {
        fails(job, error);
      }
    }
  } catch (const Interrupted&) {
    std::cerr << fmt::format("stopped: {} of {} done, their files are kept\n",
                             objects.size() - failed.size(), counted(jobs.size(), "picture"));
    return signal_exit_code();
  }
  line.finish();
  if (failed.empty()) {
    if (jobs.size() > 1) std::cerr << counted(jobs.size(), "picture") << " predicted\n";
    return kOk;
  }
  std::cerr << fmt::format("{} of {} predicted, {} not: {}\n", jobs.size() - failed.size(),
                           counted(jobs.size(), "picture"), failed.size(), fmt::join(failed, ", "));
  return kFailed;
}

Predictor load_predictor(const PredictFlags& flags, Device device) {
  const LoadedWeights loaded = load_weights(flags.weights);
  for (const std::string& note : loaded.notes)
    std::cerr << "note: " << flags.weights << ": " << note << '\n';
  return Predictor(loaded.checkpoint, device,
                   {.precision = precision_from(flags.precision),
                    .min_alpha = flags.min_alpha,
                    .squeeze = flags.squeeze});
}

std::vector<std::string> images_of(const PredictFlags& flags) {
  if (!flags.each)
    for (const std::string& image : flags.images) {
      std::error_code error;
      check<ConfigError>(!fs::is_directory(image, error), image,
                         " is a folder: with --each, every picture in it is predicted");
    }
  return picture_files(flags.images);
}

int predict(PredictFlags flags) {
  watch_signals("stopping: this object is finished, or nothing of it written\n");
  flags.formats = checked_formats(flags.formats, kFormats);
  flags.surface.check_values(flags.formats);
  flags.json.check_writable();
  flags.images = images_of(flags);
  flags.photo.check_values(flags.images.size());
  const std::vector<Job> jobs = jobs_of(flags);
  check_inputs_stay(flags, jobs);
  flags.weights = weights_or_shipped(flags.weights).string();
  const Device device = flags.device.apply();
  std::optional<Views> views;  // before the weights, which take longer to read
  if (!flags.each) views = read_views(jobs.front(), flags.photo);
  OutputFolder out(flags.out);
  Predictor predictor = load_predictor(flags, device);
  Prediction prediction(predictor, flags, out);
  nlohmann::ordered_json objects = nlohmann::ordered_json::array();
  int code = kOk;
  if (views)
    objects.push_back(prediction(jobs.front(), *views));
  else
    code = predict_each(prediction, jobs, flags.photo, objects);
  flags.json.write(
      nlohmann::ordered_json{{"weights", flags.weights}, {"objects", objects}}.dump(2));
  return code == kOk && flags.surface.strict && prediction.bad_meshes() ? int(kFailed) : code;
}

}  // namespace

void add_predict(Verb& app, Action& action) {
  auto flags = std::make_shared<PredictFlags>();
  Verb* verb = app.add_subcommand(
      "predict", "Predict the voxels of an object from pictures; prints the files written");
  verb->add_option(
          "images", flags->images,
          "Pictures (PNG, JPEG, WebP, HEIC, AVIF, BMP, GIF, TGA, PPM), the views of one object; "
          "with --each also folders of pictures")
      ->required()
      ->type_name("FILE");
  verb->add_option("--weights", flags->weights,
                   "Checkpoint [the weights that come with the program]")
      ->type_name("FILE");
  verb->add_option("--out", flags->out, "Folder for the results")
      ->type_name("DIR")
      ->capture_default_str();
  verb->add_option("--threshold", flags->threshold,
                   "Probability from which a voxel counts as occupied [the checkpoint's]")
      ->range(0.0, 1.0)
      ->type_name("T");
  verb->add_option("--category", flags->category,
                   "Take the threshold that was best for this category, such as chair")
      ->type_name("NAME");
  verb->add_option(
          "--format", flags->formats,
          "npy (float32 probabilities [x][y][z]), binvox, obj, ply, stl, glb, png, apng (turning)")
      ->type_name("npy|binvox|obj|ply|stl|glb|png|apng")
      ->delimiter(',')
      ->repeatable()
      ->capture_default_str();
  verb->add_flag("--each", flags->each,
                 "Every picture, also of folders, is an object of its own; a bad one does not stop "
                 "the others");
  verb->add_option("--min-alpha", flags->min_alpha,
                   "Pixels of less alpha are background; 0: as published, alpha 0 alone and its "
                   "colour shows at the edge [the checkpoint's data.min_alpha, or 16]")
      ->range(0, 255)
      ->type_name("N");
  verb->add_flag("--squeeze", flags->squeeze,
                 "Do not pad pictures over twice as wide as high, or the reverse, to a square");
  verb->add_option("--frame", flags->frame,
                   "Volume (.binvox) whose position and size the results take [that of the object, "
                   "for pictures in a data set]")
      ->type_name("FILE");
  verb->add_option("--precision", flags->precision, "f32, bf16, or tf32 on CUDA")
      ->type_name("f32|bf16|tf32")
      ->capture_default_str();
  flags->photo.add(*verb);
  flags->surface.add(*verb);
  flags->json.add(*verb);
  flags->device.add(*verb);
  verb->footer(
      "Examples:\n"
      "  pix2vox predict chair.png\n"
      "  pix2vox predict chair.png --weights best.h5 --out out\n"
      "  pix2vox predict front.png side.png --weights best.h5   (one object)\n"
      "  pix2vox predict --each a.png b.png --weights best.h5   (two objects)\n"
      "  pix2vox predict --each photos --save-input             (all of a folder)\n"
      "  pix2vox predict room.jpg --box 420,310,600,800 --explain\n"
      "The object is found by its alpha, before a plain background, or else by GrabCut,\n"
      "and is centred and scaled where it has to be. One whole object, seen from\n"
      "slightly above before a plain light wall, works best. The results of several\n"
      "views are named after the first one; with --each, pictures of one name are told\n"
      "apart by their folders.");
  verb->callback([flags, &action] { action = [flags] { return predict(*flags); }; });
}

}  // namespace voxgrad::apps
