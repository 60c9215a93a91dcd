// Sums, the loss, views and optimizers.
#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/cuda/device_cases.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

/// |sum - exact| as a share of 4 sqrt(K) units of rounding of the sum of magnitudes.
double error_over_bound(const Tensor& actual, const Tensor& x) {
  const std::int64_t channels = actual.numel(), rows = x.numel() / channels;
  const Tensor wide = x.to(DType::f64), sums = actual.to(DType::f64);
  const double unit = actual.dtype() == DType::f64 ? 0x1p-53 : 0x1p-24;
  double worst = 0;
  for (std::int64_t c = 0; c < channels; ++c) {
    double sum = 0, magnitude = 0;
    for (std::int64_t r = 0; r < rows; ++r) {
      sum += wide.data<double>()[r * channels + c];
      magnitude += std::fabs(wide.data<double>()[r * channels + c]);
    }
    const double error = std::fabs(sums.data<double>()[c] - sum);
    const double share = error / (4 * std::sqrt(double(rows)) * unit * magnitude);
    if (!(share < 1e300)) return std::numeric_limits<double>::infinity();
    worst = std::max(worst, share);
  }
  return worst;
}

}  // namespace

TEST_CASE("sums and column sums err less than rounding allows") {
  if (no_device()) return;
  Rng rng(31);
  for (const DType dtype : kMaps) {
    for (const std::int64_t rows : {1, 2, 31, 500, 5003}) {
      for (const std::int64_t channels : {1, 3, 8, 33, 256}) {
        if (rows * channels > 200000) continue;
        CAPTURE(concat(dtype, ' ', rows, " rows of ", channels));
        const Tensor x = random_normal(rng, {rows, channels}, dtype);
        const GuardedOutput columns({channels}, parameters_of(dtype));
        gpu().reduce.column_sums(to_gpu(x), columns);
        CHECK(error_over_bound(columns.get(), x) <= 1);
        const GuardedOutput odd({channels}, parameters_of(dtype));
        gpu().reduce.column_sums(to_gpu_misaligned(x), odd);
        CHECK(error_over_bound(odd.get(), x) <= 1);
      }
      const Tensor x = random_normal(rng, {rows}, dtype);
      const GuardedOutput sum({1}, parameters_of(dtype));
      gpu().reduce.sum(to_gpu(x), sum);
      CHECK(error_over_bound(sum.get(), x) <= 1);
    }
  }
}

TEST_CASE("a sum in the dtype of its terms, and the broadcast of one") {
  if (no_device()) return;
  for (const DType dtype : kMaps) {
    const GuardedOutput sum({1}, dtype), broadcast({4099}, dtype);
    gpu().reduce.sum(to_gpu(Tensor::full({100}, 0.25, dtype)), sum);
    CHECK(sum.get().item() == 25);
    gpu().reduce.broadcast(sum, broadcast);
    CHECK(identical(broadcast.get(), Tensor::full({4099}, 25, dtype)));
  }
}

TEST_CASE("all_finite sees one bad element anywhere") {
  if (no_device()) return;
  Rng rng(32);
  for (const DType dtype : kMaps) {
    for (const std::int64_t n : kLengths) {
      const Tensor x = random_normal(rng, {n}, dtype);
      CHECK(gpu().reduce.all_finite(to_gpu(x)));
      for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
        const Tensor spoiled = to_gpu(x).clone();
        const std::int64_t place = random_int(rng, 0, n - 1);
        spoiled.slice(place, place + 1).fill(bad);
        CHECK_FALSE(gpu().reduce.all_finite(spoiled));
      }
    }
  }
}

TEST_CASE("one look finds one bad element in any of many tensors of all float types") {
  if (no_device()) return;
  Rng rng(36);
  std::vector<Tensor> tensors;
  for (int i = 0; i < 400; ++i)
    tensors.push_back(
        to_gpu(random_normal(rng, {i == 5 ? 20001 : random_int(rng, 0, 40)}, kMaps[i % 3])));
  const Tensor flag = to_gpu(Tensor::zeros({1}));
  gpu().reduce.flag_non_finite(tensors, flag);
  CHECK(to_cpu(flag).item() == 0);
  for (const std::size_t i : {0, 5, 130, 131, 132, 397, 398, 399}) {
    CAPTURE(i);
    if (tensors[i].numel() == 0) continue;
    const Tensor place = tensors[i].slice(tensors[i].numel() - 1, tensors[i].numel());
    flag.fill(0);
    place.fill(std::numeric_limits<double>::infinity());
    gpu().reduce.flag_non_finite(tensors, flag);
    CHECK(to_cpu(flag).item() == 1);
    place.fill(0);
  }
}

TEST_CASE("binary cross-entropy and its gradient") {
  if (no_device()) return;
  Rng rng(33);
  for (const DType dtype : kFloats) {
    for (const std::int64_t n : {1, 7, 1000, 20001}) {
      Tensor p = random_uniform(rng, {n}, 0.01, 0.99, dtype);
      const Tensor t = random_uniform(rng, {n}, 0, 1, dtype);
      p.slice(0, 1).fill(n == 7 ? 0 : 1);  // a log that is clamped
      const Tensor loss({1}, DType::f64), dp({n}, DType::f64);
      const Tensor dloss = Tensor::full({1}, 10, DType::f64);
      cpu::loss_ops().binary_cross_entropy(p.to(DType::f64), t.to(DType::f64), loss);
      cpu::loss_ops().binary_cross_entropy_backward(p.to(DType::f64), t.to(DType::f64), dloss, dp);
      const GuardedOutput gloss({1}, dtype), gdp({n}, dtype);
      gpu().loss.binary_cross_entropy(to_gpu(p), to_gpu(t), gloss);
      gpu().loss.binary_cross_entropy_backward(to_gpu(p), to_gpu(t), to_gpu(dloss.to(dtype)), gdp);
      check_close(gloss.get(), loss, 3);
      check_close(gdp.get(), dp, 3);
    }
  }
}

