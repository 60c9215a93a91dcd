#include "pix2vox/report/tensorboard/run_events.h"

#include <algorithm>

#include "pix2vox/training/sample_volumes.h"
#include "tensor/error.h"
#include "voxels/surface/block_surface.h"

namespace voxgrad::tensorboard {
namespace {

std::string as_markdown(const Config& config) {
  std::string text = "| key | value |\n|---|---|\n";
  for (const ConfigKey& key : config_keys(config)) {
    std::string value = key.value;
    std::ranges::replace(value, '\n', ' ');
    std::ranges::replace(value, '|', '/');
    text += "| " + key.name + " | " + value + " |\n";
  }
  return text;
}

VoxelGrid grid_of(const Tensor& volumes, std::int64_t b) {
  VoxelGrid grid(int(volumes.shape()[1]));
  const std::uint8_t* const bytes =
      volumes.data<std::uint8_t>() + b * std::int64_t(grid.values.size());
  for (std::size_t i = 0; i < grid.values.size(); ++i) grid.values[i] = float(bytes[i]) / 255;
  return grid;
}

}  // namespace

RunEvents::RunEvents(const RunFolder& run, const Config& config)
    : run_(run), file_(run.root / "tensorboard") {
  file_.text("configuration", 0, as_markdown(config));
}

void RunEvents::epoch(const EpochReport& report) {
  const std::int64_t step = report.epoch;
  file_.scalar("loss/training_merged", step, report.loss_merged);
  if (report.refined) file_.scalar("loss/training_refined", step, report.loss_refined);
  const IouTable::Row overall = report.validation.overall();
  if (overall.objects > 0) {
    file_.scalar("loss/validation_merged", step, report.validation_loss_merged);
    if (report.refined)
      file_.scalar("loss/validation_refined", step, report.validation_loss_refined);
    const std::vector<double>& thresholds = report.validation.thresholds();
    for (std::size_t i = 0; i < thresholds.size(); ++i)
      file_.scalar(concat("iou/at_", thresholds[i]), step, overall.mean[i]);
    file_.scalar("iou/mean", step, report.validation.mean_over_thresholds());
    for (const IouTable::Row& category : report.validation.categories())
      file_.scalar("iou_by_category/" + category.name, step,
                   *std::ranges::max_element(category.mean));
  }
  for (const auto& [part, rate] : report.learning_rates)
    file_.scalar("learning_rate/" + part, step, rate);
  file_.scalar("speed/samples_per_second", step, report.samples_per_second);
  file_.scalar("speed/data_wait_share", step, report.data_wait_share);
  const std::int64_t every = std::max<std::int64_t>(1, report.epochs / 20);
  if (step == 1 || step == report.epochs || step % every == 0) samples(step, report.threshold);
}

void RunEvents::samples(std::int64_t epoch, double threshold) {
  const std::filesystem::path folder = run_.samples(),
                              sheet = folder / concat("epoch_", epoch, ".png");
  if (exists(sheet)) file_.picture("samples", epoch, read_image(sheet));
  if (!std::ranges::binary_search(epochs_with_samples(folder), epoch)) return;
  const SampleObjects objects = read_sample_objects(folder);
  const Tensor volumes = read_sample_volumes(folder, epoch, objects);
  for (std::int64_t b = 0; b < volumes.shape()[0]; ++b)
    file_.mesh(concat("objects/", b + 1, "_", objects.objects[std::size_t(b)].taxonomy_name), epoch,
               block_surface(grid_of(volumes, b), threshold));
}

}  // namespace voxgrad::tensorboard
