#include "pix2vox/benchmark/benchmark.h"

#include <algorithm>
#include <chrono>
#include <memory>

#include "datasets/loading/loader.h"
#include "io/scratch_folder.h"
#include "layers/init.h"
#include "optim/optimizer.h"
#include "pix2vox/benchmark/data.h"
#include "pix2vox/data/open_dataset.h"
#include "pix2vox/network/captured_forward.h"
#include "pix2vox/training/step_report.h"
#include "pix2vox/training/trainer.h"
#include "tensor/ops/backend.h"

namespace voxgrad {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Of the tensors of one benchmark: what others left in the cache is given back first.
class MemoryWatch {
 public:
  explicit MemoryWatch(Device device) : device_(device) { ops().trim(device.index); }
  void warmed_up() {
    ops().reset_peak(device_.index);
    allocations_ = ops().statistics(device_.index).system_allocations;
  }
  MemoryFigures figures() const {
    const MemoryStatistics now = ops().statistics(device_.index);
    return {now.peak_in_use, now.reserved, now.system_allocations - allocations_};
  }

 private:
  const MemoryOps& ops() const { return backend(device_).memory; }

  Device device_;
  std::uint64_t allocations_ = 0;
};

Timing sorted(std::vector<double> seconds) {
  std::ranges::sort(seconds);
  return {std::move(seconds)};
}

/// Runs that each wait for the device; warmed_up() is called before those that count.
Timing timed_runs(const BenchmarkOptions& options, const auto& run, const auto& warmed_up) {
  std::vector<double> seconds;
  for (int i = 0; i < options.warm_up + options.repeats; ++i) {
    if (i == options.warm_up) warmed_up();
    const auto start = Clock::now();
    run();
    backend(options.device).memory.synchronize(options.device.index);
    if (i >= options.warm_up) seconds.push_back(seconds_since(start));
  }
  return sorted(std::move(seconds));
}

/// Training steps as the Trainer's (recorded where the device can), each on the same batch, which
/// is on the device in the type that the network takes.
Timing resident_steps(const Config& config, std::int64_t batch, std::int64_t views,
                      const BenchmarkOptions& options) {
  Pix2Vox model(config.model);
  initialize(model, 0);
  model.to(options.device);
  model.set_precision(options.precision);
  std::vector<ParameterEntry> trained;
  for (const auto& [name, parameter] : model.parameters())
    if (parameter.requires_grad()) trained.push_back({name, parameter, 0});
  const auto optimizer = make_adam(std::move(trained), {1e-3});
  const Tensor pictures = benchmark_pictures(config.model, batch, views, options.device)
                              .to(options.precision == Precision::bf16 ? DType::bf16 : DType::f32);
  const Tensor truth = benchmark_truth(config.model, batch, options.device);
  const StepReport report(options.device);
  GraphedWork work(options.device);
  const auto compute_gradients = [&] {
    optimizer->zero_grad();
    report.clear();
    const Losses losses = Pix2Vox::losses(model.forward(pictures, views), truth);
    losses.total.backward();
    std::vector<Tensor> results{losses.total.value()};
    for (const auto& [name, parameter] : model.parameters())
      if (parameter.grad().defined()) results.push_back(parameter.grad());
    backend(options.device).reduce.flag_non_finite(results, report.non_finite());
  };
  return timed_runs(
      options,
      [&] {
        work({pictures, truth}, views, compute_gradients);
        optimizer->step(report.non_finite());
      },
      [] {});
}

// Boxes before a plain background, as large as the network expects them.
class BoxDataset : public Dataset {
 public:
  BoxDataset(const ModelConfig& model, std::int64_t objects, std::int64_t views)
      : objects_(objects), views_(int(views)), size_(int(model.image_size)), n_(int(model.n_vox)) {}

  std::int64_t size() const override { return objects_; }
  const ObjectInfo& info(std::int64_t) const override { return info_; }
  int view_count(std::int64_t) const override { return views_; }
  std::string view_name(std::int64_t, int) const override { return "benchmark"; }
  std::string volume_name(std::int64_t) const override { return "benchmark"; }
  Image view(std::int64_t object, int view) const override {
    Image image(size_, size_, 3);
    std::ranges::fill(image.pixels, std::uint8_t(230));
    for (int y = size_ / 4; y < std::min(size_, size_ / 2 + int(object % 16)); ++y)
      std::fill_n(image.at(size_ / 4, y), 3 * (size_ / 2), std::uint8_t(40 + view));
    return image;
  }
  VoxelGrid volume(std::int64_t object) const override {
    VoxelGrid grid(n_);
    for (int x = n_ / 4; x < n_ / 2; ++x)
      for (int y = 0; y <= int(object) % n_; ++y)
        for (int z = n_ / 4; z < n_ / 2; ++z) grid.at(x, y, z) = 1;
    return grid;
  }

