#include "pix2vox/benchmark/data.h"

#include "tensor/rng.h"

namespace voxgrad {
namespace {

Tensor random_tensor(const Shape& shape, const auto& draw) {
  Rng rng(0);
  Tensor result(shape);
  float* const values = result.data<float>();
  for (std::int64_t i = 0; i < shape.numel(); ++i) values[i] = draw(rng);
  return result;
}

bool wants_gradient(Pix2Vox& model, const LayerSummary& layer) {
  for (const auto& [name, parameter] : model.parameters())
    if (name == layer.name + ".weight") return parameter.requires_grad();
  return false;
}

SampleWork work_of(const LayerSummary& layer, std::int64_t views, bool weight_gradient,
                   bool input_gradient) {
  const bool refiner = layer.name.starts_with("refiner.");
  const bool idle_merger = layer.name.starts_with("merger.") && views == 1;
  const double once = 2 * double(layer.multiply_adds) * (refiner ? 1 : double(views));
  return {idle_merger ? 0 : once, once,
          idle_merger ? 0 : once * (int(weight_gradient) + int(input_gradient))};
}

}  // namespace

Tensor benchmark_pictures(const ModelConfig& model, std::int64_t batch, std::int64_t views,
                          Device device) {
  const std::int64_t size = model.image_size;
  return random_tensor({views * batch, size, size, 3},
                       [](Rng& rng) { return float(rng.uniform(-1, 1)); })
      .to(device);
}

Tensor benchmark_truth(const ModelConfig& model, std::int64_t batch, Device device) {
  const std::int64_t n = model.n_vox;
  return random_tensor({batch, n, n, n}, [](Rng& rng) { return rng.uniform() < 0.1 ? 1.0f : 0.0f; })
      .to(device);
}

std::vector<SampleWork> layer_works(Pix2Vox& model, const std::vector<LayerSummary>& layers,
                                    std::int64_t views) {
  std::vector<SampleWork> works;
  bool before = false;  // is there something to train before this layer?
  for (const LayerSummary& layer : layers) {
    const bool trained = wants_gradient(model, layer);
    works.push_back(work_of(layer, views, trained, before));
    before = before || trained;
  }
  return works;
}

SampleWork sample_work(Pix2Vox& model, std::int64_t views) {
  SampleWork sum;
  for (const SampleWork& work : layer_works(model, summarize(model).layers, views)) {
    sum.inference += work.inference;
    sum.forward += work.forward;
    sum.backward += work.backward;
  }
  return sum;
}

}  // namespace voxgrad
