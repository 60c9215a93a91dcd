#include "cuda/conv/small_channels/scatter.cuh"
#include "cuda/conv/small_channels/small_channels.h"

namespace voxgrad::cuda::small_channels {
namespace {

/// Kernel size 1: a thread takes a pixel.
template <int source_channels, int result_channels, class T, class Result>
__global__ void __launch_bounds__(kThreads) pointwise(std::int64_t pixels, Maps<T> maps) {
  float w[source_channels * result_channels];
#pragma unroll
  for (int i = 0; i < source_channels * result_channels; ++i) w[i] = load(maps.w[i]);
  for (std::int64_t i = thread_index(); i < pixels; i += thread_count()) {
    const Pack<T, source_channels> x =
        load_pack<source_channels>(maps.source + i * source_channels, maps.packed);
    Pack<Result, result_channels> y;
#pragma unroll
    for (int r = 0; r < result_channels; ++r) {
      float sum = 0;
#pragma unroll
      for (int s = 0; s < source_channels; ++s)
        sum += load(x.element[s]) * w[source_channels == 1 ? r : s];
      if (maps.bias) sum += maps.bias[r];
      y.element[r] = store<Result>(activate(maps.activation, sum));
    }
    store_pack(static_cast<Result*>(maps.result) + i * result_channels, y, maps.packed);
  }
}

template <int source_channels_, int result_channels_>
struct PointShape {
  static constexpr int source_channels = source_channels_, result_channels = result_channels_;
  static bool matches(const ConvSides& v) {
    return v.kernel == 1 && v.stride == 1 && v.padding[0] + v.padding[1] + v.padding[2] == 0 &&
           v.source_channels == source_channels && v.result_channels == result_channels;
  }
};
using Points = Instances<PointShape<8, 1>, PointShape<1, 8>>;

/// The tiles of these extents fit into shared memory. Only for maps that are very narrow and very
/// high they do not.
template <class Shape>
bool fits(const ConvSides& v) {
  if constexpr (requires { Shape::cells; }) {
    const Cells cells(v);
    const Cut cut(cells.extent, Shape::cells, Shape::pixels);
    return (cut.rows(cells.extent, Shape::cells) + 2) * (cut.width + 2) <= Shape::area;
  } else {
    const Cut cut(v.result, Shape::threads, Shape::pixels);
    const int columns = (cut.width - 1) * Shape::stride + Shape::kernel;
    const int pitch = (columns + Shape::stride - 1) / Shape::stride * Shape::stride;
    const int rows = (cut.rows(v.result, Shape::threads) - 1) * Shape::stride + Shape::kernel;
    return rows * pitch <= Shape::area;
  }
}

template <class T>
bool run(const ConvSides& v, std::int64_t batch, const Maps<T>& maps) {
  return Gathers::choose(v,
                         [&]<class Shape>() {
                           const Cut cut(v.result, Shape::threads, Shape::pixels);
                           launch(gather<Shape, T>, grid_of(cut.grid(batch)), Shape::threads, 0, v,
                                  cut, maps);
                           return true;
                         }) ||
         Scatters::choose(v,
                          [&]<class Shape>() {
                            const Cells cells(v);
                            const Cut cut(cells.extent, Shape::cells, Shape::pixels);
                            launch(scatter<Shape, T>, grid_of(cut.grid(batch)), Shape::threads, 0,
                                   v, cells, cut, maps);
                            return true;
                          }) ||
         Points::choose(v, [&]<class Shape>() {
           const std::int64_t pixels =
               batch * v.result[0] * v.result[1] * std::int64_t(v.result[2]);
           const auto start = [&]<class Result>() {
             launch(pointwise<Shape::source_channels, Shape::result_channels, T, Result>,
                    blocks_for(pixels), kThreads, 0, pixels, maps);
           };
           if (maps.wide)
             start.template operator()<float>();
           else
             start.template operator()<T>();
           return true;
         });
}

void run(bool transposed, const ConvGeometry& g, const Tensor& source, const Tensor& w,
         const Epilogue& epilogue, const Tensor& result) {
  const ConvSides view(g, transposed);
  dispatch_factor(source.dtype(), [&]<class T>() {
    const Maps<T> maps(source, w, epilogue, result);
    check(run(view, g.batch, maps), "[conv] small_channels: no kernel for ", g);
  });
}

}  // namespace

bool supports(const ConvProblem& problem) {
  const ConvGeometry& g = problem.geometry;
  if (problem.factors != DType::f32 && problem.factors != DType::bf16) return false;
  if (g.spatial_rank == 0) return false;  // linear layers have kernels of their own
  if (!cubic(g, g.kernel[2], g.stride[2])) return false;
  if (problem.direction == ConvDirection::backward_weight) return supports_weight_gradient(g);
  const ConvSides view(g, problem.direction == ConvDirection::backward_data);
  const auto fit = [&]<class Shape>() { return fits<Shape>(view); };
  return Gathers::choose(view, fit) || Scatters::choose(view, fit) ||
         Points::choose(view, [&]<class Shape>() { return true; });
}

void convolve(const ConvProblem& problem, const ConvOperands& operands) {
  const auto& [x, w, y, epilogue, packed] = operands;
  switch (problem.direction) {
    case ConvDirection::forward:
      return run(false, problem.geometry, x, w, epilogue, y);
    case ConvDirection::backward_data:
      return run(true, problem.geometry, y, w, epilogue, x);
    default:
      return weight_gradient(problem.geometry, x, y, w);
  }
}

}  // namespace voxgrad::cuda::small_channels
