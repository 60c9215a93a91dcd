// Reductions, the loss and the fusing of views.
#include <cmath>
#include <limits>

#include "tests/cpu/kernel_cases.h"

using namespace voxgrad;
using namespace voxgrad::testing;

TEST_CASE("sum, column sums and spread") {
  Rng rng(31);
  for (const DType dtype : kFloats) {
    for (const std::int64_t rows : kLengths) {
      const std::int64_t channels = random_int(rng, 1, 19);
      const Tensor x = random_uniform(rng, {rows, channels}, 0, 1, dtype);
      const std::vector<double> in = values(x);
      std::vector<double> columns(std::size_t(channels), 0);
      double total = 0;
      for (std::size_t i = 0; i < in.size(); ++i) {
        columns[i % std::size_t(channels)] += in[i];
        total += in[i];
      }
      const GuardedTensor sums({channels}, dtype), sum({1}, dtype), copies({rows}, dtype);
      cpu::reduce_ops().column_sums(x, sums);
      check_result(sums, columns, 10);
      cpu::reduce_ops().sum(x, sum);
      check_result(sum, {total}, 10);
      cpu::reduce_ops().broadcast(sum, copies);
      CHECK(copies.intact());
      for (const double value : values(copies)) REQUIRE(value == values(sum)[0]);
    }
  }
}

TEST_CASE(
    "flag_non_finite sets its flag for a bad element of any tensor, and never takes it back") {
  Rng rng(34);
  const Tensor flag = Tensor::zeros({1});
  const std::vector<Tensor> tensors{random_normal(rng, {7}, DType::f32), random_normal(rng, {3}),
                                    random_normal(rng, {100}, DType::f32)};
  cpu::reduce_ops().flag_non_finite(tensors, flag);
  CHECK(flag.item() == 0);
  const Tensor spoiled = tensors[1].slice(2, 3);
  const double good = spoiled.item();
  spoiled.fill(std::numeric_limits<double>::infinity());
  cpu::reduce_ops().flag_non_finite(tensors, flag);
  CHECK(flag.item() == 1);
  spoiled.fill(good);
  cpu::reduce_ops().flag_non_finite(tensors, flag);
  CHECK(flag.item() == 1);
}

TEST_CASE("all_finite sees one bad element anywhere") {
  Rng rng(32);
  for (const DType dtype : kFloats) {
    for (const std::int64_t n : kLengths) {
      const Tensor x = random_normal(rng, {n}, dtype);
      CHECK(cpu::reduce_ops().all_finite(x));
      for (const double bad :
           {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
            -std::numeric_limits<double>::infinity()}) {
        const Tensor spoiled = x.clone();
        const std::int64_t at = random_int(rng, 0, n - 1);
        spoiled.slice(at, at + 1).fill(bad);
        CHECK_FALSE(cpu::reduce_ops().all_finite(spoiled));
      }
      x.fill(dtype == DType::f64 ? 1e308 : 3e38);  // the sum would overflow; no element does
      CHECK(cpu::reduce_ops().all_finite(x));
    }
  }
}

