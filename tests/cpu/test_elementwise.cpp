#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "cpu/vector_math.h"
#include "tests/cpu/kernel_cases.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
const ElementwiseOps& ops = cpu::elementwise_ops();

std::vector<double> mapped(const Tensor& x, const std::function<double(double)>& f) {
  std::vector<double> result = values(x);
  for (double& value : result) value = f(value);
  return result;
}

std::vector<double> mapped(const Tensor& a, const Tensor& b,
                           const std::function<double(double, double)>& f) {
  std::vector<double> result = values(a);
  const std::vector<double> other = values(b);
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = f(result[i], other[i]);
  return result;
}

struct NamedActivation {
  const char* name;
  Activation activation;
  std::function<double(double)> value, slope;  // the slope of x, not of y
};

std::vector<NamedActivation> activations() {
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  return {
      {"identity", Activation::identity(), [](double x) { return x; }, [](double) { return 1.0; }},
      {"relu", Activation::relu(), [](double x) { return x > 0 ? x : 0; },
       [](double x) { return x > 0 ? 1.0 : 0.0; }},
      {"leaky_relu", Activation::leaky_relu(0.2), [](double x) { return x > 0 ? x : 0.2 * x; },
       [](double x) { return x > 0 ? 1.0 : 0.2; }},
      {"elu", Activation::elu(1.5), [](double x) { return x > 0 ? x : 1.5 * std::expm1(x); },
       [](double x) { return x > 0 ? 1.0 : 1.5 * std::exp(x); }},
      {"sigmoid", Activation::sigmoid(), sigmoid,
       [=](double x) { return sigmoid(x) * (1 - sigmoid(x)); }}};
}

}  // namespace

TEST_CASE("binary, affine, clamp and accumulate") {
  Rng rng(1);
  for (const DType dtype : kFloats) {
    for (const std::int64_t n : kLengths) {
      const Tensor a = random_normal(rng, {n}, dtype), b = random_normal(rng, {n}, dtype);
      const auto binary = [&](BinaryKind kind, const std::function<double(double, double)>& f) {
        const GuardedTensor y({n}, dtype);
        ops.binary(kind, a, b, y);
        check_result(y, mapped(a, b, f));
      };
      binary(BinaryKind::add, [](double p, double q) { return p + q; });
      binary(BinaryKind::subtract, [](double p, double q) { return p - q; });
      binary(BinaryKind::multiply, [](double p, double q) { return p * q; });
      binary(BinaryKind::divide, [](double p, double q) { return p / q; });

      const GuardedTensor scaled({n}, dtype), clamped({n}, dtype), passed({n}, dtype);
      ops.affine(a, -1.5, 0.25, scaled);
      check_result(scaled, mapped(a, [](double x) { return -1.5 * x + 0.25; }));
      ops.clamp(a, -0.5, 0.75, clamped);
      check_result(clamped,
                   mapped(a, [](double x) { return std::fmin(std::fmax(x, -0.5), 0.75); }));
      ops.clamp_backward(a, -0.5, 0.75, b, passed);
      check_result(passed, mapped(a, b, [](double x, double dy) {
                     return x >= -0.5 && x <= 0.75 ? dy : 0.0;
                   }));

      const Tensor sum = a.clone();
      ops.accumulate(b, sum);
      CHECK(max_relative_error(sum, Tensor::from(mapped(a, b, std::plus<double>()), {n})) <=
            tolerance(dtype));
    }
  }
  const Tensor counts = Tensor::from<std::int64_t>({1, 2}, {2});
  ops.accumulate(Tensor::from<std::int64_t>({40, -2}, {2}), counts);
  CHECK(counts.to_vector<std::int64_t>() == std::vector<std::int64_t>{41, 0});
}

TEST_CASE("clamp passes the gradient on its bounds") {
  const Tensor x = Tensor::from<double>({-1, 0, 0.5, 1, 2}, {5});
  const GuardedTensor dx({5});
  ops.clamp_backward(x, 0, 1, Tensor::full({5}, 3, DType::f64), dx);
  CHECK(dx.tensor().to_vector<double>() == std::vector<double>{0, 3, 3, 3, 0});
}

TEST_CASE("activations and their gradients") {
  Rng rng(2);
  for (const NamedActivation& named : activations()) {
    CAPTURE(named.name);
    for (const DType dtype : kFloats) {
      for (const std::int64_t n : kLengths) {
        const Tensor x = random_uniform(rng, {n}, -6, 6, dtype);
        const Tensor dy = random_normal(rng, {n}, dtype);
        const GuardedTensor y({n}, dtype), dx({n}, dtype);
        ops.activation(named.activation, x, y);
        check_result(y, mapped(x, named.value));
        const bool from_x = slope_needs_input(named.activation.kind);
        ops.activation_backward(named.activation, from_x ? x : y.tensor(), dy, dx);
        const auto product = [&](double p, double d) { return named.slope(p) * d; };
        check_result(dx, mapped(x, dy, product));
        const Tensor in_place = x.clone();
        ops.activation(named.activation, in_place, in_place);
        CHECK(identical(in_place, y));
      }
    }
  }
}

