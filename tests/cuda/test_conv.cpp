// Convolutions against the definition in f64, within the bound of TRUST.md.
#include "cuda/conv/reference.h"
#include "tests/cuda/conv_bounds.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

// What the backend chooses, and our own kernels, which must hold for every geometry.
std::vector<const ConvOps*> tables() {
  static const ConvOps reference{cuda::reference::convolve};
  return {&gpu().conv, &reference};
}

void check_geometry(Rng& rng, const ConvGeometry& g, DType dtype) {
  CAPTURE(concat(dtype, ' ', g));
  const auto draw = [&](const Shape& shape) {
    const Tensor values = random_normal(rng, shape, dtype);
    return g.precision == Precision::tf32 ? rounded_to_tf32(values) : values;
  };
  const Tensor x = draw(g.input_shape()), w = draw(g.weight_shape()), dy = draw(g.output_shape());
  const auto plain = [&](ConvDirection direction, const Tensor& a, const Tensor& b) {
    return plain_convolution(g, direction, a.to(DType::f64), b.to(DType::f64));
  };
  const PlainResult y = plain(ConvDirection::forward, x, w);
  const PlainResult dx = plain(ConvDirection::backward_data, dy, w);
  const PlainResult dw = plain(ConvDirection::backward_weight, x, dy);
  std::vector<DType> results{dtype};
  if (dtype == DType::bf16) results.push_back(DType::f32);
  for (const ConvOps* ops : tables()) {
    for (const DType result : results) {
      const GuardedOutput gy(g.output_shape(), result), gdx(g.input_shape(), result);
      ops->forward(g, to_gpu(x), to_gpu(w), {}, gy);
      CHECK(share(g, ConvDirection::forward, gy.get(), y) <= 1);
      ops->backward_data(g, to_gpu(dy), to_gpu(w), {}, gdx);
      CHECK(share(g, ConvDirection::backward_data, gdx.get(), dx) <= 1);
    }
    const GuardedOutput gdw(g.weight_shape(), parameters_of(dtype));
    ops->backward_weight(g, to_gpu(x), to_gpu(dy), gdw);
    // cuDNN's are rounded to bf16 once (docs/gpu.md).
    const Tensor found = ops == &gpu().conv ? gdw.get().to(dtype) : gdw.get();
    CHECK(share(g, ConvDirection::backward_weight, found, dw) <= 1);
  }
}

ConvGeometry geometry(std::initializer_list<std::int64_t> x, std::initializer_list<std::int64_t> w,
                      std::int64_t stride, std::int64_t padding) {
  return ConvGeometry::convolution("conv", Shape(x), Shape(w),
                                   {{stride, stride, stride}, {padding, padding, padding}});
}

}  // namespace

TEST_CASE("random convolutions in every direction and dtype") {
  if (no_device()) return;
  for (const DType dtype : kMaps) {
    Rng rng(41, {std::uint64_t(dtype)});
    for (int i = 0; i < 40; ++i) check_geometry(rng, random_geometry(rng, 9), dtype);
  }
}

// Factors that need no rounding: then TF32 promises what f32 does.
TEST_CASE("random convolutions in TF32, of factors that it holds") {
  if (no_device()) return;
  Rng rng(44);
  for (int i = 0; i < 40; ++i) {
    ConvGeometry g = random_geometry(rng, 9);
    g.precision = Precision::tf32;
    check_geometry(rng, g, DType::f32);
  }
}

TEST_CASE("convolutions of Pix2Vox's kinds") {
  if (no_device()) return;
  Rng rng(42);
  const ConvGeometry kinds[] = {
      geometry({2, 9, 9, 16}, {24, 3, 3, 16}, 1, 1),      // trunk
      geometry({2, 6, 6, 64}, {8, 1, 1, 64}, 1, 0),       // encoder
      geometry({1, 8, 8, 8, 8}, {16, 4, 4, 4, 8}, 2, 1),  // decoder
      geometry({1, 6, 6, 6, 9}, {16, 3, 3, 3, 9}, 1, 1),  // merger
      geometry({1, 6, 6, 6, 1}, {8, 4, 4, 4, 1}, 1, 2),   // refiner
      ConvGeometry::linear("linear", {3, 200}, {100, 200}),
  };
  for (const ConvGeometry& kind : kinds) {
    for (const DType dtype : kMaps) check_geometry(rng, kind, dtype);
    ConvGeometry tf32 = kind;
    tf32.precision = Precision::tf32;
    check_geometry(rng, tf32, DType::f32);
  }
}

TEST_CASE("bias and activation on the way out") {
  if (no_device()) return;
  Rng rng(43);
  const Activation activations[] = {Activation::identity(), Activation::relu(),
                                    Activation::leaky_relu(0.2), Activation::elu(),
                                    Activation::sigmoid()};
  for (const DType dtype : kMaps) {
    for (const Activation activation : activations) {
      const ConvGeometry g = random_geometry(rng, 6);
      CAPTURE(concat(dtype, ' ', g, " activation ", int(activation.kind)));
      for (const bool transposed : {false, true}) {
        const Tensor from =
            random_normal(rng, transposed ? g.output_shape() : g.input_shape(), dtype);
        const Tensor w = random_normal(rng, g.weight_shape(), dtype);
        const Tensor bias =
            random_normal(rng, {transposed ? g.in_channels : g.out_channels}, parameters_of(dtype));
        const Shape shape = transposed ? g.input_shape() : g.output_shape();
        const ConvDirection direction =
            transposed ? ConvDirection::backward_data : ConvDirection::forward;
        const PlainResult plain =
            plain_convolution(g, direction, from.to(DType::f64), w.to(DType::f64));
        const Tensor expected = plain_with_epilogue(
            g, direction, from.to(DType::f64), w.to(DType::f64), {bias.to(DType::f64), activation});
        for (const ConvOps* ops : tables()) {
          const GuardedOutput y(shape, dtype);
          const Epilogue epilogue{to_gpu(bias), activation};
          if (transposed)
            ops->backward_data(g, to_gpu(from), to_gpu(w), epilogue, y);
          else
            ops->forward(g, to_gpu(from), to_gpu(w), epilogue, y);
          const bool library = ops == &gpu().conv;
          CHECK(share_behind_epilogue(g, direction, y.get(), plain, bias, expected, library) <= 1);
        }
      }
    }
  }
}
