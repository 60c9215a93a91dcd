#include "layers/norm.h"

#include "tensor/ops/backend.h"

namespace voxgrad {

Variable batch_norm(const Variable& x, const Variable& gamma, const Variable& beta,
                    const Tensor& running_mean, const Tensor& running_var,
                    const BatchNormCall& call) {
  const char* op = "batch_norm";
  const std::int64_t channels = x.shape()[-1];
  for (const Variable* parameter : {&gamma, &beta}) {
    check_shape(op, "weight or bias", parameter->value(), {channels});
    check_parameter(op, x.value(), parameter->value());
  }
  if (running_mean.defined() || !call.training) {
    check_shape(op, "running_mean", running_mean, {channels});
    check_shape(op, "running_var", running_var, {channels});
  }
  const NormOps& ops = backend(x.device()).norm;
  const bool history = needs_history({&x, &gamma, &beta});
  Tensor mean, variance;
  if (call.training) {
    const std::int64_t groups = call.groups;
    check(groups >= 1 && x.shape()[0] % groups == 0, "[batch_norm] ", groups,
          " groups do not divide the batch of ", x.shape());
    const std::int64_t rows = x.shape().rows() / groups;
    check(rows > 1, "[batch_norm] training needs more than one value per channel: input ",
          x.shape(), ", ", groups, " groups");
    mean = Tensor({groups, channels}, parameter_dtype(x.dtype()), x.device());
    variance = Tensor::like(mean);
    ops.statistics(x.value(), mean, variance);
    if (call.omitted_bias.defined()) check_shape(op, "omitted_bias", call.omitted_bias, {channels});
    if (running_mean.defined())
      ops.update_running(mean, variance, call.omitted_bias, rows, call.momentum, running_mean,
                         running_var);
  } else {
    // A history needs them as they are: a later training step overwrites the buffers.
    mean = (history ? running_mean.clone() : running_mean).reshape({1, channels});
    variance = (history ? running_var.clone() : running_var).reshape({1, channels});
  }

  const BatchNormParameters parameters{gamma.value(), beta.value(), call.eps, call.activation};
  const bool constant = !call.training, pooled = call.pool != Triple{1, 1, 1};
  PoolGeometry g;
  Tensor y, argmax;
  if (pooled) {
    g = PoolGeometry::make(op, x.shape(), call.pool, call.pool);
    y = Tensor(g.output_shape(), x.dtype(), x.device());
    if (history) argmax = Tensor(y.shape(), DType::u8, x.device());
    backend(x.device()).norm_pool.normalize(g, x.value(), mean, variance, parameters, y, argmax);
  } else {
    y = call.may_overwrite && !history ? x.value() : Tensor::like(x.value());
    ops.normalize(x.value(), mean, variance, parameters, y);
  }
  return make_result(y, op, {x, gamma, beta}, [=](const Tensor& dy) {
    const Backend& kernels = backend(dy.device());
    const bool learns = gamma.requires_grad() || beta.requires_grad();
    const Tensor dx = x.requires_grad() ? Tensor::like(x.value()) : Tensor();
    const Tensor dgamma = learns ? Tensor::like(gamma.value()) : Tensor();
    const Tensor dbeta = learns ? Tensor::like(beta.value()) : Tensor();
    if (pooled)
      kernels.norm_pool.backward(g, constant, x.value(), dy, argmax, mean, variance, parameters, dx,
                                 dgamma, dbeta);
    else
      kernels.norm.backward(constant, x.value(), dy, mean, variance, parameters, dx, dgamma, dbeta);
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

BatchNormCall BatchNorm::make_call(const ForwardContext& context) {
  if (training()) {
    const Device device = num_batches_tracked.device();
    const Tensor groups = Tensor::full({1}, double(context.n_views), DType::i64, device);
    backend(device).elementwise.accumulate(groups, num_batches_tracked);
  }
  return {.groups = context.n_views,
          .training = training(),
          .momentum = options_.momentum,
          .eps = options_.eps,
          .activation = options_.activation,
          .pool = each_axis(options_.pool)};
}

Variable BatchNorm::forward(const Variable& x, const ForwardContext& context) {
  return batch_norm(x, weight, bias, running_mean, running_var, make_call(context));
}

}  // namespace voxgrad
