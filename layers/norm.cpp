#include "layers/norm.h"

#include "layers/bias.h"

namespace voxgrad {

Variable batch_norm(const Variable& x, const Variable& gamma, const Variable& beta,
                    const Tensor& running_mean, const Tensor& running_var, std::int64_t groups,
                    bool training, double momentum, double eps, Activation activation,
                    bool may_overwrite) {
  const char* op = "batch_norm";
  const std::int64_t channels = x.shape()[-1];
  for (const Variable* parameter : {&gamma, &beta}) {
    check_shape(op, "weight or bias", parameter->value(), {channels});
    check_parameter(op, x, *parameter);
  }
  const NormOps& ops = backend(x.device()).norm;
  Tensor mean, variance;
  if (training) {
    check(groups >= 1 && x.shape()[0] % groups == 0, "[batch_norm] ", groups,
          " groups do not divide the batch of ", x.shape());
    const std::int64_t rows = x.shape().rows() / groups;
    check(rows > 1, "[batch_norm] training needs more than one value a channel: input ", x.shape(),
          ", ", groups, " groups");
    mean = Tensor({groups, channels}, parameter_dtype(x.dtype()), x.device());
    variance = Tensor::like(mean);
    ops.statistics(x.value(), mean, variance);
    if (running_mean.defined()) {
      check_shape(op, "running_mean", running_mean, {channels});
      check_shape(op, "running_var", running_var, {channels});
      ops.update_running(mean, variance, rows, momentum, running_mean, running_var);
    }
  } else {
    check_shape(op, "running_mean", running_mean, {channels});
    check_shape(op, "running_var", running_var, {channels});
    mean = running_mean.reshape({1, channels});
    variance = running_var.reshape({1, channels});
    // A later training step overwrites the buffers in place, but this history needs them as they
    // are.
    if (needs_history({&x, &gamma, &beta})) {
      mean = mean.clone();
      variance = variance.clone();
    }
  }

  const bool in_place = may_overwrite && !needs_history({&x, &gamma, &beta});
  const Tensor y = in_place ? x.value() : Tensor::like(x.value());
  ops.normalize(x.value(), mean, variance, {gamma.value(), beta.value(), eps, activation}, y);
  return make_result(y, op, {x, gamma, beta}, [=](const Tensor& dy) {
    const NormOps& kernels = backend(dy.device()).norm;
    Tensor dx, dgamma, dbeta;
    if (x.requires_grad()) dx = Tensor::like(x.value());
    if (gamma.requires_grad() || beta.requires_grad()) {
      dgamma = Tensor::like(gamma.value());
      dbeta = Tensor::like(beta.value());
    }
    (training ? kernels.backward : kernels.backward_constant)(
        x.value(), dy, mean, variance, {gamma.value(), beta.value(), eps, activation}, dx, dgamma,
        dbeta);
    return std::vector{dx, dgamma, dbeta};
  });
}

BatchNorm::BatchNorm(const BatchNormOptions& options)
    : running_mean(Tensor::zeros({options.channels})),
      running_var(Tensor::full({options.channels}, 1)),
      num_batches_tracked(Tensor::zeros({1}, DType::i64)),
      options_(options) {
  weight = register_parameter("weight", Tensor::full({options.channels}, 1));
  bias = register_parameter("bias", Tensor::zeros({options.channels}));
  register_buffer("running_mean", &running_mean);
  register_buffer("running_var", &running_var);
  register_buffer("num_batches_tracked", &num_batches_tracked);
}

Variable BatchNorm::forward(const Variable& x) {
  if (training()) {
    const Tensor groups =
        Tensor::full({1}, double(groups_), DType::i64, num_batches_tracked.device());
    backend(num_batches_tracked.device()).elementwise.accumulate(groups, num_batches_tracked);
  }
  return batch_norm(x, weight, bias, running_mean, running_var, groups_, training(),
                    options_.momentum, options_.eps, options_.activation, options_.may_overwrite);
}

void set_batch_norm_groups(Module& module, std::int64_t groups) {
  module.visit([groups](const std::string&, Module& each) {
    if (auto* norm = dynamic_cast<BatchNorm*>(&each)) norm->set_groups(groups);
  });
}

}  // namespace voxgrad
