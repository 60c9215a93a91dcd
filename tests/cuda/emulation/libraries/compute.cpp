// The arithmetic of the emulated cuDNN: plain loops over dense copies, channels innermost.
#include <algorithm>
#include <bit>
#include <cmath>

#include "tensor/ops/convert_ops.h"
#include "tests/cuda/emulation/libraries/graph.h"

namespace voxgrad::emulation {
namespace {

double load(const void* base, cudnnDataType_t type, std::int64_t at) {
  switch (type) {
    case CUDNN_DATA_DOUBLE:
      return static_cast<const double*>(base)[at];
    case CUDNN_DATA_BFLOAT16:
      return double(convert_value<float>(static_cast<const BFloat16*>(base)[at]));
    default:
      return double(static_cast<const float*>(base)[at]);
  }
}

void store(void* base, cudnnDataType_t type, std::int64_t at, double value) {
  switch (type) {
    case CUDNN_DATA_DOUBLE:
      static_cast<double*>(base)[at] = value;
      break;
    case CUDNN_DATA_BFLOAT16:
      static_cast<BFloat16*>(base)[at] = convert_value<BFloat16>(float(value));
      break;
    default:
      static_cast<float*>(base)[at] = float(value);
  }
}

/// f(place in the dense copy [N, D, H, W, C], element in memory).
template <class F>
void for_each(const TensorView& v, F f) {
  std::int64_t place = 0;
  const auto& e = v.extents;
  for (std::int64_t n = 0; n < e[0]; ++n)
    for (std::int64_t d = 0; d < e[2]; ++d)
      for (std::int64_t h = 0; h < e[3]; ++h)
        for (std::int64_t w = 0; w < e[4]; ++w) {
          const std::int64_t row =
              n * v.strides[0] + d * v.strides[2] + h * v.strides[3] + w * v.strides[4];
          for (std::int64_t c = 0; c < e[1]; ++c) f(place++, row + c * v.strides[1]);
        }
}

std::int64_t size_of(const TensorView& v) {
  std::int64_t size = 1;
  for (const std::int64_t extent : v.extents) size *= extent;
  return size;
}

float to_tf32(float value) {
  if (!std::isfinite(value)) return value;
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return std::bit_cast<float>((bits + 0xfffu + (bits >> 13 & 1u)) & ~0x1fffu);
}

/// A tensor's values as an engine multiplies them.
template <class T>
std::vector<T> read(const TensorView& v, const void* base, const Engine& engine) {
  std::vector<T> values(std::size_t(size_of(v)), T());
  const bool rounds = v.type == CUDNN_DATA_FLOAT && engine.has(CUDNN_NUMERICAL_NOTE_TENSOR_CORE);
  for_each(v, [&](std::int64_t place, std::int64_t at) {
    const double value = load(base, v.type, at);
    values[std::size_t(place)] = T(rounds ? double(to_tf32(float(value))) : value);
  });
  return values;
}

/// f(first element of x's pixel, of w's tap, of y's pixel) for all that meet.
template <class F>
void for_each_tap(const Graph& g, F f) {
  const auto &x = g.x.extents, &w = g.w.extents, &y = g.y.extents;
  std::int64_t at_y = 0;
  for (std::int64_t n = 0; n < y[0]; ++n)
    for (std::int64_t d = 0; d < y[2]; ++d)
      for (std::int64_t h = 0; h < y[3]; ++h)
        for (std::int64_t c = 0; c < y[4]; ++c, ++at_y) {
          std::int64_t tap = 0;
          for (std::int64_t i = 0; i < w[2]; ++i)
            for (std::int64_t j = 0; j < w[3]; ++j)
              for (std::int64_t k = 0; k < w[4]; ++k, ++tap) {
                const std::int64_t xd = d * g.stride[0] - g.padding[0] + i;
                const std::int64_t xh = h * g.stride[1] - g.padding[1] + j;
                const std::int64_t xw = c * g.stride[2] - g.padding[2] + k;
                if (xd < 0 || xd >= x[2] || xh < 0 || xh >= x[3] || xw < 0 || xw >= x[4]) continue;
                f((((n * x[2] + xd) * x[3] + xh) * x[4] + xw) * x[1], tap * x[1], at_y * y[1]);
              }
        }
}

/// Adds in the engine's precision.
template <class T>
void add(T& sum, T product, bool reduced) {
  sum += product;
  if (reduced) sum = T(convert_value<float>(convert_value<BFloat16>(float(sum))));
}

template <class T>
std::vector<T> convolve(const Graph& g, const Engine& engine, const void* px, const void* pw,
                        const void* py) {
  const bool reduced = engine.has(CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION);
  const auto out = std::size_t(g.w.extents[0]), in = std::size_t(g.w.extents[1]);
  const std::size_t filter = in * std::size_t(g.w.extents[2] * g.w.extents[3] * g.w.extents[4]);
  std::vector<T> result(std::size_t(size_of(g.made())), T());
  const std::vector<T> x = px ? read<T>(g.x, px, engine) : std::vector<T>();
  const std::vector<T> w = pw ? read<T>(g.w, pw, engine) : std::vector<T>();
  const std::vector<T> y = py ? read<T>(g.y, py, engine) : std::vector<T>();
  for_each_tap(g, [&](std::int64_t at_x, std::int64_t at_w, std::int64_t at_y) {
    for (std::size_t f = 0; f < out; ++f) {
      const std::size_t ix = std::size_t(at_x), iy = std::size_t(at_y) + f,
                        iw = f * filter + std::size_t(at_w);
      for (std::size_t c = 0; c < in; ++c)
        if (g.forward())
          add(result[iy], x[ix + c] * w[iw + c], reduced);
        else if (g.data_gradient())
          add(result[ix + c], y[iy] * w[iw + c], reduced);
        else
          add(result[iw + c], y[iy] * x[ix + c], reduced);
    }
  });
  return result;
}

double apply(const Pointwise& each, double value, double addend) {
  switch (each.mode) {
    case CUDNN_POINTWISE_ADD:
      return value + addend;
    case CUDNN_POINTWISE_ELU_FWD:
      return value > 0 ? value : each.elu_alpha * std::expm1(value);
    case CUDNN_POINTWISE_SIGMOID_FWD:
      return 1 / (1 + std::exp(-value));
    default:  // NaN becomes 0: the engines that are taken do not promise to pass it on
      return value > 0 ? value : each.slope == 0 ? 0 : each.slope * value;
  }
}

template <class T>
void compute_in(const Graph& g, const Engine& engine,
                const std::map<std::int64_t, void*>& addresses) {
  static int runs = 0;
  ++runs;
  const auto at = [&](const TensorView& v) { return addresses.at(v.id); };
  const TensorView& made = g.made();
  const auto factor = [&](const TensorView& v) { return v.id == made.id ? nullptr : at(v); };
  const std::vector<T> sums = convolve<T>(g, engine, factor(g.x), factor(g.w), factor(g.y));
  double spoiled = 1;
  if (engine.has(CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC)) spoiled += 0.01 * (1 + runs % 7);
  if (engine.has(CUDNN_NUMERICAL_NOTE_WINOGRAD) || engine.has(CUDNN_NUMERICAL_NOTE_FFT))
    spoiled += 0.05;
  void* const to = at(g.result);
  const std::int64_t channels = made.extents[1];
  for_each(g.result, [&](std::int64_t place, std::int64_t element) {
    double value = g.alpha * double(sums[std::size_t(place)]) * spoiled;
    if (g.beta != 0) value += g.beta * load(to, g.result.type, element);
    for (const Pointwise& each : g.pointwise)
      value = double(T(
          apply(each, value,
                each.has_addend ? load(at(each.addend), each.addend.type, place % channels) : 0)));
    store(to, g.result.type, element, value);
  });
}

}  // namespace

void compute(const Graph& graph, const Engine& engine,
             const std::map<std::int64_t, void*>& addresses) {
  if (graph.x.type == CUDNN_DATA_DOUBLE)
    compute_in<double>(graph, engine, addresses);
  else
    compute_in<float>(graph, engine, addresses);
}

}  // namespace voxgrad::emulation
