#include "cpu/onednn/plan.h"

#include <omp.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>

#include "simd/isa.h"

namespace voxgrad::cpu::onednn {

using dnnl::algorithm;
using dnnl::memory;

namespace {

constexpr bool old_onednn = DNNL_VERSION_MAJOR < 3;

/// oneDNN keeps to VOXGRAD_ISA where that is below what the processor has, or else to its own
/// environment variable. Without either AMX is left out (is_faulty).
void limit_instructions() {
#if defined(__x86_64__)
  const bool named = std::getenv("ONEDNN_MAX_CPU_ISA") || std::getenv("DNNL_MAX_CPU_ISA");
  if (current_isa() != available_isas().back()) {
    const bool avx2 = current_isa() == Isa::avx2;
    dnnl::set_max_cpu_isa(avx2 ? dnnl::cpu_isa::avx2 : dnnl::cpu_isa::sse41);
  } else if (old_onednn && !named) {
    dnnl::set_max_cpu_isa(dnnl::cpu_isa::avx512_core_bf16);
  }
#endif
}

dnnl::engine make_engine() {
  limit_instructions();
  return {dnnl::engine::kind::cpu, 0};
}

}  // namespace

const dnnl::engine& engine() {
  static const dnnl::engine instance = make_engine();
  return instance;
}

OperandLayout::OperandLayout(const memory::desc& our_layout, const memory::desc& kernel_layout,
                             bool written)
    : ours(our_layout), kernels(kernel_layout) {
  if (ours == kernels) return;
  const memory::desc& from = written ? kernels : ours;
  const memory::desc& to = written ? ours : kernels;
  reorder = dnnl::reorder(dnnl::reorder::primitive_desc(engine(), from, engine(), to));
}

namespace {

/// A convolution's sizes as oneDNN expects them: dimensions in the order N, C, D, H, W, layouts
/// ours.
struct Descriptors {
  memory::desc x, w, y, bias;
  memory::dims stride, padding;
};

memory::data_type onednn_type(DType dtype) {
  return dtype == DType::bf16 ? memory::data_type::bf16 : memory::data_type::f32;
}

Descriptors describe(const ConvProblem& problem) {
  using Tag = memory::format_tag;
  const ConvGeometry& g = problem.geometry;
  const auto dtype_if = [&](ConvDirection written) {
    return problem.direction == written ? problem.result : problem.factors;
  };
  const bool flat = g.spatial_rank == 2;
  const auto extents = [&](std::int64_t first, std::int64_t channels, const Triple& spatial) {
    memory::dims dims{first, channels};
    dims.insert(dims.end(), spatial.begin() + (flat ? 1 : 0), spatial.end());
    return dims;
  };
  const auto described = [](const memory::dims& dims, Tag tag, DType dtype = DType::f32) {
    return memory::desc(dims, onednn_type(dtype), tag);
  };
  const Tag map = flat ? Tag::nhwc : Tag::ndhwc;
  return {
      described(extents(g.batch, g.in_channels, g.input), map,
                dtype_if(ConvDirection::backward_data)),
      described(extents(g.out_channels, g.in_channels, g.kernel), flat ? Tag::ohwi : Tag::odhwi,
                dtype_if(ConvDirection::backward_weight)),
      described(extents(g.batch, g.out_channels, g.output), map, dtype_if(ConvDirection::forward)),
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

/// The same sizes, the layout left to the kernel.
memory::desc any_layout(const memory::desc& desc) {
#if DNNL_VERSION_MAJOR >= 3
  return memory::desc(desc.get_dims(), desc.get_data_type(), memory::format_tag::any);
#else
  return memory::desc(desc.dims(), desc.data_type(), memory::format_tag::any);
#endif
}

/// Below AVX-512, oneDNN's kernels are at their best with channels in blocks: on two AVX2 cores
/// VGG's layers run at 138 GFLOP/s that way and at 60 to 108 with channels last, and putting them
/// into blocks and back takes a thirtieth of the time. Few channels would leave blocks half empty.
bool prefers_blocks(const ConvGeometry& g) {
  constexpr std::int64_t block = 8;
  return g.in_channels >= block && g.out_channels >= block && !uses_avx512();
}

/// True where Winograd's algorithm pays: it turns the 144 products of a 4x4 tile under a 3x3 kernel
/// into 36, and takes its operands in blocks of 16 channels, so that they are reordered on the way.
/// On two AVX-512 cores VGG's layers run 1.9 to 2.8 times as fast as by direct convolution.
/// Rounding errors grow, by root mean square to 1e-6 of the result (1e-7 by direct convolution).
bool prefers_winograd(const ConvProblem& problem) {
  const ConvGeometry& g = problem.geometry;
  // Each direction transforms all the weights.
  constexpr std::int64_t block = 16, min_channels = 64, min_pixels = 512;
  const auto fits = [](std::int64_t channels) {
    return channels >= min_channels && channels % block == 0;
  };
  return problem.factors == DType::f32 && problem.result == DType::f32 && g.spatial_rank == 2 &&
         g.kernel == Triple{1, 3, 3} && g.stride == Triple{1, 1, 1} && g.padding[1] <= 1 &&
         g.padding[2] <= 1 && fits(g.in_channels) && fits(g.out_channels) &&
         g.batch * g.output_volume() >= min_pixels && has_winograd();
}

/// The primitive descriptor of one direction; the layout of the weights is the kernel's choice.
template <class Convolution>
typename Convolution::primitive_desc descriptor_of(algorithm method, const Descriptors& d,
                                                   const dnnl::primitive_attr& attr, bool bias) {
  const memory::desc w = any_layout(d.w);
  const memory::desc b = bias ? d.bias : memory::desc();
  using Forward = dnnl::convolution_forward;
  const auto kind = dnnl::prop_kind::forward_training;
#if DNNL_VERSION_MAJOR >= 3
  if constexpr (std::is_same_v<Convolution, Forward>) {
    return {engine(), kind, method, d.x, w, b, d.y, d.stride, d.padding, d.padding, attr};
  } else {
    const auto hint = descriptor_of<Forward>(method, d, dnnl::primitive_attr(), false);
    return {engine(), method, d.x, w, d.y, d.stride, d.padding, d.padding, hint, attr};
  }
#else
  if constexpr (std::is_same_v<Convolution, Forward>) {
    return {Forward::desc(kind, method, d.x, w, b, d.y, d.stride, d.padding, d.padding), attr,
            engine()};
  } else {
    const auto hint = descriptor_of<Forward>(method, d, dnnl::primitive_attr(), false);
    return {typename Convolution::desc(method, d.x, w, d.y, d.stride, d.padding, d.padding), attr,
            engine(), hint};
  }
#endif
}

Plan build(algorithm method, const ConvProblem& problem) {
  const ConvDirection direction = problem.direction;
  const Descriptors ours = describe(problem);
  Descriptors d = ours;
  if (method == algorithm::convolution_winograd || prefers_blocks(problem.geometry)) {
    d.x = any_layout(d.x);
    d.y = any_layout(d.y);
  }
  const dnnl::primitive_attr attr = attributes(problem.activation);
  const auto finish = [&](const auto& pd, const dnnl::primitive& convolution, const memory::desc& x,
                          const memory::desc& w, const memory::desc& y) {
    return Plan{convolution,
                OperandLayout(ours.x, x, direction == ConvDirection::backward_data),
                OperandLayout(ours.w, w, direction == ConvDirection::backward_weight),
                OperandLayout(ours.y, y, direction == ConvDirection::forward),
                d.bias,
                pd.scratchpad_desc(),
                pd.impl_info_str(),
                Activation::identity()};
  };
  switch (direction) {
    case ConvDirection::forward: {
      const auto pd = descriptor_of<dnnl::convolution_forward>(method, d, attr, problem.bias);
      return finish(pd, dnnl::convolution_forward(pd), pd.src_desc(), pd.weights_desc(),
                    pd.dst_desc());
    }
    case ConvDirection::backward_data: {
      const auto pd = descriptor_of<dnnl::convolution_backward_data>(method, d, attr, false);
      return finish(pd, dnnl::convolution_backward_data(pd), pd.diff_src_desc(), pd.weights_desc(),
                    pd.diff_dst_desc());
    }
    default: {
      const auto pd = descriptor_of<dnnl::convolution_backward_weights>(method, d, attr, false);
      return finish(pd, dnnl::convolution_backward_weights(pd), pd.src_desc(),
                    pd.diff_weights_desc(), pd.diff_dst_desc());
    }
  }
}

/// What random geometries found in oneDNN, each with wrong values and writes out of bounds: in 2.6
/// and 3.7, gradients of 3-D weights for some paddings of more than half a kernel along the depth;
/// in 2.6, bf16 convolutions for AMX of many kinds. Those of 3.x for AMX pass test_cpu.
bool is_faulty(const Plan& plan, const ConvProblem& problem) {
  const ConvGeometry& g = problem.geometry;
  const bool deep = problem.direction == ConvDirection::backward_weight && g.spatial_rank == 3 &&
                    2 * g.padding[0] > g.kernel[0];
  return deep || (old_onednn && plan.name.find("amx") != std::string::npos);
}

/// Null if oneDNN has nothing of the kind.
std::optional<Plan> try_to_build(algorithm method, const ConvProblem& problem) {
  try {
    return build(method, problem);
  } catch (const dnnl::error& error) {
    const bool unsupported =
        error.status == dnnl_unimplemented || error.status == dnnl_invalid_arguments;
    check(unsupported, "[conv] oneDNN cannot prepare ", problem, ": ", error.what());
    return std::nullopt;
  }
}

std::optional<Plan> build(const ConvProblem& problem) {
  if (prefers_winograd(problem)) {
    const auto winograd = algorithm::convolution_winograd;
    if (auto plan = try_to_build(winograd, problem)) return plan;
    ConvProblem without_activation = problem;
    without_activation.activation = {};
    if (auto plan = try_to_build(winograd, without_activation)) {
      plan->after = problem.activation;
      return plan;
    }
  }
  return try_to_build(algorithm::convolution_direct, problem);
}

}  // namespace

std::shared_ptr<const Plan> plan_for(const ConvProblem& problem) {
  static std::mutex mutex;
  static std::map<std::vector<std::int64_t>, std::shared_ptr<const Plan>> plans;
  constexpr std::size_t max_plans = 1024;
  const ConvGeometry& g = problem.geometry;
  // Kernels divide their work when they are built, so the number of threads is part of the key.
  std::vector<std::int64_t> key{
      std::int64_t(problem.direction),
      std::int64_t(problem.factors),
      std::int64_t(problem.result),
      g.spatial_rank,
      g.batch,
      g.in_channels,
      g.out_channels,
      std::int64_t(problem.activation.kind),
      std::int64_t(std::bit_cast<std::uint64_t>(problem.activation.alpha)),
      problem.bias,
      omp_get_max_threads()};
  for (const Triple* sizes : {&g.input, &g.output, &g.kernel, &g.stride, &g.padding})
    key.insert(key.end(), sizes->begin(), sizes->end());

  const std::lock_guard lock(mutex);
  if (const auto found = plans.find(key); found != plans.end()) return found->second;
  std::shared_ptr<const Plan> plan;
  if (std::optional<Plan> built = build(problem);
      built && !built->name.starts_with("ref") && !is_faulty(*built, problem))
    plan = std::make_shared<Plan>(std::move(*built));
  if (plans.size() >= max_plans) plans.clear();
  plans.emplace(std::move(key), plan);
  return plan;
}

std::int64_t samples_at_a_time(const ConvProblem& problem) {
  const ConvGeometry& g = problem.geometry;
  if (problem.direction == ConvDirection::backward_weight || !prefers_winograd(problem))
    return g.batch;
  constexpr std::int64_t max_elements = 6'500'000;
  const std::int64_t elements =
      g.input_volume() * g.in_channels + g.output_volume() * g.out_channels;
  const std::int64_t most = std::max<std::int64_t>(1, max_elements / elements);
  const std::int64_t parts = (g.batch + most - 1) / most;
  return (g.batch + parts - 1) / parts;
}

bool uses_avx512() {
  engine();  // which says what may be used; oneDNN hears it before its first use alone
  constexpr int avx512 = int(dnnl::cpu_isa::avx512_core);  // a set of bits
  return (int(dnnl::get_effective_cpu_isa()) & avx512) == avx512;
}

bool has_winograd() {
  return DNNL_VERSION_MAJOR < 3 && uses_avx512();
}

}  // namespace voxgrad::cpu::onednn
