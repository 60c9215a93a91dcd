// Our own convolutions of few channels against the definition in f64, and the choice between them
// and others.
#include <algorithm>

#include "cuda/conv/reference.h"
#include "cuda/conv/small_channels/small_channels.h"
#include "cuda/conv/tensor_core/plane_sweep.h"
#include "tests/cuda/conv_bounds.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

const ConvOps small_channels{cuda::small_channels::convolve};

bool supports(ConvDirection direction, const ConvGeometry& g, DType factors) {
  return cuda::small_channels::supports({direction, g, factors, factors});
}

constexpr DType kFactors[] = {DType::f32, DType::bf16};

struct Kind {
  std::int64_t in, out, kernel, stride, padding;
};

// Everything that there is a kernel for, in every direction.
constexpr Kind kKinds[] = {
    {9, 16, 3, 1, 1}, {16, 8, 3, 1, 1}, {8, 4, 3, 1, 1},  {4, 2, 3, 1, 1}, {2, 1, 3, 1, 1},
    {1, 32, 4, 1, 2}, {1, 32, 4, 2, 1}, {8, 32, 4, 2, 1}, {1, 8, 1, 1, 0}, {8, 1, 1, 1, 0},
};

/// x has the given extents, made larger where the kernel needs it.
ConvGeometry geometry(const Kind& kind, std::int64_t batch, Triple extents) {
  for (std::int64_t& extent : extents) extent = std::max(extent, kind.kernel - 2 * kind.padding);
  const std::int64_t k = kind.kernel, s = kind.stride, p = kind.padding;
  return ConvGeometry::convolution("conv", {batch, extents[0], extents[1], extents[2], kind.in},
                                   {kind.out, k, k, k, kind.in}, {{s, s, s}, {p, p, p}});
}

bool supports_all(const ConvGeometry& g, DType factors) {
  return supports(ConvDirection::forward, g, factors) &&
         supports(ConvDirection::backward_data, g, factors) &&
         supports(ConvDirection::backward_weight, g, factors);
}

/// All directions, results f32 too where factors are bf16. `offset`: elements by which results lie
/// off, and whether factors do.
void check_all(Rng& rng, const ConvGeometry& g, DType dtype, std::int64_t offset = 0) {
  CAPTURE(concat(dtype, ' ', g));
  REQUIRE(supports_all(g, dtype));
  const auto there = [&](const Tensor& tensor) {
    return offset == 0 ? to_gpu(tensor) : to_gpu_misaligned(tensor);
  };
  const Tensor x = random_normal(rng, g.input_shape(), dtype);
  const Tensor w = random_normal(rng, g.weight_shape(), dtype);
  const Tensor dy = random_normal(rng, g.output_shape(), dtype);
  const auto plain = [&](ConvDirection direction, const Tensor& a, const Tensor& b) {
    return plain_convolution(g, direction, a.to(DType::f64), b.to(DType::f64));
  };
  const PlainResult y = plain(ConvDirection::forward, x, w);
  const PlainResult dx = plain(ConvDirection::backward_data, dy, w);
  const PlainResult dw = plain(ConvDirection::backward_weight, x, dy);
  for (const DType result : {dtype, DType::f32}) {
    const GuardedOutput gy(g.output_shape(), result, offset);
    const GuardedOutput gdx(g.input_shape(), result, offset);
    small_channels.forward(g, there(x), there(w), {}, gy);
    CHECK(share(g, ConvDirection::forward, gy.get(), y) <= 1);
    small_channels.backward_data(g, there(dy), there(w), {}, gdx);
    CHECK(share(g, ConvDirection::backward_data, gdx.get(), dx) <= 1);
  }
  const GuardedOutput gdw(g.weight_shape(), DType::f32, offset);
  small_channels.backward_weight(g, there(x), there(dy), gdw);
  CHECK(share(g, ConvDirection::backward_weight, gdw.get(), dw) <= 1);
}

/// An algorithm that computes all that it supports, for a scope.
struct Forced {
  explicit Forced(const char* name) { CHECK(gpu().conv.table().force(name)); }
  ~Forced() { gpu().conv.table().force(""); }
};

}  // namespace

