#include "layers/gradcheck_cases.h"

#include <algorithm>
#include <cmath>

#include "autograd/functions.h"
#include "layers/activation.h"
#include "layers/conv.h"
#include "layers/linear.h"
#include "layers/loss.h"
#include "layers/norm.h"
#include "layers/pool.h"
#include "layers/views.h"

namespace voxgrad {
namespace {

// Farther from a kink than any step of a gradient check goes.
constexpr double kMargin = 1e-3;

std::int64_t draw(Rng& rng, std::int64_t low, std::int64_t high) {
  return low + std::int64_t(rng.below(std::uint64_t(high - low + 1)));
}

Tensor random_tensor(Rng& rng, const Shape& shape, double low = -1, double high = 1) {
  Tensor tensor(shape, DType::f64);
  for (std::int64_t i = 0; i < shape.numel(); ++i)
    tensor.data<double>()[i] = rng.uniform(low, high);
  return tensor;
}

// All values differ by at least 2 * kMargin, so that maxima stay maxima.
Tensor distinct_tensor(Rng& rng, const Shape& shape) {
  Tensor tensor(shape, DType::f64);
  const std::vector<std::int64_t> order = rng.permutation(shape.numel());
  for (std::size_t i = 0; i < order.size(); ++i)
    tensor.data<double>()[i] = double(order[i]) * 0.01 - 0.005 * double(order.size());
  return tensor;
}

bool away_from(const Tensor& tensor, double kink) {
  const double* values = tensor.data<double>();
  return std::all_of(values, values + tensor.numel(),
                     [kink](double value) { return std::abs(value - kink) > kMargin; });
}

// Whether an activation can be checked on these values: none near the kink at 0, and some above
// it, as relu has no gradient at all below. Exact zeros are results that no input reaches (gaps of
// a transposed convolution): they never move.
bool suits_activation(const Tensor& tensor) {
  const double* values = tensor.data<double>();
  const double* end = values + tensor.numel();
  return std::all_of(values, end, [](double v) { return v == 0 || std::abs(v) > kMargin; }) &&
         std::any_of(values, end, [](double v) { return v > 0; });
}

Activation random_activation(Rng& rng) {
  switch (draw(rng, 0, 4)) {
    case 0:
      return Activation::relu();
    case 1:
      return Activation::leaky_relu(rng.uniform(0.05, 0.5));
    case 2:
      return Activation::elu(rng.uniform(0.5, 1.5));
    case 3:
      return Activation::sigmoid();
    default:
      return Activation::identity();
  }
}

const char* name_of(Activation activation) {
  constexpr const char* names[] = {"identity", "relu", "leaky_relu", "elu", "sigmoid"};
  return names[int(activation.kind)];
}

template <class T>
std::string list(const T& triple, int rank) {
  std::string text;
  for (int axis = 3 - rank; axis < 3; ++axis)
    text += (text.empty() ? "" : "x") + std::to_string(triple[axis]);
  return text;
}

Shape spatial(std::int64_t first, const Triple& extents, std::int64_t last, int rank) {
  if (rank == 2) return {first, extents[1], extents[2], last};
  return {first, extents[0], extents[1], extents[2], last};
}

GradcheckCase convolution_case(Rng& rng, int rank, bool transposed) {
  ConvOptions options;
  Triple kernel, extents;
  for (int axis = 0; axis < 3; ++axis) {
    kernel[axis] = draw(rng, 1, rank == 2 ? 4 : 3);
    options.stride[axis] = draw(rng, 1, 3);
    options.padding[axis] = draw(rng, 0, kernel[axis] - 1);
    // The smallest input with a result: a window must fit, or for a transposed layer,
    // (input-1)*stride + kernel must exceed the padding on both sides.
    const std::int64_t lacking =
        std::max<std::int64_t>(0, 2 * options.padding[axis] - kernel[axis] + 1);
    const std::int64_t least =
        transposed ? 1 + (lacking + options.stride[axis] - 1) / options.stride[axis]
                   : std::max<std::int64_t>(1, kernel[axis] - 2 * options.padding[axis]);
    extents[axis] = least + draw(rng, 0, 3);
  }
  const std::int64_t batch = draw(rng, 1, 2), in = draw(rng, 1, 4), out = draw(rng, 1, 4);
  const bool with_bias = draw(rng, 0, 3) > 0;
  const Activation act = draw(rng, 0, 1) ? random_activation(rng) : Activation::identity();
  GradcheckCase result;
  const auto function = transposed ? conv_transpose : conv;
  do {
    result.inputs = {Variable(random_tensor(rng, spatial(batch, extents, in, rank)), true),
                     Variable(random_tensor(rng, transposed ? spatial(in, kernel, out, rank)
                                                            : spatial(out, kernel, in, rank)),
                              true)};
    if (with_bias) result.inputs.emplace_back(random_tensor(rng, {out}), true);
  } while (!suits_activation(function(result.inputs[0], result.inputs[1],
                                      with_bias ? result.inputs[2] : Variable(), options,
                                      Activation::identity())
                                 .value()));
  result.function = [=](const std::vector<Variable>& inputs) {
    return function(inputs[0], inputs[1], inputs.size() > 2 ? inputs[2] : Variable(), options, act);
  };
  result.description =
      concat("input ", result.inputs[0].shape(), " kernel ", list(kernel, rank), " stride ",
             list(options.stride, rank), " padding ", list(options.padding, rank), " -> ", out,
             with_bias ? " bias " : " ", name_of(act));
  return result;
}

GradcheckCase batch_norm_case(Rng& rng, int rank) {
  const std::int64_t groups = draw(rng, 1, 3), channels = draw(rng, 1, 5);
  const bool training = draw(rng, 0, 3) > 0;
  const Activation act = random_activation(rng);
  const Triple extents{draw(rng, 1, 3), draw(rng, 2, 4), draw(rng, 1, 4)};
  const Shape shape = spatial(groups * draw(rng, 1, 3), extents, channels, rank);
  const Tensor mean = random_tensor(rng, {channels});
  const Tensor variance = random_tensor(rng, {channels}, 0.5, 2);
  // Running statistics are copied on every call: training updates them in place.
  const auto run = [=](const std::vector<Variable>& inputs, Activation a) {
    return batch_norm(inputs[0], inputs[1], inputs[2], mean.clone(), variance.clone(),
                      {.groups = groups, .training = training, .activation = a});
  };
  GradcheckCase result;
  do {
    result.inputs = {Variable(random_tensor(rng, shape, -2, 2), true),
                     Variable(random_tensor(rng, {channels}, 0.5, 1.5), true),
                     Variable(random_tensor(rng, {channels}), true)};
  } while (!suits_activation(run(result.inputs, Activation::identity()).value()));
  result.function = [run, act](const std::vector<Variable>& inputs) { return run(inputs, act); };
  result.description = concat("input ", shape, ' ', groups,
                              training ? " groups training " : " groups evaluation ", name_of(act));
  return result;
}

// With pooling: no ties in any window, and pixels that are in none.
GradcheckCase pooled_batch_norm_case(Rng& rng, int rank) {
  const std::int64_t groups = draw(rng, 1, 2), channels = draw(rng, 1, 3);
  const bool training = draw(rng, 0, 3) > 0;
  const Activation act = random_activation(rng);
  Triple window{1, 1, 1}, extents{1, 1, 1};
  for (int axis = 3 - rank; axis < 3; ++axis) {
    window[axis] = draw(rng, 1, 3);
    extents[axis] = window[axis] + draw(rng, 0, 1);
  }
  extents[2] = std::max<std::int64_t>(extents[2], 2);  // the norm of two values is nearly constant
  const Shape shape = spatial(groups * 2, extents, channels, rank);
  const Tensor mean = random_tensor(rng, {channels});
  const Tensor variance = random_tensor(rng, {channels}, 0.5, 2);
  const auto run = [=](const std::vector<Variable>& inputs, Activation a, const Triple& pool) {
    return batch_norm(inputs[0], inputs[1], inputs[2], mean.clone(), variance.clone(),
                      {.groups = groups, .training = training, .activation = a, .pool = pool});
  };
  GradcheckCase result;
  do {
    // Few values would be so close together that their norm bends within a step.
    const Variable spread =
        affine(Variable(distinct_tensor(rng, shape)), std::max(1.0, 400.0 / double(shape.numel())));
    result.inputs = {Variable(spread.value(), true),
                     Variable(random_tensor(rng, {channels}, 0.5, 1.5), true),
                     Variable(random_tensor(rng, {channels}), true)};
  } while (!suits_activation(run(result.inputs, Activation::identity(), Triple{1, 1, 1}).value()) ||
           !suits_activation(run(result.inputs, Activation::identity(), window).value()));
  result.function = [=](const std::vector<Variable>& inputs) { return run(inputs, act, window); };
  result.description =
      concat("input ", shape, ' ', groups, training ? " groups training " : " groups evaluation ",
             name_of(act), " windows ", list(window, rank));
  return result;
}

GradcheckCase activation_case(Rng& rng, Activation act) {
  const Shape shape{draw(rng, 1, 4), draw(rng, 1, 7)};
  GradcheckCase result;
  do {
    result.inputs = {Variable(random_tensor(rng, shape, -3, 3), true)};
  } while (!suits_activation(result.inputs[0].value()));
  result.function = [act](const std::vector<Variable>& inputs) {
    return activation(inputs[0], act);
  };
  result.description = concat("input ", shape);
  return result;
}

GradcheckCase pool_case(Rng& rng, int rank) {
  Triple kernel, stride, padding, extents;
  for (int axis = 0; axis < 3; ++axis) {
    kernel[axis] = draw(rng, 1, 3);
    padding[axis] = draw(rng, 0, kernel[axis] / 2);
    stride[axis] =
        draw(rng, 1, 3);  // below the kernel size windows overlap, above it they leave gaps
    extents[axis] = kernel[axis] + draw(rng, 0, 4);
  }
  const Shape shape = spatial(draw(rng, 1, 2), extents, draw(rng, 1, 3), rank);
  GradcheckCase result;
  result.inputs = {Variable(distinct_tensor(rng, shape), true)};
  result.function = [=](const std::vector<Variable>& inputs) {
    return max_pool(inputs[0], kernel, stride, padding);
  };
  result.description = concat("input ", shape, " kernel ", list(kernel, rank), " stride ",
                              list(stride, rank), " padding ", list(padding, rank));
  return result;
}

GradcheckCase linear_case(Rng& rng) {
  const std::int64_t batch = draw(rng, 1, 4), in = draw(rng, 1, 6), out = draw(rng, 1, 6);
  const bool with_bias = draw(rng, 0, 2) > 0;
  const Activation act = random_activation(rng);
  GradcheckCase result;
  do {
    result.inputs = {Variable(random_tensor(rng, {batch, in}), true),
                     Variable(random_tensor(rng, {out, in}), true)};
    if (with_bias) result.inputs.emplace_back(random_tensor(rng, {out}), true);
  } while (!suits_activation(
      linear(result.inputs[0], result.inputs[1], with_bias ? result.inputs[2] : Variable())
          .value()));
  result.function = [act](const std::vector<Variable>& inputs) {
    return linear(inputs[0], inputs[1], inputs.size() > 2 ? inputs[2] : Variable(), act);
  };
  result.description =
      concat(batch, 'x', in, " -> ", out, with_bias ? " bias " : " ", name_of(act));
  return result;
}

GradcheckCase softmax_case(Rng& rng) {
  const Shape shape{draw(rng, 2, 4), draw(rng, 1, 3), draw(rng, 1, 4)};
  return {"",
          concat("input ", shape),
          {Variable(random_tensor(rng, shape, -2, 2), true)},
          [](const std::vector<Variable>& inputs) { return softmax_over_views(inputs[0]); }};
}

GradcheckCase weighted_sum_case(Rng& rng) {
  const Shape shape{draw(rng, 1, 4), draw(rng, 1, 3), draw(rng, 1, 4)};
  return {"",
          concat("input ", shape),
          {Variable(random_tensor(rng, shape), true), Variable(random_tensor(rng, shape), true)},
          [](const std::vector<Variable>& inputs) {
            return weighted_sum_over_views(inputs[0], inputs[1]);
          }};
}

GradcheckCase clamp_case(Rng& rng) {
  const Shape shape{draw(rng, 2, 5), draw(rng, 2, 5)};
  Tensor x;
  do {
    x = random_tensor(rng, shape, -0.5, 1.5);
    x.data<double>()[0] = 0.5;  // inside, so that the gradient cannot vanish everywhere
  } while (!away_from(x, 0) || !away_from(x, 1));
  return {"",
          concat("input ", shape, " to [0,1]"),
          {Variable(x, true)},
          [](const std::vector<Variable>& inputs) { return clamp(inputs[0], 0, 1); }};
}

GradcheckCase concat_case(Rng& rng) {
  const std::int64_t rows = draw(rng, 1, 5), a = draw(rng, 1, 5), b = draw(rng, 1, 5);
  return {
      "",
      concat(rows, " rows, ", a, " and ", b, " channels"),
      {Variable(random_tensor(rng, {rows, 2, a}), true),
       Variable(random_tensor(rng, {rows, 2, b}), true)},
      [](const std::vector<Variable>& inputs) { return concat_channels(inputs[0], inputs[1]); }};
}

GradcheckCase permute_case(Rng& rng) {
  const int rank = int(draw(rng, 2, Shape::max_rank));
  std::vector<std::int64_t> extents(rank);
  for (auto& extent : extents) extent = draw(rng, 1, 3);
  Permutation order{};
  const std::vector<std::int64_t> drawn = rng.permutation(rank);
  std::copy(drawn.begin(), drawn.end(), order.begin());
  const Shape shape(extents);
  return {"",
          concat("input ", shape, " to ", shape.numel(), " elements"),
          {Variable(random_tensor(rng, shape), true)},
          [order](const std::vector<Variable>& inputs) { return permute(inputs[0], order); }};
}

// Reshape, slicing, sums and arithmetic in one expression, with an input used twice.
GradcheckCase arithmetic_case(Rng& rng) {
  const Shape shape{draw(rng, 2, 4), draw(rng, 1, 3)};
  return {"",
          concat("(a*b - 2a + 1) / b, rows and mean of ", shape),
          {Variable(random_tensor(rng, shape), true),
           Variable(random_tensor(rng, shape, 0.5, 2), true)},
          [shape](const std::vector<Variable>& inputs) {
            const Variable& a = inputs[0];
            const Variable& b = inputs[1];
            const Variable quotient =
                divide(add(subtract(multiply(a, b), affine(a, 2)), affine(b, 0.5, 1)), b);
            const Variable rows = slice_rows(quotient, 1, shape[0]);
            return add(mean(reshape(rows, {rows.value().numel()})),
                       affine(sum(multiply(quotient, a)), 0.1));
          }};
}

GradcheckCase loss_case(Rng& rng) {
  const Shape shape{draw(rng, 1, 3), draw(rng, 1, 9)};
  const Tensor target = random_tensor(rng, shape, 0, 1);
  return {"",
          concat("input ", shape),
          {Variable(random_tensor(rng, shape, 0.1, 0.9), true)},
          [target](const std::vector<Variable>& inputs) {
            return binary_cross_entropy(inputs[0], target.to(inputs[0].device()));
          }};
}

GradcheckCase focal_case(Rng& rng) {
  const Shape shape{draw(rng, 1, 3), draw(rng, 1, 9)};
  const Tensor target = random_tensor(rng, shape, 0, 1);
  const double gamma = rng.uniform(1, 4);
  return {"",
          concat("input ", shape, ", gamma ", gamma),
          {Variable(random_tensor(rng, shape, 0.1, 0.9), true)},
          [target, gamma](const std::vector<Variable>& inputs) {
            return focal_loss(inputs[0], target.to(inputs[0].device()), gamma);
          }};
}

GradcheckCase dice_case(Rng& rng) {
  const Shape shape{draw(rng, 1, 4), draw(rng, 1, 5), draw(rng, 1, 5)};
  const Tensor target = random_tensor(rng, shape, 0, 1);
  const double smoothing = rng.uniform(0.1, 3);
  return {"",
          concat("input ", shape, ", smoothing ", smoothing),
          {Variable(random_tensor(rng, shape, 0.1, 0.9), true)},
          [target, smoothing](const std::vector<Variable>& inputs) {
            return dice_loss(inputs[0], target.to(inputs[0].device()), smoothing);
          }};
}

struct Family {
  const char* layer;
  GradcheckCase (*make)(Rng&);
};

constexpr Family kFamilies[] = {
    {"conv2d", [](Rng& rng) { return convolution_case(rng, 2, false); }},
    {"conv3d", [](Rng& rng) { return convolution_case(rng, 3, false); }},
    {"conv_transpose2d", [](Rng& rng) { return convolution_case(rng, 2, true); }},
    {"conv_transpose3d", [](Rng& rng) { return convolution_case(rng, 3, true); }},
    {"batch_norm2d", [](Rng& rng) { return batch_norm_case(rng, 2); }},
    {"batch_norm3d", [](Rng& rng) { return batch_norm_case(rng, 3); }},
    {"relu", [](Rng& rng) { return activation_case(rng, Activation::relu()); }},
    {"leaky_relu",
     [](Rng& rng) { return activation_case(rng, Activation::leaky_relu(rng.uniform(0.01, 0.9))); }},
    {"elu", [](Rng& rng) { return activation_case(rng, Activation::elu(rng.uniform(0.5, 2))); }},
    {"sigmoid", [](Rng& rng) { return activation_case(rng, Activation::sigmoid()); }},
    {"max_pool2d", [](Rng& rng) { return pool_case(rng, 2); }},
    {"max_pool3d", [](Rng& rng) { return pool_case(rng, 3); }},
    {"linear", linear_case},
    {"softmax_over_views", softmax_case},
    {"weighted_sum_over_views", weighted_sum_case},
    {"clamp", clamp_case},
    {"concat_channels", concat_case},
    {"permute", permute_case},
    {"arithmetic", arithmetic_case},
    {"binary_cross_entropy", loss_case},
    {"focal_loss", focal_case},
    {"dice_loss", dice_case},
    {"batch_norm_pool2d", [](Rng& rng) { return pooled_batch_norm_case(rng, 2); }},
    {"batch_norm_pool3d", [](Rng& rng) { return pooled_batch_norm_case(rng, 3); }},
};

}  // namespace

std::vector<std::string> gradcheck_layers() {
  std::vector<std::string> names;
  for (const Family& family : kFamilies) names.emplace_back(family.layer);
  return names;
}

GradcheckCase make_gradcheck_case(const std::string& layer, std::uint64_t seed, std::uint64_t index,
                                  Device device) {
  for (const Family& family : kFamilies) {
    if (layer != family.layer) continue;
    Rng rng(seed, {std::uint64_t(&family - kFamilies), index});
    GradcheckCase result = family.make(rng);
    result.layer = layer;
    for (Variable& input : result.inputs) input = Variable(input.value().to(device), true);
    return result;
  }
  std::string known;
  for (const Family& family : kFamilies) known += concat(known.empty() ? "" : ", ", family.layer);
  fail<ConfigError>("[gradcheck] no layer '", layer, "'; there are ", known);
}

}  // namespace voxgrad