TEST_CASE("softmax and weighted sum over views") {
  if (no_device()) return;
  Rng rng(34);
  for (const DType dtype : kFloats) {
    for (const std::int64_t views : {1, 3, 24}) {
      for (const std::int64_t n : {1, 37, 1000}) {
        const Shape shape{views, n};
        const Tensor x = random_uniform(rng, shape, -30, 30, dtype),
                     d = random_normal(rng, shape, dtype);
        const Tensor dsum = random_normal(rng, {n}, dtype);
        const auto wide = [](const Tensor& tensor) { return tensor.to(DType::f64); };
        const Tensor y(shape, DType::f64), dx(shape, DType::f64), sum({n}, DType::f64);
        const GuardedOutput gy(shape, dtype), gdx(shape, dtype), gsum({n}, dtype);
        cpu::view_ops().softmax(wide(x), y);
        gpu().views.softmax(to_gpu(x), gy);
        check_close(gy.get(), y, 3);
        const Tensor rounded = gy.get();
        cpu::view_ops().softmax_backward(wide(rounded), wide(d), dx);
        gpu().views.softmax_backward(to_gpu(rounded), to_gpu(d), gdx);
        check_close(gdx.get(), dx, 10);
        cpu::view_ops().weighted_sum(wide(rounded), wide(d), sum);
        gpu().views.weighted_sum(to_gpu(rounded), to_gpu(d), gsum);
        check_close(gsum.get(), sum, 10);
        const Tensor dw(shape, DType::f64), dv(shape, DType::f64);
        cpu::view_ops().weighted_sum_backward(wide(rounded), wide(d), wide(dsum), dw, dv);
        const GuardedOutput gdw(shape, dtype), gdv(shape, dtype), alone(shape, dtype);
        gpu().views.weighted_sum_backward(to_gpu(rounded), to_gpu(d), to_gpu(dsum), gdw, gdv);
        check_close(gdw.get(), dw);
        check_close(gdv.get(), dv);
        gpu().views.weighted_sum_backward(to_gpu(rounded), to_gpu(d), to_gpu(dsum), {}, alone);
        CHECK(identical(alone.get(), gdv.get()));
      }
    }
  }
}

TEST_CASE("Adam and SGD, many tensors of both dtypes at once") {
  if (no_device()) return;
  Rng rng(35);
  std::vector<AdamSlot> adam, gpu_adam;
  std::vector<SgdSlot> sgd, gpu_sgd;
  for (int i = 0; i < 150; ++i) {
    const DType dtype = i % 3 == 0 ? DType::f64 : DType::f32;
    const Shape shape{i == 7 || i == 8 ? 10001 : random_int(rng, 1, 60)};
    const AdamSlot slot{random_normal(rng, shape, dtype), random_normal(rng, shape, dtype),
                        random_normal(rng, shape, dtype), random_uniform(rng, shape, 0, 1, dtype),
                        rng.uniform(1e-4, 1e-2),          i + 1};
    // Some of them where packs do not fit.
    const auto place = [&](const Tensor& tensor) {
      return i % 7 == 0 ? to_gpu_misaligned(tensor) : to_gpu(tensor);
    };
    gpu_adam.push_back({place(slot.parameter), to_gpu(slot.gradient), to_gpu(slot.m), place(slot.v),
                        slot.learning_rate, slot.step});
    gpu_sgd.push_back({to_gpu(slot.parameter).clone(), to_gpu(slot.gradient),
                       to_gpu(slot.m).clone(), slot.learning_rate});
    if (i % 2 == 0) {
      gpu_adam.back().copy = to_gpu(Tensor::zeros(shape, DType::bf16));
      gpu_sgd.back().copy = to_gpu(Tensor::zeros(shape, DType::bf16));
    }
    sgd.push_back({slot.parameter.to(DType::f64).clone(), slot.gradient.to(DType::f64),
                   slot.m.to(DType::f64).clone(), slot.learning_rate});
    adam.push_back({slot.parameter.to(DType::f64).clone(), slot.gradient.to(DType::f64),
                    slot.m.to(DType::f64).clone(), slot.v.to(DType::f64).clone(),
                    slot.learning_rate, slot.step});
  }
  cpu::optimizer_ops().adam(adam, {}, {});
  gpu().optimizer.adam(gpu_adam, {}, {});
  cpu::optimizer_ops().sgd(sgd, 0.9, {});
  gpu().optimizer.sgd(gpu_sgd, 0.9, {});
  for (std::size_t i = 0; i < adam.size(); ++i) {
    CAPTURE(i);
    check_close(to_cpu(gpu_adam[i].parameter), adam[i].parameter);
    check_close(to_cpu(gpu_adam[i].m), adam[i].m);
    check_close(to_cpu(gpu_adam[i].v), adam[i].v);
    check_close(to_cpu(gpu_sgd[i].parameter), sgd[i].parameter);
    check_close(to_cpu(gpu_sgd[i].buffer), sgd[i].buffer);
    if (i % 2 != 0) continue;
    CHECK(identical(to_cpu(gpu_adam[i].copy), to_cpu(gpu_adam[i].parameter).to(DType::bf16)));
    CHECK(identical(to_cpu(gpu_sgd[i].copy), to_cpu(gpu_sgd[i].parameter).to(DType::bf16)));
  }
  CHECK_NOTHROW(gpu().optimizer.adam({}, {}, {}));
}