TEST_CASE("convolutions of few channels of random extents and batches") {
  if (no_device()) return;
  Rng rng(91);
  for (const DType dtype : kFactors)
    for (const Kind& kind : kKinds)
      for (std::int64_t batch = 1; batch <= 5; batch += 2) {
        const Triple extents{random_int(rng, 1, 7), random_int(rng, 1, 9), random_int(rng, 1, 11)};
        check_all(rng, geometry(kind, batch, extents), dtype);
      }
}

TEST_CASE("convolutions of few channels whose tiles end before, at and after the map's border") {
  if (no_device()) return;
  Rng rng(92);
  for (const Kind& kind : kKinds) {
    check_all(rng, geometry(kind, 1, {2, 4, 32}), DType::bf16);  // as in Pix2Vox
    check_all(rng, geometry(kind, 1, {1, 3, 33}), DType::f32);   // a row is no power of two
    check_all(rng, geometry(kind, 2, {3, 2, 71}), DType::bf16);  // more than one part of a row
    check_all(rng, geometry(kind, 1, {9, 17, 2}), DType::f32);   // many rows per block
  }
}

TEST_CASE("convolutions of few channels with other padding at stride 1") {
  if (no_device()) return;
  Rng rng(93);
  for (const DType dtype : kFactors)
    for (const Kind& kind : kKinds)
      if (kind.stride == 1 && kind.kernel > 1)
        for (std::int64_t padding = 0; padding < kind.kernel; ++padding) {
          Kind padded = kind;
          padded.padding = padding;
          check_all(rng, geometry(padded, 2, {5, 6, 7}), dtype);
        }
}

TEST_CASE("convolutions of few channels of maps that packs do not fit") {
  if (no_device()) return;
  Rng rng(94);
  for (const DType dtype : kFactors)
    for (const Kind& kind : kKinds) check_all(rng, geometry(kind, 2, {4, 5, 6}), dtype, 1);
}

TEST_CASE("weight gradients of few channels of more rows than blocks, twice the same bits") {
  if (no_device()) return;
  Rng rng(95);
  for (const Kind& kind : kKinds) {
    const std::int64_t planes = kind.out == 32 ? 14 : 54;  // blocks: 66 and 264
    const ConvGeometry g = geometry(kind, 5, {kind.stride * planes, 2, 3});
    CAPTURE(concat(g));
    const Tensor x = random_normal(rng, g.input_shape(), DType::f32);
    const Tensor dy = random_normal(rng, g.output_shape(), DType::f32);
    const PlainResult dw =
        plain_convolution(g, ConvDirection::backward_weight, x.to(DType::f64), dy.to(DType::f64));
    const GuardedOutput once(g.weight_shape(), DType::f32), twice(g.weight_shape(), DType::f32);
    small_channels.backward_weight(g, to_gpu(x), to_gpu(dy), once);
    small_channels.backward_weight(g, to_gpu(x), to_gpu(dy), twice);
    CHECK(share(g, ConvDirection::backward_weight, once.get(), dw) <= 1);
    CHECK(identical(once.get(), twice.get()));
  }
}

TEST_CASE("bias and every activation on the way out of convolutions of few channels") {
  if (no_device()) return;
  Rng rng(96);
  const Activation activations[] = {Activation::identity(), Activation::relu(),
                                    Activation::leaky_relu(0.2), Activation::elu(),
                                    Activation::sigmoid()};
  for (const Kind& kind : kKinds)
    for (const bool transposed : {false, true})
      for (const DType dtype : kFactors) {
        const ConvGeometry g = geometry(kind, 2, {3, 4, 5});
        const Tensor from =
            random_normal(rng, transposed ? g.output_shape() : g.input_shape(), dtype);
        const Tensor w = random_normal(rng, g.weight_shape(), dtype);
        const Tensor bias =
            random_normal(rng, {transposed ? g.in_channels : g.out_channels}, DType::f32);
        const Shape shape = transposed ? g.input_shape() : g.output_shape();
        for (const Activation& activation : activations) {
          CAPTURE(concat(dtype, ' ', g, transposed ? " transposed" : "", ", activation ",
                         int(activation.kind)));
          const auto direction = transposed ? ConvDirection::backward_data : ConvDirection::forward;
          const Tensor expected =
              plain_with_epilogue(g, direction, from.to(DType::f64), w.to(DType::f64),
                                  {bias.to(DType::f64), activation});
          for (const DType result : {dtype, DType::f32}) {
            const GuardedOutput y(shape, result);
            const Epilogue epilogue{to_gpu(bias), activation};
            if (transposed)
              small_channels.backward_data(g, to_gpu(from), to_gpu(w), epilogue, y);
            else
              small_channels.forward(g, to_gpu(from), to_gpu(w), epilogue, y);
            check_map(y.get(), expected, 10);
          }
        }
      }
}