 private:
  std::int64_t objects_;
  int views_, size_, n_;
  ObjectInfo info_{"0", "box", "box"};
};

struct Enough {};  // thrown to leave a training whose result is not needed

}  // namespace

double Timing::median() const {
  const std::size_t middle = seconds.size() / 2;
  return seconds.size() % 2 ? seconds[middle] : (seconds[middle - 1] + seconds[middle]) / 2;
}

InferenceFigures measure_inference(const Config& config, std::int64_t batch, std::int64_t views,
                                   const BenchmarkOptions& options) {
  MemoryWatch memory(options.device);
  const NoGrad no_grad;
  Pix2Vox model(config.model);
  initialize(model, 0);
  const SampleWork work = sample_work(model, views);
  model.fold_for_inference();
  model.to(options.device);
  model.set_precision(options.precision);
  const Tensor pictures = benchmark_pictures(config.model, batch, views, options.device);
  const auto time = [&](const Tensor& from) {
    CapturedForward forward(model);
    return timed_runs(
        options, [&] { forward(from, views); }, [&] { memory.warmed_up(); });
  };
  InferenceFigures figures{{batch, views, double(batch) * work.inference}, time(pictures), {}};
  figures.memory = memory.figures();
  if (options.device.is_cuda()) figures.from_host = time(pictures.to(Device::cpu()));
  return figures;
}

TrainingFigures measure_training(const Config& config, std::int64_t batch, std::int64_t views,
                                 const BenchmarkOptions& options) {
  Config training = config;
  training.train.batch_size = batch;
  training.train.n_views = views;
  training.train.random_n_views = false;
  training.train.epochs = 1;
  training.train.precision = name_of(options.precision);
  TransformOptions& transform = training.data.transform;
  transform.crop = 0;
  transform.brightness = transform.contrast = transform.saturation = transform.noise_std = 0;

  MemoryWatch memory(options.device);
  const std::int64_t steps = options.warm_up + options.repeats;
  const BoxDataset data(training.model, batch * (steps + 1), views);
  const ScratchFolder folder;
  std::vector<double> seconds;
  double data_wait_share = 0;
  Clock::time_point last;
  TrainingHooks hooks;
  hooks.step = [&](const TrainingProgress& progress) {
    if (progress.batch == options.warm_up) memory.warmed_up();
    if (progress.batch > options.warm_up) seconds.push_back(seconds_since(last));
    last = Clock::now();
    data_wait_share = progress.data_wait_share;
    if (progress.batch == steps) throw Enough();
  };
  TrainingOptions where;
  where.out = folder.path() / "run";
  where.device = options.device;
  Trainer trainer(training, data, nullptr, where, hooks);
  try {
    trainer.run();
  } catch (const Enough&) {
    // As wanted: nothing is saved.
  }
  const SampleWork work = sample_work(trainer.model(), views);
  TrainingFigures figures{{batch, views, double(batch) * (work.forward + work.backward)},
                          sorted(std::move(seconds)),
                          memory.figures(),
                          data_wait_share};
  if (options.device.is_cuda()) figures.resident = resident_steps(config, batch, views, options);
  return figures;
}

LoaderFigures measure_loader(const Config& config, double seconds) {
  const std::unique_ptr<Dataset> data = open_dataset(config.data, "train");
  LoaderOptions options = training_loader(config);
  const auto pictures_per_second = [&](Loader& loader, std::int64_t epoch) {
    loader.start_epoch(epoch);
    const auto start = Clock::now();
    std::int64_t pictures = 0;
    for (Batch batch; seconds_since(start) < seconds && loader.next(batch);)
      pictures += batch.size * batch.n_views;
    return double(pictures) / seconds_since(start);
  };
  options.batch_size = std::min(options.batch_size, data->size());
  LoaderFigures figures;
  figures.threads = options.threads;
  {
    const std::size_t cache_bytes = options.cache_bytes;
    options.cache_bytes = 0;
    Loader loader(*data, options);
    figures.cold = pictures_per_second(loader, 0);
    options.cache_bytes = cache_bytes;
  }
  Loader loader(*data, options);
  // The same epoch again: the same objects and views, as far as the first round came.
  pictures_per_second(loader, 0);
  figures.cached = pictures_per_second(loader, 0);
  return figures;
}

}  // namespace voxgrad
