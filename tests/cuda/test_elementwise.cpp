#include <cmath>
#include <functional>
#include <limits>

#include "tests/cuda/device_cases.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

const Activation kActivations[] = {Activation::identity(), Activation::relu(),
                                   Activation::leaky_relu(0.2), Activation::elu(1.5),
                                   Activation::sigmoid()};

/// Runs an operation of one or two inputs on the device, from good addresses and from bad ones, and
/// on the CPU in f64. Where it may work in place, it is tried in place too.
using Operation =
    std::function<void(const ElementwiseOps&, const Tensor&, const Tensor&, const Tensor&)>;
void check_operation(const Tensor& a, const Tensor& b, const Operation& run, bool in_place = true) {
  const Tensor expected({a.numel()}, DType::f64);
  run(cpu::elementwise_ops(), a.to(DType::f64), b.to(DType::f64), expected);
  const GuardedOutput y(a.shape(), a.dtype()), odd(a.shape(), a.dtype(), 1);
  run(gpu().elementwise, to_gpu(a), to_gpu(b), y);
  check_close(y.get(), expected);
  run(gpu().elementwise, to_gpu_misaligned(a), to_gpu(b), odd);
  CHECK(identical(odd.get(), y.get()));
  if (!in_place) return;
  const Tensor over = to_gpu(a).clone();
  run(gpu().elementwise, over, to_gpu(b), over);
  CHECK(identical(to_cpu(over), y.get()));
}

}  // namespace

TEST_CASE("binary, affine and clamp") {
  if (no_device()) return;
  Rng rng(1);
  for (const DType dtype : kMaps) {
    for (const std::int64_t n : kLengths) {
      CAPTURE(concat(n, ' ', dtype));
      const Tensor a = random_normal(rng, {n}, dtype);
      const Tensor b = random_uniform(rng, {n}, 0.5, 2, dtype);
      for (const BinaryKind kind :
           {BinaryKind::add, BinaryKind::subtract, BinaryKind::multiply, BinaryKind::divide})
        check_operation(a, b,
                        [=](const ElementwiseOps& ops, const Tensor& p, const Tensor& q,
                            const Tensor& y) { ops.binary(kind, p, q, y); });
      check_operation(
          a, b, [](const ElementwiseOps& ops, const Tensor& p, const Tensor&, const Tensor& y) {
            ops.affine(p, -1.5, 0.25, y);
          });
      check_operation(
          a, b, [](const ElementwiseOps& ops, const Tensor& p, const Tensor&, const Tensor& y) {
            ops.clamp(p, -0.5, 0.75, y);
          });
      check_operation(
          a, b, [](const ElementwiseOps& ops, const Tensor& p, const Tensor& q, const Tensor& y) {
            ops.clamp_backward(p, -0.5, 0.75, q, y);
          });
    }
  }
}

TEST_CASE("activations and their gradients") {
  if (no_device()) return;
  Rng rng(2);
  for (const DType dtype : kMaps) {
    for (const Activation activation : kActivations) {
      for (const std::int64_t n : kLengths) {
        const Tensor x = random_uniform(rng, {n}, -6, 6, dtype);
        const Tensor dy = random_normal(rng, {n}, dtype);
        check_operation(
            x, dy, [=](const ElementwiseOps& ops, const Tensor& p, const Tensor&, const Tensor& y) {
              ops.activation(activation, p, y);
            });
        const GuardedOutput y({n}, dtype);
        gpu().elementwise.activation(activation, to_gpu(x), y);
        check_operation(slope_needs_input(activation.kind) ? x : y.get(), dy,
                        [=](const ElementwiseOps& ops, const Tensor& p, const Tensor& q,
                            const Tensor& dx) { ops.activation_backward(activation, p, q, dx); });
      }
    }
  }
}

TEST_CASE("activations pass NaN on and take infinities") {
  if (no_device()) return;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const Tensor odd = Tensor::from<double>({std::nan(""), infinity, -infinity}, {3});
  for (const DType dtype : kMaps) {
    for (const Activation activation : kActivations) {
      const GuardedOutput y({3}, dtype);
      gpu().elementwise.activation(activation, to_gpu(odd.to(dtype)), y);
      const Tensor expected({3}, DType::f64);
      cpu::elementwise_ops().activation(activation, odd, expected);
      const std::vector<double> values = y.get().to(DType::f64).to_vector<double>();
      CHECK(std::isnan(values[0]));
      for (const int i : {1, 2}) CHECK(values[i] == expected.data<double>()[i]);
    }
  }
}

TEST_CASE("accumulate adds to what is there") {
  if (no_device()) return;
  Rng rng(3);
  for (const DType dtype : {DType::f64, DType::f32, DType::bf16, DType::i64}) {
    for (const std::int64_t n : kLengths) {
      const Tensor x = random_uniform(rng, {n}, -100, 100, dtype);
      const Tensor y = random_uniform(rng, {n}, -100, 100, dtype);
      const Tensor expected({n}, DType::f64);
      cpu::elementwise_ops().binary(BinaryKind::add, x.to(DType::f64), y.to(DType::f64), expected);
      const Tensor sum = to_gpu(y).clone();
      gpu().elementwise.accumulate(to_gpu(x), sum);
      check_close(to_cpu(sum), expected);
    }
  }
}

TEST_CASE("fill writes every dtype") {
  if (no_device()) return;
  for (const DType dtype : kAll) {
    for (const std::int64_t n : kLengths) {
      const GuardedOutput y({n}, dtype, 1);
      gpu().elementwise.fill(y, 3);
      for (const double value : y.get().to(DType::f64).to_vector<double>()) CHECK(value == 3);
    }
  }
}

TEST_CASE("convert agrees with the CPU in every value, and in every bit but those of a bf16 NaN") {
  if (no_device()) return;
  const auto same = [](const Tensor& actual, const Tensor& expected) {
    if (actual.dtype() != DType::bf16) return identical(actual, expected);
    const auto a = actual.to(DType::f64).to_vector<double>();
    const auto e = expected.to(DType::f64).to_vector<double>();
    for (std::size_t i = 0; i < a.size(); ++i)
      if (std::isnan(a[i]) ? !std::isnan(e[i]) : a[i] != e[i]) return false;
    return true;
  };
  Rng rng(4);
  for (const DType from : kAll) {
    for (const DType to : kAll) {
      CAPTURE(concat(from, " to ", to));
      for (const std::int64_t n : kLengths) {
        Tensor x = random_uniform(rng, {n}, -300, 300);
        if (n > 8) {
          double* values = x.data<double>();
          values[0] = std::nan("");
          values[1] = 1e300;
          values[2] = -1e300;
          values[3] = 1 + 0x1p-8 + 0x1p-40;
          values[4] = 1 + 0x1p-8;
          values[5] = 255.9;
        }
        x = x.to(from);
        const Tensor expected({n}, to);
        cpu::elementwise_ops().convert(x, expected);
        const GuardedOutput y({n}, to), odd({n}, to, 1);
        gpu().elementwise.convert(to_gpu(x), y);
        CHECK(same(y.get(), expected));
        gpu().elementwise.convert(to_gpu_misaligned(x), odd);
        CHECK(same(odd.get(), expected));
      }
    }
  }
}

TEST_CASE("an empty tensor is no work") {
  if (no_device()) return;
  const Tensor nothing = to_gpu(Tensor({0}));
  CHECK_NOTHROW(gpu().elementwise.fill(nothing, 1));
  CHECK_NOTHROW(gpu().elementwise.binary(BinaryKind::add, nothing, nothing, nothing));
  CHECK(to_cpu(nothing).numel() == 0);
}
