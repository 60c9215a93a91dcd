// pix2vox predict
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>

#include "apps/verbs.h"
#include "pix2vox/prediction/input_check.h"
#include "pix2vox/prediction/predictor.h"
#include "voxels/grid/binvox.h"
#include "voxels/grid/npy.h"
#include "voxels/grid/surface.h"
#include "voxels/image/contact_sheet.h"
#include "voxels/mesh/mesh_writer.h"
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
  bool each = false;
  std::string precision = "f32";
  DeviceFlags device;
};

const std::vector<std::string> kFormats{"npy", "binvox", "obj", "ply", "stl", "glb", "png"};

// What the network saw on the left, the voxels on the right.
Image result_picture(const Predictor::Result& result, double threshold) {
  std::vector<Image> pictures = result.seen;
  pictures.push_back(draw_voxels(result.probabilities, {.threshold = threshold}));
  return contact_sheet(pictures);
}

void write_result(const Predictor::Result& result, const std::string& format, double threshold,
                  const fs::path& file) {
  if (format == "npy")
    write_npy(result.probabilities, file);
  else if (format == "binvox")
    write_binvox(result.probabilities, file, threshold);
  else if (format == "png")
    write_png(result_picture(result, threshold), file);
  else
    write_mesh(block_surface(result.probabilities, threshold), file);
}

void warn(const std::string& text) {
  std::cerr << "warning: " << text << '\n';
}

void predict_object(Predictor& predictor, const PredictFlags& flags,
                    const std::vector<std::string>& files) {
  std::vector<Image> views;
  for (const std::string& file : files) {
    views.push_back(read_image(file));
    for (const std::string& problem :
         inspect_picture(views.back(), predictor.config().data.transform.crop))
      warn(concat(file, ": ", problem));
  }
  const double threshold = flags.threshold.value_or(predictor.threshold());
  const Predictor::Result result = predictor.predict(views);
  const std::string problem = inspect_volume(result.probabilities, threshold);
  if (!problem.empty()) warn(problem);

  const std::string stem = fs::path(files.front()).stem().string();
  for (const std::string& format : flags.formats) {
    const bool mesh_format = format != "npy" && format != "binvox" && format != "png";
    if (mesh_format && result.probabilities.count(threshold) == 0) {
      warn(fmt::format("no .{} written: there is no surface to write", format));
      continue;
    }
    const fs::path file = fs::path(flags.out) / concat(stem, ".", format);
    write_result(result, format, threshold, file);
    std::cout << file.string() << '\n';
  }
}

// Two pictures with the same name in different folders would overwrite each other's results.
void check_distinct_stems(const std::vector<std::string>& images) {
  std::map<std::string, std::string> seen;
  for (const std::string& image : images) {
    const auto [place, is_new] = seen.emplace(fs::path(image).stem().string(), image);
    check<ConfigError>(
        is_new, image, " and ", place->second,
        " would be written to the same files: rename one of them, or predict them one by one");
  }
}

// A result must not take the place of a picture that it was made from.
void check_inputs_stay(const PredictFlags& flags) {
  const std::size_t objects = flags.each ? flags.images.size() : 1;
  for (const std::string& format : flags.formats)
    for (std::size_t i = 0; i < objects; ++i) {
      const std::string name = fs::path(flags.images[i]).stem().string() + "." + format;
      const fs::path file = fs::path(flags.out) / name;
      for (const std::string& image : flags.images) {
        std::error_code error;
        check<ConfigError>(!fs::equivalent(file, image, error), file.string(),
                           " is a picture to be read: choose another folder with --out");
      }
    }
}

int predict(const PredictFlags& flags) {
  const Device device = flags.device.apply();
  for (const std::string& format : flags.formats)
    check<ConfigError>(std::ranges::find(kFormats, format) != kFormats.end(), "unknown format '",
                       format, "': use npy, binvox, obj, ply, stl, glb, png");
  if (flags.each) check_distinct_stems(flags.images);
  check_inputs_stay(flags);
  std::error_code error;
  fs::create_directories(flags.out, error);
  check(!error, flags.out, ": cannot make the folder: ", error.message());
  Predictor predictor(flags.weights, device, precision_from(flags.precision));
  if (flags.each) {
    for (const std::string& image : flags.images) predict_object(predictor, flags, {image});
  } else {
    predict_object(predictor, flags, flags.images);
  }
  return kOk;
}

}  // namespace

void add_predict(Verb& app, Action& action) {
  auto flags = std::make_shared<PredictFlags>();
  Verb* verb = app.add_subcommand(
      "predict", "Pictures of one object in, its voxels out; prints the files written");
  verb->add_option("images", flags->images, "Pictures (PNG or JPEG), the views of one object")
      ->required()
      ->type_name("FILE");
  verb->add_option("--weights", flags->weights, "Checkpoint")->required()->type_name("FILE");
  verb->add_option("--out", flags->out, "Folder for the results")
      ->type_name("DIR")
      ->capture_default_str();
  verb->add_option("--threshold", flags->threshold,
                   "Probability from which a voxel counts as occupied [the checkpoint's]")
      ->range(0.0, 1.0)
      ->type_name("T");
  verb->add_option("--format", flags->formats,
                   "npy (float32 probabilities [x][y][z]), binvox, obj, ply, stl, glb, png")
      ->type_name("npy|binvox|obj|ply|stl|glb|png")
      ->delimiter(',')
      ->repeatable()
      ->capture_default_str();
  verb->add_flag("--each", flags->each, "Every picture is an object of its own");
  verb->add_option("--precision", flags->precision, "f32, bf16, or tf32 on CUDA")
      ->type_name("f32|bf16|tf32")
      ->capture_default_str();
  flags->device.add(*verb);
  verb->footer(
      "Examples:\n"
      "  pix2vox predict chair.png --weights best.h5 --out out\n"
      "  pix2vox predict front.png side.png --weights best.h5 --out out      two views of one "
      "object\n"
      "  pix2vox predict --each a.png b.png --weights best.h5 --format stl   two objects\n"
      "Best are pictures like those of the training: one object in the middle, on a transparent or "
      "plain\n"
      "background. Several pictures of one object go by the first one's name.");
  verb->callback([flags, &action] { action = [flags] { return predict(*flags); }; });
}

}  // namespace voxgrad::apps
