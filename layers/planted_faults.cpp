#include "layers/planted_faults.h"

#include <algorithm>
#include <cmath>

#include "layers/init.h"

namespace voxgrad {
namespace {

using Values = std::vector<double>;

/// right: the gradient that the layer gives for the input, in shape; x: the input itself.
using Change = Values (*)(const Values& right, const Shape& shape, const Values& x);

template <class F>
Values each(const Values& values, F f) {
  Values result(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) result[i] = f(values[i], i);
  return result;
}

std::int64_t last(const Shape& shape) {
  return std::max<std::int64_t>(1, shape[-1]);
}

/// Rows and columns exchanged, the data as it was: what a transposed index does.
Values transposed(const Values& right, const Shape& shape, const Values&) {
  const std::int64_t columns = last(shape), rows = std::int64_t(right.size()) / columns;
  return each(right, [&](double, std::size_t i) {
    const auto at = std::int64_t(i);
    return right[std::size_t(at % rows * columns + at / rows)];
  });
}

struct Fault {
  const char* name;
  const char* layer;
  std::size_t input;  // whose gradient is wrong
  Change change;
};

constexpr Fault kFaults[] = {
    {"sign", "linear", 0,
     [](const Values& right, const Shape&, const Values&) {
       return each(right, [](double v, std::size_t) { return -v; });
     }},
    {"counted twice", "arithmetic", 0,
     [](const Values& right, const Shape&, const Values&) {
       return each(right, [](double v, std::size_t) { return 2 * v; });
     }},
    {"half", "sigmoid", 0,
     [](const Values& right, const Shape&, const Values&) {
       return each(right, [](double v, std::size_t) { return v / 2; });
     }},
    {"mean in place of the sum", "conv2d", 1,
     [](const Values& right, const Shape&, const Values&) {
       return each(right, [&](double v, std::size_t) { return v / double(right.size()); });
     }},
    {"detached", "conv3d", 0,
     [](const Values& right, const Shape&, const Values&) { return Values(right.size(), 0.0); }},
    {"transposed", "linear", 1, transposed},
    {"first channel only", "batch_norm2d", 1,
     [](const Values& right, const Shape&, const Values&) {
       return each(right, [](double v, std::size_t i) { return i == 0 ? v : 0; });
     }},
    {"last channel forgotten", "concat_channels", 0,
     [](const Values& right, const Shape& shape, const Values&) {
       return each(right, [&](double v, std::size_t i) {
         return std::int64_t(i) % last(shape) == last(shape) - 1 ? 0 : v;
       });
     }},
    {"kernel not flipped", "conv_transpose2d", 1,
     [](const Values& right, const Shape& shape, const Values&) {  // [first, taps.., last]
       const std::int64_t width = last(shape);
       const std::int64_t taps = std::int64_t(right.size()) / (shape[0] * width);
       return each(right, [&](double, std::size_t i) {
         return right[std::size_t(std::int64_t(i) +
                                  (taps - 1 - 2 * (std::int64_t(i) / width % taps)) * width)];
       });
     }},
    {"shifted by one", "conv3d", 1,
     [](const Values& right, const Shape&, const Values&) {
       return each(right, [&](double, std::size_t i) { return i == 0 ? 0 : right[i - 1]; });
     }},
    {"one element wrong", "conv_transpose3d", 0,
     [](const Values& right, const Shape&, const Values&) {
       return each(right, [&](double v, std::size_t i) {
         return i == right.size() / 2 ? v + 1e-3 * (1 + std::abs(v)) : v;
       });
     }},
    {"slope of 1 where x is negative", "leaky_relu", 0,
     [](const Values& right, const Shape&, const Values& x) {
       return each(right, [&](double v, std::size_t i) { return x[i] < 0 ? 1 + v : v; });
     }},
    {"ELU's slope from y", "elu", 0,
     [](const Values& right, const Shape&, const Values& x) {
       return each(right,
                   [&](double v, std::size_t i) { return x[i] < 0 ? v * std::exp(-x[i]) : v; });
     }},
    {"gradient where the value was clamped", "clamp", 0,
     [](const Values& right, const Shape&, const Values&) {
       return each(right, [](double v, std::size_t) { return v == 0 ? 1 : v; });
     }},
    {"every tap of a pooling window", "max_pool2d", 0,
     [](const Values& right, const Shape&, const Values&) {
       double total = 0;
       for (const double v : right) total += v;
       return Values(right.size(), total / double(right.size()));
     }},
    {"the statistics taken as constants", "batch_norm3d", 0,
     [](const Values& right, const Shape& shape, const Values& x) {
       // Leaves out what the mean's gradient takes away: some constant per channel.
       return each(right, [&](double v, std::size_t i) {
         return v + 0.1 * std::abs(x[i % std::size_t(last(shape))]);
       });
     }},
    {"the mean over views not subtracted", "softmax_over_views", 0,
     [](const Values& right, const Shape&, const Values&) {
       return each(right, [](double v, std::size_t) { return v + 0.01; });
     }},
    {"off by one in a million", "weighted_sum_over_views", 0,
     [](const Values& right, const Shape&, const Values&) {
       return each(right, [](double v, std::size_t) { return v * (1 + 2e-6); });
     }},
    {"not a number", "binary_cross_entropy", 0,
     [](const Values& right, const Shape&, const Values&) {
       return each(right, [&](double v, std::size_t i) {
         return i + 1 == right.size() ? std::nan("") : v;
       });
     }},
    {"the order of dimensions not undone", "permute", 0,
     [](const Values& right, const Shape& shape, const Values& x) {
       Values result = transposed(right, shape, x);
       if (result == right) std::reverse(result.begin(), result.end());
       return result;
     }},
};

/// x, with a gradient that `change` has spoilt.
Variable spoilt(const Variable& x, Change change) {
  return make_result(x.value(), "planted", {x}, [x, change](const Tensor& dy) {
    const Values wrong = change(dy.to_vector<double>(), dy.shape(), x.value().to_vector<double>());
    return std::vector{Tensor::from(wrong, dy.shape()).to(dy.device())};
  });
}

/// Whether the fault makes a difference in this case: not all that are drawn have a border, a
/// second channel or a negative input.
bool shows(const Fault& fault, const GradcheckCase& drawn) {
  std::vector<Variable> inputs;
  for (const Variable& input : drawn.inputs) inputs.emplace_back(input.value(), true);
  const Variable result = drawn.function(inputs);
  Rng rng(1, {0x706c616e74});
  const Tensor cotangent(result.shape(), DType::f64);
  uniform(cotangent, 0.5, 1.5, rng);
  result.backward(cotangent.to(result.device()));
  const Variable& input = inputs[fault.input];
  const Values right = input.grad().to_vector<double>();
  const Values wrong = fault.change(right, input.shape(), input.value().to_vector<double>());
  double scale = 0, difference = 0;
  for (std::size_t i = 0; i < right.size(); ++i) {
    scale = std::max(scale, std::abs(right[i]));
    const double here = std::abs(wrong[i] - right[i]);
    difference = std::isnan(here) ? 1e300 : std::max(difference, here);
  }
  return difference > 1.5e-6 * scale;
}

GradcheckCase find_case(const Fault& fault, std::uint64_t seed, Device device) {
  for (std::uint64_t index = 0; index < 100; ++index) {
    GradcheckCase drawn = make_gradcheck_case(fault.layer, seed, index, device);
    if (shows(fault, drawn)) return drawn;
  }
  fail("[planted_faults] no case of ", fault.layer, " in 100 shows the fault '", fault.name, "'");
}

}  // namespace

std::vector<PlantedFault> planted_faults(std::uint64_t seed, Device device) {
  std::vector<PlantedFault> result;
  for (const Fault& fault : kFaults) {
    GradcheckCase wrong = find_case(fault, seed, device);
    wrong.function = [right = wrong.function, fault](const std::vector<Variable>& inputs) {
      std::vector<Variable> changed = inputs;
      changed[fault.input] = spoilt(inputs[fault.input], fault.change);
      return right(changed);
    };
    result.push_back({fault.name, fault.layer, std::move(wrong)});
  }
  return result;
}

}  // namespace voxgrad
