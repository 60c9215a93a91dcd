#include "cpu/onednn.h"

#include <omp.h>

#include <bit>
#include <map>
#include <memory>
#include <mutex>
#include <oneapi/dnnl/dnnl.hpp>
#include <optional>
#include <unordered_map>
#include <vector>

namespace voxgrad::cpu::onednn {
namespace {

using dnnl::memory;
constexpr auto kAlgorithm = dnnl::algorithm::convolution_direct;

const dnnl::engine& engine() {
  static const dnnl::engine instance(dnnl::engine::kind::cpu, 0);
  return instance;
}

/// A convolution's sizes as oneDNN wants them: dimensions in the order N, C, D, H, W, layouts ours.
struct Descriptors {
  memory::desc x, w, y, bias;
  memory::dims stride, padding;
};

Descriptors describe(const ConvGeometry& g) {
  using Tag = memory::format_tag;
  const bool flat = g.spatial_rank == 2;
  const auto extents = [&](std::int64_t first, std::int64_t channels, const Triple& spatial) {
    memory::dims dims{first, channels};
    dims.insert(dims.end(), spatial.begin() + (flat ? 1 : 0), spatial.end());
    return dims;
  };
  const auto described = [](const memory::dims& dims, Tag tag) {
    return memory::desc(dims, memory::data_type::f32, tag);
  };
  const Tag map = flat ? Tag::nhwc : Tag::ndhwc;
  return {
      described(extents(g.batch, g.in_channels, g.input), map),
      described(extents(g.out_channels, g.in_channels, g.kernel), flat ? Tag::ohwi : Tag::odhwi),
      described(extents(g.batch, g.out_channels, g.output), map),
      described({g.out_channels}, Tag::x),
      memory::dims(g.stride.begin() + (flat ? 1 : 0), g.stride.end()),
      memory::dims(g.padding.begin() + (flat ? 1 : 0), g.padding.end())};
}

dnnl::primitive_attr attributes(Activation activation) {
  dnnl::primitive_attr result;
  result.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops after;
  const auto append = [&](dnnl::algorithm algorithm) {
    const float alpha = float(activation.alpha);
#if DNNL_VERSION_MAJOR >= 3
    after.append_eltwise(algorithm, alpha, 0.0f);
#else
    after.append_eltwise(1.0f, algorithm, alpha, 0.0f);
#endif
  };
  switch (activation.kind) {
    case ActivationKind::identity:
      return result;
    case ActivationKind::relu:
    case ActivationKind::leaky_relu:
      append(dnnl::algorithm::eltwise_relu);
      break;
    case ActivationKind::elu:
      append(dnnl::algorithm::eltwise_elu);
      break;
    case ActivationKind::sigmoid:
      append(dnnl::algorithm::eltwise_logistic);
      break;
  }
  result.set_post_ops(after);
  return result;
}

/// The primitive descriptor of one direction; the layout of the weights is the kernel's choice.
template <class Convolution>
typename Convolution::primitive_desc descriptor_of(const Descriptors& d,
                                                   const dnnl::primitive_attr& attr, bool bias) {
  const memory::desc w(d.w.dims(), memory::data_type::f32, memory::format_tag::any);
  const memory::desc b = bias ? d.bias : memory::desc();
  using Forward = dnnl::convolution_forward;
  const auto kind = dnnl::prop_kind::forward_training;
#if DNNL_VERSION_MAJOR >= 3
  if constexpr (std::is_same_v<Convolution, Forward>) {
    return {engine(), kind, kAlgorithm, d.x, w, b, d.y, d.stride, d.padding, d.padding, attr};
  } else {
    const auto hint = descriptor_of<Forward>(d, dnnl::primitive_attr(), false);
    return {engine(), kAlgorithm, d.x, w, d.y, d.stride, d.padding, d.padding, hint, attr};
  }
#else
  if constexpr (std::is_same_v<Convolution, Forward>) {
    return {Forward::desc(kind, kAlgorithm, d.x, w, b, d.y, d.stride, d.padding, d.padding), attr,
            engine()};
  } else {
    const auto hint = descriptor_of<Forward>(d, dnnl::primitive_attr(), false);
    return {typename Convolution::desc(kAlgorithm, d.x, w, d.y, d.stride, d.padding, d.padding),
            attr, engine(), hint};
  }
#endif
}

/// One direction of one convolution, built.
struct Plan {
  dnnl::primitive convolution;
  std::optional<dnnl::reorder> reorder;  // of the weights, where the kernel wants them otherwise
  memory::desc x, w, y, bias, weights, scratch;  // w is ours, weights the kernel's
  std::string name;
};

template <class Convolution, class Descriptor>
Plan finish(const Descriptors& d, const Descriptor& descriptor, const memory::desc& weights,
            bool writes_weights) {
  Plan plan{
      Convolution(descriptor),   {}, d.x, d.w, d.y, d.bias, weights, descriptor.scratchpad_desc(),
      descriptor.impl_info_str()};
  if (weights != d.w) {
    const memory::desc& from = writes_weights ? weights : d.w;
    const memory::desc& to = writes_weights ? d.w : weights;
    plan.reorder = dnnl::reorder(dnnl::reorder::primitive_desc(engine(), from, engine(), to));
  }
  return plan;
}

Plan build(Direction direction, const ConvGeometry& g, Activation activation, bool bias) {
  const Descriptors d = describe(g);
  const dnnl::primitive_attr attr = attributes(activation);
  switch (direction) {
    case Direction::forward: {
      const auto pd = descriptor_of<dnnl::convolution_forward>(d, attr, bias);
      return finish<dnnl::convolution_forward>(d, pd, pd.weights_desc(), false);
    }
    case Direction::backward_data: {
      const auto pd = descriptor_of<dnnl::convolution_backward_data>(d, attr, false);
      return finish<dnnl::convolution_backward_data>(d, pd, pd.weights_desc(), false);
    }
    default: {
      const auto pd = descriptor_of<dnnl::convolution_backward_weights>(d, attr, false);
      return finish<dnnl::convolution_backward_weights>(d, pd, pd.diff_weights_desc(), true);
    }
  }
}

/// The kept plan, built on first use; null where oneDNN has no fast kernel.
std::shared_ptr<const Plan> plan_for(Direction direction, const ConvGeometry& g,
                                     Activation activation, bool bias) {
  static std::mutex mutex;
  static std::map<std::vector<std::int64_t>, std::shared_ptr<const Plan>> plans;
  constexpr std::size_t most_plans = 1024;
  // Kernels divide their work when they are built, so the number of threads is part of the key.
  std::vector<std::int64_t> key{std::int64_t(direction),
                                g.spatial_rank,
                                g.batch,
                                g.in_channels,
                                g.out_channels,
                                std::int64_t(activation.kind),
                                std::int64_t(std::bit_cast<std::uint64_t>(activation.alpha)),
                                bias,
                                omp_get_max_threads()};
  for (const Triple* sizes : {&g.input, &g.output, &g.kernel, &g.stride, &g.padding})
    key.insert(key.end(), sizes->begin(), sizes->end());

  const std::lock_guard lock(mutex);
  if (const auto found = plans.find(key); found != plans.end()) return found->second;
  std::shared_ptr<const Plan> plan;
  try {
    plan = std::make_shared<Plan>(build(direction, g, activation, bias));
    if (plan->name.starts_with("ref")) plan = nullptr;
  } catch (const dnnl::error& error) {
    check(error.status == dnnl_unimplemented || error.status == dnnl_invalid_arguments,
          "[conv] oneDNN cannot prepare ", g, ": ", error.what());
  }
  if (plans.size() >= most_plans) plans.clear();
  plans.emplace(std::move(key), plan);
  return plan;
}

memory wrap(const memory::desc& desc, const Tensor& tensor) {
  return memory(desc, engine(), tensor.raw());
}

Tensor scratch_for(const memory::desc& desc) {
  return Tensor({std::int64_t(desc.get_size())}, DType::u8);
}

void run(const Plan& plan, Direction direction, const Operands& operands) {
  static thread_local dnnl::stream stream(engine());
  const bool writes_weights = direction == Direction::backward_weight;
  const bool writes_x = direction == Direction::backward_data;
  memory w = wrap(plan.w, operands.w);
  const Tensor scratch = scratch_for(plan.scratch);
  const Tensor reordered = plan.reorder ? scratch_for(plan.weights) : operands.w;
  memory weights = wrap(plan.weights, reordered);
  std::unordered_map<int, memory> arguments{
      {writes_x ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, wrap(plan.x, operands.x)},
      {writes_weights ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, weights},
      {direction == Direction::forward ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST,
       wrap(plan.y, operands.y)},
      {DNNL_ARG_SCRATCHPAD, wrap(plan.scratch, scratch)}};
  if (direction == Direction::forward && operands.epilogue.bias.defined())
    arguments.emplace(DNNL_ARG_BIAS, wrap(plan.bias, operands.epilogue.bias));
  if (plan.reorder && !writes_weights) plan.reorder->execute(stream, w, weights);
  plan.convolution.execute(stream, arguments);
  if (plan.reorder && writes_weights) plan.reorder->execute(stream, weights, w);
  stream.wait();
}

}  // namespace

bool convolve(Direction direction, const ConvGeometry& geometry, const Operands& operands) {
  const bool forward = direction == Direction::forward;
  const auto plan =
      plan_for(direction, geometry, forward ? operands.epilogue.activation : Activation::identity(),
               forward && operands.epilogue.bias.defined());
  if (!plan) return false;
  try {
    run(*plan, direction, operands);
  } catch (const dnnl::error& error) {
    fail("[conv] oneDNN failed on ", geometry, ": ", error.what());
  }
  return true;
}

std::string kernel_name(Direction direction, const ConvGeometry& geometry) {
  const auto plan = plan_for(direction, geometry, Activation::identity(), false);
  return plan ? plan->name : "none";
}

void multiply(std::int64_t m, std::int64_t n, std::int64_t k, Matrix a, Matrix b, float* c) {
  const dnnl_status_t status =
      dnnl_sgemm(a.transposed ? 'T' : 'N', b.transposed ? 'T' : 'N', m, n, k, 1.0f, a.data,
                 a.row_stride, b.data, b.row_stride, 0.0f, c, n);
  check(status == dnnl_success, "[matrix] oneDNN cannot multiply [", m, ",", k, "] by [", k, ",", n,
        "]: status ", int(status));
}

}  // namespace voxgrad::cpu::onednn