TEST_CASE("ELU's gradient in f32 keeps its digits far below 0") {
  for (const double x : {-1.0, -15.0, -20.0, -60.0, -87.0}) {
    CAPTURE(x);
    const Tensor dx({1});
    ops.activation_backward(Activation::elu(), Tensor::full({1}, x), Tensor::full({1}, 1), dx);
    CHECK(std::fabs(dx.item() - std::exp(x)) <= 1e-6 * std::exp(x));
  }
  const Tensor dx({3});
  ops.activation_backward(Activation::elu(2),
                          Tensor::from<double>({-200, 0, 5}, {3}).to(DType::f32),
                          Tensor::full({3}, 1), dx);
  CHECK(dx.to_vector<float>() == std::vector<float>{0, 2, 1});
}

TEST_CASE("sigmoid in f32 goes as far down as 1 / (1 + exp(-x)), and to 0") {
  for (float x = -110; x < 100; x += 0.37f) {
    CAPTURE(x);
    const Tensor y({1});
    ops.activation(Activation::sigmoid(), Tensor::full({1}, double(x)), y);
    const float expected = 1 / (1 + std::exp(-x));
    CHECK(std::fabs(y.data<float>()[0] - expected) <= 4e-7f * expected + 3e-45f);
  }
}

TEST_CASE("activations pass NaN on and take infinities") {
  const Tensor odd = Tensor::from<double>({kNaN, kInfinity, -kInfinity}, {3});
  for (const NamedActivation& named : activations()) {
    CAPTURE(named.name);
    for (const DType dtype : kFloats) {
      const GuardedTensor y({3}, dtype);
      ops.activation(named.activation, odd.to(dtype), y);
      const std::vector<double> result = values(y);
      CHECK(std::isnan(result[0]));
      for (int i : {1, 2}) {
        const double expected = named.value(i == 1 ? kInfinity : -kInfinity);
        CHECK((result[i] == expected || std::fabs(result[i] - expected) < 1e-30));
      }
    }
  }
}

TEST_CASE("f32 exponentials keep their relative accuracy") {
  const cpu::Activate<ActivationKind::elu, float> elu{1.0f};
  const cpu::Activate<ActivationKind::sigmoid, float> sigmoid{0.0f};
  double worst_elu = 0, worst_sigmoid = 0;
  for (double exponent = -30; exponent < 6.4; exponent += 1e-4) {
    for (const float x : {float(std::exp2(exponent)), -float(std::exp2(exponent))}) {
      const double s = 1 / (1 + std::exp(-double(x)));
      worst_sigmoid = std::max(worst_sigmoid, std::fabs(sigmoid(x) - s) / s);
      if (x > 0) continue;
      const double e = std::expm1(double(x));
      worst_elu = std::max(worst_elu, std::fabs((elu(x) - e) / e));
    }
  }
  CHECK(worst_elu < 3e-7);
  CHECK(worst_sigmoid < 3e-7);
}

TEST_CASE("fill writes every dtype") {
  for (const DType dtype : {DType::f64, DType::f32, DType::bf16, DType::u8, DType::i64}) {
    CAPTURE(name_of(dtype));
    const GuardedTensor y({1003}, dtype);
    ops.fill(y, 3);
    CHECK(y.intact());
    for (const double value : values(y)) CHECK(value == 3);
  }
}

TEST_CASE("convert rounds to nearest even and truncates to integers") {
  const auto converted = [](const std::vector<double>& in, DType through) {
    return values(Tensor::from(in, {std::int64_t(in.size())}).to(through));
  };
  // bf16 keeps 8 bits: steps of 2^-7 above 1.
  const double step = 0x1p-7;
  CHECK(converted({1 + step / 2, 1 + step * 1.5, 1 + step * 0.51}, DType::bf16) ==
        std::vector<double>{1, 1 + 2 * step, 1 + step});
  // A hair above a tie, lost if the value went through f32 first.
  CHECK(converted({1 + step / 2 + 0x1p-40, -1 - step / 2 - 0x1p-40}, DType::bf16) ==
        std::vector<double>{1 + step, -1 - step});
  CHECK(converted({1e39, -1e300}, DType::bf16) == std::vector<double>{kInfinity, -kInfinity});
  CHECK(std::isnan(converted({kNaN}, DType::bf16)[0]));
  CHECK(converted({1 + 0x1p-24, 1 + 3 * 0x1p-24}, DType::f32) ==
        std::vector<double>{1, 1 + 0x1p-22});
  CHECK(converted({2.9, -0.9, 255.9, 256, -3, kNaN}, DType::u8) ==
        std::vector<double>{2, 0, 255, 255, 0, 0});
  CHECK(converted({-2.9, 2.9, kNaN}, DType::i64) == std::vector<double>{-2, 2, 0});
  CHECK(Tensor::from<std::int64_t>({-1, 77, 300}, {3}).to(DType::u8).to_vector<std::uint8_t>() ==
        std::vector<std::uint8_t>{0, 77, 255});
}

TEST_CASE("every f32 goes through f64 and back") {
  Rng rng(3);
  const Tensor x = random_normal(rng, {40001}, DType::f32);
  CHECK(identical(x.to(DType::f64).to(DType::f32), x));
  const Tensor coarse = x.to(DType::bf16);
  CHECK(identical(coarse.to(DType::f64).to(DType::bf16), coarse));
  CHECK(identical(x.to(DType::f64).to(DType::bf16), coarse));
}
