#include "pix2vox/benchmark/memory_plan.h"

#include <algorithm>

#include "pix2vox/benchmark/benchmark.h"
#include "pix2vox/benchmark/resident.h"
#include "pix2vox/network/model.h"

namespace voxgrad {
namespace {

std::uint64_t bytes_of(const std::vector<NamedTensor>& tensors) {
  std::uint64_t bytes = 0;
  for (const auto& [name, tensor] : tensors) bytes += tensor.bytes();
  return bytes;
}

void plan_model(const Config& config, MemoryPlan& plan) {
  Pix2Vox model(config.model);
  model.freeze(config.train.freeze);
  plan.weights = bytes_of(model.state());
  for (const auto& [name, variable] : model.parameters())
    if (variable.requires_grad()) plan.gradients += variable.value().bytes();
  const int moments = config.train.optimizer == "sgd" ? (config.train.momentum > 0 ? 1 : 0) : 2;
  plan.optimizer_state = std::uint64_t(moments) * plan.gradients;
}

void plan_disk(const Config& config, MemoryPlan& plan) {
  const auto epochs = std::uint64_t(config.train.epochs);
  const std::uint64_t resumable = plan.weights + plan.optimizer_state;
  const auto every = std::uint64_t(config.train.save_every);
  // best, last and the one before, and while the next one is written, that too.
  plan.checkpoints = plan.weights + 3 * resumable + (every > 0 ? epochs / every * plan.weights : 0);
  constexpr std::uint64_t objects = 4, sheet = 200'000;
  const auto n = std::uint64_t(config.model.n_vox);
  plan.samples = epochs * (objects * n * n * n + sheet);
  plan.checkpoint = resumable;
}

}  // namespace

std::uint64_t MemoryPlan::step_of(std::int64_t batch) const {
  const std::int64_t change = (batch - batch_size) / accumulate;
  return std::uint64_t(std::int64_t(step) + change * std::int64_t(per_object));
}

std::int64_t MemoryPlan::parts_that_fit(std::uint64_t bytes) const {
  for (std::int64_t parts = accumulate; batch_size / parts >= 1; ++parts) {
    if (batch_size % parts != 0) continue;
    const auto saved = std::uint64_t(batch_size / accumulate - batch_size / parts) * per_object;
    if (machine - saved <= bytes) return parts;
  }
  return 0;
}

MemoryPlan plan_memory(const Config& config, Device device) {
  MemoryPlan plan;
  plan.batch_size = config.train.batch_size;
  plan.accumulate = std::max<std::int64_t>(1, config.train.accumulate);
  plan.n_views = config.train.n_views;
  plan.program = resident_bytes();
  plan_model(config, plan);
  plan_disk(config, plan);
  const BenchmarkOptions options{.device = device,
                                 .precision = precision_from(config.train.precision),
                                 .warm_up = 1,
                                 .repeats = 1};
  const std::int64_t small = 2 * plan.accumulate, large = 4 * plan.accumulate;
  const std::uint64_t first = measure_training(config, small, plan.n_views, options).memory.peak;
  const std::uint64_t second = measure_training(config, large, plan.n_views, options).memory.peak;
  plan.per_object = second > first ? (second - first) / 2 : 0;
  plan.step =
      first + std::uint64_t(std::max<std::int64_t>(0, plan.batch_size - small) / plan.accumulate) *
                  plan.per_object;
  plan.picture_cache = std::uint64_t(config.data.cache_mb) << 20;
  plan.machine =
      plan.program + plan.picture_cache + plan.checkpoint + (device.is_cuda() ? 0 : plan.step);
  return plan;
}

}  // namespace voxgrad