TEST_CASE("binary cross-entropy and its gradient") {
  Rng rng(33);
  for (const DType dtype : kFloats) {
    for (const std::int64_t n : kLengths) {
      const Tensor p = random_uniform(rng, {n}, 0.01, 0.99, dtype);
      const Tensor t = random_uniform(rng, {n}, 0, 1, dtype);
      const Tensor dloss = Tensor::full({1}, 10, dtype);
      const std::vector<double> ps = values(p), ts = values(t);
      double loss = 0;
      std::vector<double> gradient(ps.size());
      for (std::size_t i = 0; i < ps.size(); ++i) {
        loss -= (ts[i] * std::log(ps[i]) + (1 - ts[i]) * std::log1p(-ps[i])) / double(n);
        gradient[i] = 10 / double(n) * (ps[i] - ts[i]) / (ps[i] * (1 - ps[i]));
      }
      const GuardedTensor y({1}, dtype), dp({n}, dtype);
      cpu::loss_ops().binary_cross_entropy(p, t, y);
      check_result(y, {loss}, 10);
      cpu::loss_ops().binary_cross_entropy_backward(p, t, dloss, dp);
      check_result(dp, gradient, 10);
    }
    const Tensor certain = Tensor::from<double>({0, 1, 0, 1}, {4}).to(dtype);
    const Tensor truth = Tensor::from<double>({1, 0, 0, 1}, {4}).to(dtype);
    const GuardedTensor y({1}, dtype), dp({4}, dtype);
    cpu::loss_ops().binary_cross_entropy(certain, truth, y);
    check_result(y, {50});  // each log is clamped at -100
    cpu::loss_ops().binary_cross_entropy_backward(certain, truth, Tensor::full({1}, 1, dtype), dp);
    check_result(dp, {-0.25 / double(1e-12f), 0.25 / double(1e-12f), 0, 0});
  }
}

TEST_CASE("softmax over views, weighted sum, and their gradients") {
  Rng rng(34);
  for (const DType dtype : kFloats) {
    for (const std::int64_t n : {1, 5, 33, 20001}) {
      const std::int64_t views = random_int(rng, 1, 5);
      const Tensor x = random_normal(rng, {views, n}, dtype);
      const Tensor w = random_normal(rng, {views, n}, dtype);
      const Tensor dy = random_normal(rng, {views, n}, dtype);
      const Tensor dfused = random_normal(rng, {n}, dtype);
      const std::vector<double> xs = values(x), ws = values(w), dys = values(dy),
                                dfs = values(dfused);
      std::vector<double> soft(xs.size()), dsoft(xs.size()), fused(std::size_t(n), 0),
          dw(xs.size()), dx(xs.size());
      for (std::int64_t i = 0; i < n; ++i) {
        double total = 0, mean = 0;
        for (std::int64_t v = 0; v < views; ++v) total += std::exp(xs[v * n + i]);
        for (std::int64_t v = 0; v < views; ++v) {
          const std::int64_t at = v * n + i;
          soft[at] = std::exp(xs[at]) / total;
          mean += soft[at] * dys[at];
          fused[i] += ws[at] * xs[at];
          dw[at] = dfs[i] * xs[at];
          dx[at] = dfs[i] * ws[at];
        }
        for (std::int64_t v = 0; v < views; ++v)
          dsoft[v * n + i] = soft[v * n + i] * (dys[v * n + i] - mean);
      }
      const Shape shape{views, n};
      const GuardedTensor y(shape, dtype), dsoftmax(shape, dtype), sum({n}, dtype);
      const GuardedTensor weight_gradient(shape, dtype), input_gradient(shape, dtype);
      cpu::view_ops().softmax(x, y);
      check_result(y, soft, 5);
      cpu::view_ops().softmax_backward(y, dy, dsoftmax);
      check_result(dsoftmax, dsoft, 5);
      cpu::view_ops().weighted_sum(w, x, sum);
      check_result(sum, fused, 5);
      cpu::view_ops().weighted_sum_backward(w, x, dfused, weight_gradient, {});
      check_result(weight_gradient, dw);
      cpu::view_ops().weighted_sum_backward(w, x, dfused, {}, input_gradient);
      check_result(input_gradient, dx);
    }
  }
}

TEST_CASE("softmax takes large values, and one view has weight 1") {
  for (const DType dtype : kFloats) {
    const GuardedTensor y({2, 1}, dtype), one({1, 3}, dtype);
    cpu::view_ops().softmax(Tensor::from<double>({5000, 5000}, {2, 1}).to(dtype), y);
    check_result(y, {0.5, 0.5});
    cpu::view_ops().softmax(Tensor::from<double>({-7, 0, 1e4}, {1, 3}).to(dtype), one);
    CHECK(values(one) == std::vector<double>{1, 1, 1});
  }
}
