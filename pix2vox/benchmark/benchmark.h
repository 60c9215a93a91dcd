// Measures Pix2Vox: how long inference, a training step and every layer take, and how much memory.
// Pictures and truth are random; so are the weights, which do not matter for the time.
//
// Every figure is taken after a warm-up, several times. Times are of one thread of control that has
// the device to itself; nothing is subtracted.
#pragma once

#include <optional>
#include <vector>

#include "pix2vox/config/config.h"
#include "pix2vox/network/summary.h"
#include "tensor/ops/memory_ops.h"
#include "tensor/precision.h"

namespace voxgrad {

/// The same work, measured several times.
struct Timing {
  std::vector<double> seconds{};  // ascending
  double median() const;
  double least() const { return seconds.front(); }
};

struct BenchmarkOptions {
  Device device;
  Precision precision = Precision::f32;
  int warm_up = 2;
  int repeats = 5;
};

/// What a pass computes. operations counts a multiply-add as two, as usually counted: no credit is
/// taken off for padding.
struct Work {
  std::int64_t batch = 1, views = 1;
  double operations = 0;
};

struct MemoryFigures {
  std::size_t peak = 0;                  // of tensors, weights included, after the warm-up
  std::size_t reserved = 0;              // taken from the system, cached blocks included
  std::uint64_t system_allocations = 0;  // after the warm-up; 0 is right
};

struct InferenceFigures {
  Work work;
  Timing timing;  // of pictures that are on the device
  MemoryFigures memory;
  std::optional<Timing> from_host{};  // not on the CPU: of pictures that travel there first
};
/// Pictures in, volumes out, by the folded network that predicts; the pictures are preprocessed
/// already.
InferenceFigures measure_inference(const Config& config, std::int64_t batch, std::int64_t views,
                                   const BenchmarkOptions& options);

struct TrainingFigures {
  Work work;  // forward, and two passes backward where both gradients are wanted
  Timing timing;
  MemoryFigures memory;
  double data_wait_share = 0;
  std::optional<Timing> resident{};  // not on the CPU: the same steps, each on one batch there
};
/// Steps of a Trainer on a data set in memory, whose pictures need no decoding, resizing or
/// augmentation. Its loader threads run beside the steps, as they do in training. batch >= 2.
TrainingFigures measure_training(const Config& config, std::int64_t batch, std::int64_t views,
                                 const BenchmarkOptions& options);

/// One layer in all three passes, and the rest: name "decoder" is what happens in the
/// decoder outside its layers, "" what happens outside of all, "optimizer" the update.
struct LayerFigures {
  LayerSummary layer;  // a sample's; kind is empty for the rest
  LayerAlgorithms algorithms{};
  double inference = 0, forward = 0, backward = 0;  // medians, in seconds, for the whole batch
  double inference_operations = 0, forward_operations = 0, backward_operations = 0;
};
/// By the names that modules have in the network (autograd/profile.h).
std::vector<LayerFigures> measure_layers(const Config& config, std::int64_t batch,
                                         std::int64_t views, const BenchmarkOptions& options);

struct LoaderFigures {
  std::int64_t threads = 0;
  double cold = 0;    // pictures per second, read from files
  double cached = 0;  // the same from decoded pictures in memory
};
/// Training batches of the data set that config.data names, transformed and augmented; each kind
/// for about `seconds`, and once more to fill the memory.
LoaderFigures measure_loader(const Config& config, double seconds);

}  // namespace voxgrad
