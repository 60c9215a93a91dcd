// What `pix2vox bench` found, as a table and as JSON.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pix2vox/benchmark/benchmark.h"
#include "pix2vox/benchmark/peak_flops.h"

namespace voxgrad::apps {

/// From the start of a process to the first file that it writes.
struct StartFigures {
  Timing timing;
  std::string weights;  // the file, or "random"
};

/// Of one configuration; what was not asked for is empty.
struct ModelReport {
  std::string name;  // "Pix2Vox-A"
  std::vector<InferenceFigures> inference;
  std::vector<TrainingFigures> training;
  std::int64_t layers_batch = 0, layers_views = 0;
  std::vector<LayerFigures> layers;
  std::optional<StartFigures> start;
};

struct BenchReport {
  std::string device, processor, precision;
  int threads = 0, warm_up = 0, repeats = 0;
  Peak peak;
  std::vector<ModelReport> models;
  std::optional<LoaderFigures> loader;
};

std::string to_text(const BenchReport& report);
/// Times in milliseconds, memory in bytes, rates in GFLOP/s (a multiply-add counts as two).
std::string to_json(const BenchReport& report);

}  // namespace voxgrad::apps
