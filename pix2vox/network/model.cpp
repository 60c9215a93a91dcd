#include "pix2vox/network/model.h"

#include "autograd/functions.h"
#include "layers/init.h"
#include "layers/loss.h"
#include "layers/views.h"
#include "pix2vox/network/trunk.h"

namespace voxgrad {
namespace {

Variable average_over_views(const Variable& coarse) {
  const Tensor& value = coarse.value();
  const double weight = 1.0 / double(value.shape()[0]);
  const Variable weights(Tensor::full(value.shape(), weight, value.dtype(), value.device()));
  return clamp(weighted_sum_over_views(weights, coarse), 0, 1);
}

}  // namespace

Pix2Vox::Pix2Vox(const ModelConfig& config) : config_(config) {
  config.check();
  const NoInitialization no_initialization;
  encoder_ = register_module("encoder", std::make_shared<Encoder>(config));
  decoder_ = register_module("decoder", std::make_shared<Decoder>(config));
  if (config.use_merger) merger_ = register_module("merger", std::make_shared<Merger>(config));
  if (config.use_refiner) refiner_ = register_module("refiner", std::make_shared<Refiner>(config));
  freeze({});
}

void Pix2Vox::set_precision(Precision precision) {
  check_precision(precision, parameters().front().variable.device());
  precision_ = precision;
  voxgrad::set_precision(*this, precision);
}

Prediction Pix2Vox::forward(const Tensor& images, std::int64_t n_views) {
  const Shape& shape = images.shape();
  const std::int64_t size = config_.image_size, n = config_.n_vox;
  check(n_views >= 1 && shape.rank() == 4 && shape[0] > 0 && shape[0] % n_views == 0 &&
            shape[1] == size && shape[2] == size && shape[3] == 3,
        "[pix2vox] images expects [", n_views, "*B,", size, ',', size, ",3], got ", shape);
  const std::int64_t batch = shape[0] / n_views;
  const ForwardContext context{.n_views = n_views};
  const DType maps = precision_ == Precision::bf16 ? DType::bf16 : images.dtype();
  const Variable features = (*encoder_)(Variable(images.to(maps)), context);
  const Decoder::Result decoded = [&] {
    const NameScope scope(decoder_->name());
    return decoder_->forward(features, context);
  }();
  Prediction prediction;
  prediction.coarse = reshape(decoded.coarse, {n_views, batch, n, n, n});
  {
    const NameScope scope("merger");
    prediction.merged = merge(decoded, prediction.coarse, context);
  }
  if (refiner_) {
    const NameScope scope(refiner_->name());
    prediction.refined = refiner_->forward(prediction.merged, maps);
  }
  return prediction;
}

Variable Pix2Vox::merge(const Decoder::Result& decoded, const Variable& coarse,
                        const ForwardContext& context) {
  if (!merger_) return average_over_views(coarse);
  if (context.n_views > 1) return merger_->merge(decoded.raw_features(), coarse, context);
  if (merger_->training() && config_.track_merger) {
    const NoGrad no_history;
    merger_->forward(decoded.raw_features(), context);  // its batch norms follow the data
  }
  return merger_->merge_one_view(coarse);
}

// Of probabilities, not of logits fused with the sigmoid: both volumes are means of sigmoids, over
// the views and over the refiner's input and output, and have no logits.
Losses Pix2Vox::losses(const Prediction& prediction, const Tensor& truth) {
  check(truth.shape() == prediction.merged.shape(), "[pix2vox] the truth ", truth.shape(),
        " must have the prediction's shape ", prediction.merged.shape(),
        " (set model.n_vox to the resolution of the data)");
  NameScope scope("loss");
  Losses losses;
  losses.merged = affine(binary_cross_entropy(prediction.merged, truth), 10);
  losses.total = losses.merged;
  if (prediction.refined.defined()) {
    losses.refined = affine(binary_cross_entropy(prediction.refined, truth), 10);
    losses.total = add(losses.merged, losses.refined);
  }
  return losses;
}

std::vector<std::string> Pix2Vox::part_names() const {
  std::vector<std::string> names{"encoder", "decoder"};
  if (merger_) names.push_back("merger");
  if (refiner_) names.push_back("refiner");
  return names;
}

Module& Pix2Vox::part(const std::string& name) {
  if (name == "encoder") return *encoder_;
  if (name == "decoder") return *decoder_;
  if (name == "merger" && merger_) return *merger_;
  if (name == "refiner" && refiner_) return *refiner_;
  std::string names;
  for (const std::string& each : part_names()) names += (names.empty() ? "" : ", ") + each;
  fail<ConfigError>("[pix2vox] this model has no part \"", name, "\": its parts are ", names);
}

void Pix2Vox::freeze(const std::vector<std::string>& parts) {
  set_requires_grad(true);
  encoder_->trunk().set_requires_grad(!config_.freeze_vgg);
  for (const std::string& name : parts) part(name).set_requires_grad(false);
}

void Pix2Vox::load_trunk(const std::vector<NamedTensor>& tensors) {
  encoder_->trunk().load_state(trunk_tensors(config_, tensors));
}

}  // namespace voxgrad
