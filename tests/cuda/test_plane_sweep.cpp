// Convolutions of few channels on tensor cores against the definition in f64.
#include <algorithm>

#include "cuda/conv/tensor_core/plane_sweep.h"
#include "tests/cuda/conv_bounds.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

bool plane_sweep_supports(ConvDirection direction, const ConvGeometry& g, DType factors) {
  return cuda::plane_sweep::supports({direction, g, factors, factors});
}

struct Kind {
  std::int64_t in, out, kernel, padding;
  bool backward;  // there is a kernel for backward_data too
};
constexpr Kind kKinds[] = {{9, 16, 3, 1, true}, {16, 8, 3, 1, true}, {1, 32, 4, 2, false}};

ConvGeometry geometry(const Kind& kind, std::int64_t batch, Triple extents) {
  for (std::int64_t& extent : extents) extent = std::max(extent, kind.kernel - 2 * kind.padding);
  const std::int64_t k = kind.kernel, p = kind.padding;
  return ConvGeometry::convolution("conv", {batch, extents[0], extents[1], extents[2], kind.in},
                                   {kind.out, k, k, k, kind.in}, {{1, 1, 1}, {p, p, p}});
}

void run(bool backward, const ConvGeometry& g, const Tensor& from, const Tensor& w,
         const Epilogue& epilogue, const Tensor& to) {
  const ConvOps plane_sweep{cuda::plane_sweep::convolve};
  if (backward)
    plane_sweep.backward_data(g, from, w, epilogue, to);
  else
    plane_sweep.forward(g, from, w, epilogue, to);
}

/// All directions and dtypes of results. `offset`: elements by which results are misaligned, and
/// whether factors do.
void check_all(Rng& rng, const Kind& kind, const ConvGeometry& g, std::int64_t offset = 0) {
  for (const bool backward : {false, true}) {
    if (backward && !kind.backward) continue;
    const ConvDirection direction =
        backward ? ConvDirection::backward_data : ConvDirection::forward;
    CAPTURE(concat(g, backward ? " backward" : ""));
    REQUIRE(plane_sweep_supports(direction, g, DType::bf16));
    const Shape shape = backward ? g.input_shape() : g.output_shape();
    const Tensor from =
        random_normal(rng, backward ? g.output_shape() : g.input_shape(), DType::bf16);
    const Tensor w = random_normal(rng, g.weight_shape(), DType::bf16);
    const PlainResult exact =
        plain_convolution(g, direction, from.to(DType::f64), w.to(DType::f64));
    const auto there = [&](const Tensor& x) { return offset ? to_gpu_misaligned(x) : to_gpu(x); };
    for (const DType dtype : {DType::bf16, DType::f32}) {
      const GuardedOutput result(shape, dtype, offset);
      run(backward, g, there(from), there(w), {}, result);
      CHECK(share(g, direction, result.get(), exact) <= 1);
    }
  }
}

}  // namespace

TEST_CASE("plane sweeps of random extents and batches") {
  if (no_device()) return;
  Rng rng(191);
  for (const Kind& kind : kKinds)
    for (std::int64_t batch = 1; batch <= 5; batch += 2) {
      const Triple extents{random_int(rng, 1, 7), random_int(rng, 1, 9), random_int(rng, 1, 11)};
      check_all(rng, kind, geometry(kind, batch, extents));
    }
}

TEST_CASE("plane sweeps whose parts end before, at and after the map's border") {
  if (no_device()) return;
  Rng rng(192);
  for (const Kind& kind : kKinds) {
    check_all(rng, kind, geometry(kind, 1, {2, 4, 32}));  // as in Pix2Vox
    check_all(rng, kind, geometry(kind, 1, {1, 3, 33}));  // a row is no power of two
    check_all(rng, kind, geometry(kind, 2, {3, 2, 70}));  // more than one part of a row
    check_all(rng, kind, geometry(kind, 1, {13, 9, 8}));  // more than one part of the depth
    check_all(rng, kind, geometry(kind, 1, {1, 17, 3}));  // many rows per block
  }
}

TEST_CASE("plane sweeps with other padding") {
  if (no_device()) return;
  Rng rng(193);
  for (Kind kind : kKinds)
    for (kind.padding = 0; kind.padding < kind.kernel; ++kind.padding)
      check_all(rng, kind, geometry(kind, 2, {5, 6, 7}));
}

TEST_CASE("plane sweeps of maps that packs do not fit") {
  if (no_device()) return;
  Rng rng(194);
  for (const Kind& kind : kKinds) check_all(rng, kind, geometry(kind, 2, {4, 5, 8}), 1);
}

TEST_CASE("bias and every activation on the way out of plane sweeps") {
  if (no_device()) return;
  Rng rng(196);
  for (const Kind& kind : kKinds)
    for (const bool backward : {false, true}) {
      if (backward && !kind.backward) continue;
      const ConvGeometry g = geometry(kind, 2, {3, 4, 5});
      const Shape shape = backward ? g.input_shape() : g.output_shape();
      const Tensor from =
          random_normal(rng, backward ? g.output_shape() : g.input_shape(), DType::bf16);
      const Tensor w = random_normal(rng, g.weight_shape(), DType::bf16);
      const Tensor bias =
          random_normal(rng, {backward ? g.in_channels : g.out_channels}, DType::f32);
      const ConvDirection direction =
          backward ? ConvDirection::backward_data : ConvDirection::forward;
      const PlainResult plain =
          plain_convolution(g, direction, from.to(DType::f64), w.to(DType::f64));
      for (const Activation activation :
           {Activation::identity(), Activation::relu(), Activation::leaky_relu(0.2),
            Activation::elu(), Activation::sigmoid()}) {
        CAPTURE(concat(g, backward ? " backward" : "", ", activation ", int(activation.kind)));
        const Tensor expected = plain_with_epilogue(
            g, direction, from.to(DType::f64), w.to(DType::f64), {bias.to(DType::f64), activation});
        for (const DType dtype : {DType::bf16, DType::f32}) {
          const GuardedOutput result(shape, dtype);
          run(backward, g, to_gpu(from), to_gpu(w), {to_gpu(bias), activation}, result);
          CHECK(share_behind_epilogue(g, direction, result.get(), plain, bias, expected, false) <=
                1);
        }
      }
    }
}

TEST_CASE("what tensor cores have no kernel for") {
  const ConvGeometry g = geometry(kKinds[0], 1, {8, 8, 8});
  CHECK_FALSE(plane_sweep_supports(ConvDirection::forward, g, DType::f32));
  CHECK_FALSE(plane_sweep_supports(ConvDirection::backward_weight, g, DType::bf16));
  CHECK_FALSE(plane_sweep_supports(ConvDirection::backward_data, geometry(kKinds[2], 1, {8, 8, 8}),
                                   DType::bf16));
  CHECK_FALSE(plane_sweep_supports(ConvDirection::forward,
                                   geometry({8, 4, 3, 1, true}, 1, {8, 8, 8}), DType::bf16));
  // A plane whose places do not fit 32 bits.
  CHECK_FALSE(plane_sweep_supports(ConvDirection::forward,
                                   geometry(kKinds[1], 1, {1, 11600, 11600}), DType::bf16));
  // One column, higher than a tile can hold.
  CHECK_FALSE(plane_sweep_supports(ConvDirection::forward, geometry(kKinds[0], 1, {4, 200, 1}),
                                   DType::bf16));
}
