// What the CUDA backend convolves with: our kernels for few channels where there is one
// (plane_sweep.h on tensor cores, else small_channels.h unless a library's tensor cores may be
// better), else a library, else our own again. The choice depends on geometry and dtypes alone, so
// that every run makes the same one.
//
// VOXGRAD_CUDA_CONV in the environment, for comparisons and to find faults: "own" and "cudnn" allow
// the first or the second alone, "fma" of the first those without tensor cores, and are an error
// where they have nothing; "direct" always works.
// Linear layers take no part, but for "direct".
#include "cuda/conv/cudnn/conv.h"

#include <cstdlib>
#include <string_view>

#include "cuda/conv/reference.h"
#include "cuda/conv/small_channels/small_channels.h"
#include "cuda/conv/tensor_core/plane_sweep.h"
#include "cuda/kernels.h"
#include "cuda/runtime/check.h"

namespace voxgrad::cuda {
namespace {

enum class Way { automatic, own, fma, cudnn, direct };

// Read at each call: a benchmark compares one way with another.
Way allowed() {
  const char* value = std::getenv("VOXGRAD_CUDA_CONV");
  const std::string_view name = value ? value : "";
  if (name.empty() || name == "auto") return Way::automatic;
  if (name == "own") return Way::own;
  if (name == "fma") return Way::fma;
  if (name == "cudnn") return Way::cudnn;
  check<ConfigError>(name == "direct",
                     "VOXGRAD_CUDA_CONV expects own, fma, cudnn, direct or auto, got \"", name,
                     '"');
  return Way::direct;
}

/// Unmeasured: benchmark_conv_layers decides. The ordinary multiply-adds of our kernels alone must
/// take 143 to 272 us at batch 64 in merger.layer1 and 2, refiner.layer1 and decoder.layer4, which
/// have 2048 and more an input pixel, and at most 60 us in all other layers, which have 864 at most
/// (docs/gpu.md). There tensor cores, where they may be used, have most to save: those of
/// plane_sweep.h in bf16, in the directions that it has, else cuDNN's.
bool better_on_tensor_cores(const ConvGeometry& g, DType factors) {
  if (factors != DType::bf16 && g.precision != Precision::tf32) return false;
  const std::int64_t volume = g.kernel_volume() / (g.stride[0] * g.stride[1] * g.stride[2]);
  return g.in_channels * g.out_channels * volume > 1024;
}

/// march, narrow, library and direct run the convolution; library returns false if it cannot.
template <class March, class Narrow, class Library, class Direct>
void choose(ConvDirection direction, const ConvGeometry& g, DType factors, const March& march,
            const Narrow& narrow, const Library& library, const Direct& direct) {
  const Way way = allowed();
  const bool linear = g.spatial_rank == 0, any = way == Way::automatic || linear;
  if ((any || way == Way::own) && plane_sweep_suits(direction, g, factors)) return march();
  const bool ours = way == Way::own || way == Way::fma;
  const bool suits = (any || ours) && small_channels_suits(direction, g, factors);
  if (suits && (ours || !better_on_tensor_cores(g, factors))) return narrow();
  if ((way == Way::cudnn || (any && way != Way::direct)) && library()) return;
  if (suits) return narrow();
  check<DeviceError>(any || way == Way::direct,
                     "[conv] VOXGRAD_CUDA_CONV allows nothing else, and it has no kernel: ", g,
                     ", factors ", factors);
  direct();
}

void forward(const ConvGeometry& g, const Tensor& x, const Tensor& w, const Epilogue& epilogue,
             const Tensor& y) {
  const OpScope op("conv forward", x, w, y);
  choose(
      ConvDirection::forward, g, x.dtype(), [&] { plane_sweep_forward(g, x, w, epilogue, y); },
      [&] { small_channels_ops.forward(g, x, w, epilogue, y); },
      [&] { return library_forward(g, x, w, epilogue, y); },
      [&] { conv_direct_ops.forward(g, x, w, epilogue, y); });
}

void backward_data(const ConvGeometry& g, const Tensor& dy, const Tensor& w,
                   const Epilogue& epilogue, const Tensor& dx) {
  const OpScope op("conv backward_data", dy, w, dx);
  choose(
      ConvDirection::backward_data, g, dy.dtype(),
      [&] { plane_sweep_backward_data(g, dy, w, epilogue, dx); },
      [&] { small_channels_ops.backward_data(g, dy, w, epilogue, dx); },
      [&] { return library_backward_data(g, dy, w, epilogue, dx); },
      [&] { conv_direct_ops.backward_data(g, dy, w, epilogue, dx); });
}

void backward_weight(const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Tensor& dw) {
  const OpScope op("conv backward_weight", x, dy, dw);
  choose(
      ConvDirection::backward_weight, g, x.dtype(),
      [] { fail("[conv] tensor cores make no gradients of weights"); },
      [&] { small_channels_ops.backward_weight(g, x, dy, dw); },
      [&] { return library_backward_weight(g, x, dy, dw); },
      [&] { conv_direct_ops.backward_weight(g, x, dy, dw); });
}

}  // namespace

const ConvOps conv_ops{forward, backward_data, backward_weight};

}  // namespace voxgrad::cuda