TEST_CASE("what has no kernel for small channels") {
  const auto refused = [](const Kind& kind, ConvDirection direction, DType factors = DType::f32) {
    return !supports(direction, geometry(kind, 1, {8, 8, 8}), factors);
  };
  for (const ConvDirection direction :
       {ConvDirection::forward, ConvDirection::backward_data, ConvDirection::backward_weight}) {
    for (const Kind& kind : kKinds) CHECK(refused(kind, direction, DType::f64));
    CHECK(refused({9, 8, 3, 1, 1}, direction));
    CHECK(refused({9, 16, 3, 2, 1}, direction));
    CHECK(refused({1, 32, 5, 1, 2}, direction));
    CHECK(refused({8, 1, 1, 2, 0}, direction));
    ConvGeometry flat = geometry(kKinds[0], 1, {8, 8, 8});
    flat.kernel[0] = 1;
    CHECK_FALSE(supports(direction, flat, DType::f32));
    CHECK_FALSE(supports(direction, ConvGeometry::linear("linear", {3, 8}, {1, 8}), DType::f32));
  }
  CHECK(refused({1, 32, 4, 2, 2}, ConvDirection::backward_data));
  // One column, higher than a tile can hold.
  CHECK_FALSE(supports(ConvDirection::forward, geometry(kKinds[5], 1, {4, 200, 1}), DType::f32));
}

TEST_CASE("a forced algorithm computes what it supports, and the table the rest") {
  if (no_device()) return;
  Rng rng(98);
  const ConvOps& ops = gpu().conv;
  const ConvGeometry g = geometry(kKinds[0], 1, {4, 6, 8});
  const ConvProblem problem{ConvDirection::forward, g, DType::bf16, DType::f32};
  REQUIRE(cuda::plane_sweep::supports(problem));
  const Tensor x = to_gpu(random_normal(rng, g.input_shape(), DType::bf16));
  const Tensor w = to_gpu(random_normal(rng, g.weight_shape(), DType::bf16));
  const auto result = [&](const ConvOps& with) {
    const GuardedOutput y(g.output_shape(), DType::f32);
    with.forward(g, x, w, {}, y);
    return y.get();
  };
  const Tensor swept = result({cuda::plane_sweep::convolve}), gathered = result(small_channels),
               plain = result({cuda::reference::convolve});
  REQUIRE_FALSE(identical(swept, gathered));  // sums in another order
  REQUIRE_FALSE(identical(plain, gathered));
  CHECK(identical(result(ops), swept));
  CHECK(ops.table().choose(problem, false).name == std::string("plane_sweep"));
  for (const auto& [name, expected] :
       {std::pair{"plane_sweep", swept}, {"small_channels", gathered}, {"reference", plain}}) {
    CAPTURE(name);
    const Forced forced(name);
    CHECK(ops.table().choose(problem, false).name == std::string(name));
    CHECK(identical(result(ops), expected));
  }
  const Forced forced("plane_sweep");
  const ConvProblem other{ConvDirection::backward_weight, g, DType::bf16, DType::f32};
  CHECK(ops.table().choose(other, false).name != std::string("plane_sweep"));
  CHECK_FALSE(ops.table().force("cuDNN"));
  CHECK(ops.table().names().find("cudnn") != std::string::npos);
}
