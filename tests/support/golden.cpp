#include "tests/support/golden.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

#include "tests/support/source_tree.h"

namespace voxgrad::golden {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::uint32_t probe_number = 2000;  // of the probe's weights in the formula

/// Calls visit(ours, pytorchs) with the index of every element in our order and in PyTorch's.
template <class Visit>
void visit_elements(const Shape& shape, Visit visit) {
  const std::int64_t channels = shape.rank() < 3 ? 1 : shape[-1];
  const std::int64_t outer = shape.rank() < 3 ? 1 : shape[0];
  const std::int64_t positions = shape.numel() / std::max<std::int64_t>(1, outer * channels);
  std::int64_t ours = 0;
  for (std::int64_t n = 0; n < outer; ++n)
    for (std::int64_t p = 0; p < positions; ++p)
      for (std::int64_t c = 0; c < channels; ++c, ++ours)
        visit(ours, (n * channels + c) * positions + p);
}

/// Sets every element to rule(u(t, its index in PyTorch's order)).
template <class Rule>
void fill_by(const Tensor& tensor, std::uint32_t t, Rule rule) {
  dispatch_float("golden", tensor.dtype(), [&]<class T>() {
    T* data = tensor.data<T>();
    visit_elements(tensor.shape(), [&](std::int64_t ours, std::int64_t pytorchs) {
      data[ours] = T(rule(u(t, std::uint32_t(pytorchs))));
    });
  });
}

Shape shape_of(const nlohmann::json& description) {
  const auto extents = description.at("shape").get<std::vector<std::int64_t>>();
  return Shape(std::span<const std::int64_t>(extents));
}

/// |actual - expected| / scale, with 0/0 = 0 and NaN = infinity.
double relative(double actual, double expected, double scale) {
  if (actual == expected) return 0;
  const double error = std::abs(actual - expected) / scale;
  return std::isnan(error) ? infinity : error;
}

}  // namespace

double u(std::uint32_t t, std::uint32_t i) {
  std::uint32_t x = (i + 1) * 2654435761u + (t + 1) * 2246822519u;
  x ^= x >> 15;
  x *= 2246822519u;
  x ^= x >> 13;
  x *= 3266489917u;
  x ^= x >> 16;
  return x / 4294967296.0;
}

Shape channels_last(const Shape& pytorch_shape) {
  std::vector<std::int64_t> extents(pytorch_shape.begin(), pytorch_shape.end());
  if (extents.size() >= 3) std::rotate(extents.begin() + 1, extents.begin() + 2, extents.end());
  return Shape(std::span<const std::int64_t>(extents));
}

Tensor from_pytorch_order(const std::vector<double>& values, const Shape& pytorch_shape) {
  check(std::int64_t(values.size()) == pytorch_shape.numel(), "[golden] ", values.size(),
        " values for shape ", pytorch_shape);
  const Tensor tensor(channels_last(pytorch_shape), DType::f64);
  double* data = tensor.data<double>();
  visit_elements(tensor.shape(), [&](std::int64_t ours, std::int64_t pytorchs) {
    data[ours] = values[std::size_t(pytorchs)];
  });
  return tensor;
}

std::vector<double> to_pytorch_order(const Tensor& tensor) {
  const std::vector<double> in_our_order = values(tensor);
  std::vector<double> result(in_our_order.size());
  visit_elements(tensor.shape(), [&](std::int64_t ours, std::int64_t pytorchs) {
    result[std::size_t(pytorchs)] = in_our_order[std::size_t(ours)];
  });
  return result;
}

std::vector<double> values(const Tensor& tensor) {
  return tensor.to(Device::cpu()).to(DType::f64).to_vector<double>();
}

Tensor formula_tensor(const nlohmann::json& description) {
  const double scale = description.value("scale", 1.0);
  const double offset = description.value("offset", 0.0);
  const double steps = description.value("steps", 0);
  const Tensor tensor(channels_last(shape_of(description)), DType::f64);
  fill_by(tensor, description.at("t"), [&](double fraction) {
    if (steps > 0) fraction = std::floor(fraction * steps) / steps;
    return offset + scale * (2 * fraction - 1);
  });
  return tensor;
}

void fill_state(const Module& module) {
  std::uint32_t t = 0;
  for (const auto& [name, tensor] : module.state()) {
    if (name.ends_with("num_batches_tracked")) continue;
    double scale = 0.2, offset = 0;  // biases
    if (tensor.shape().rank() > 1) {
      const double fan = double(tensor.numel() / tensor.shape()[0]);
      scale = std::sqrt(3.0) * std::sqrt(2.0 / fan);
    } else if (name.ends_with("running_mean")) {
      scale = 0.3;
    } else if (name.ends_with("running_var") || name.ends_with("weight")) {
      scale = 0.5;
      offset = 1;
    }
    fill_by(tensor, t++, [=](double fraction) { return offset + scale * (2 * fraction - 1); });
  }
}

std::string path_of(const std::string& name) {
  return (in_source_tree("tests/golden") / name).string();
}

nlohmann::json load_json(const std::string& name) {
  std::ifstream file(path_of(name));
  check(file.good(), "[golden] cannot open ", path_of(name));
  return nlohmann::json::parse(file);
}

double difference(const std::vector<double>& actual, const std::vector<double>& expected) {
  if (actual.size() != expected.size()) return infinity;
  double largest = 0;
  for (double value : expected) largest = std::max(largest, std::abs(value));
  const double floor = std::min(1.0, largest);
  double worst = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double scale = std::max(floor, std::abs(expected[i]));
    worst = std::max(worst, relative(actual[i], expected[i], scale));
  }
  return worst;
}

double difference(double actual, double expected) {
  return relative(actual, expected, std::abs(expected));
}

Figures figures(const std::vector<double>& values) {
  Figures result;
  result.n = values.size();
  double squares = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    squares += values[i] * values[i];
    result.sum += values[i];
    result.probe += values[i] * (2 * u(probe_number, std::uint32_t(i)) - 1);
  }
  result.l2 = std::sqrt(squares);
  const std::size_t listed = std::min<std::size_t>(4, values.size());
  result.first.assign(values.begin(), values.begin() + std::ptrdiff_t(listed));
  if (!values.empty()) result.last = values.back();
  return result;
}

Figures figures(const nlohmann::json& stored) {
  return {stored.at("n"),    stored.at("l2"),
          stored.at("sum"),  stored.at("first").get<std::vector<double>>(),
          stored.at("last"), stored.value("probe", std::numeric_limits<double>::quiet_NaN())};
}

double difference(const Figures& actual, const Figures& expected) {
  if (actual.n != expected.n || actual.first.size() != expected.first.size()) return infinity;
  const double root_n = std::sqrt(double(expected.n));
  const auto of_element = [&](double a, double b) {
    return relative(a, b, std::max(expected.l2 / root_n, std::abs(b)));
  };
  double worst = std::max({relative(actual.l2, expected.l2, expected.l2),
                           relative(actual.sum, expected.sum, expected.l2 * root_n),
                           of_element(actual.last, expected.last)});
  if (!std::isnan(expected.probe))
    worst = std::max(worst, relative(actual.probe, expected.probe, expected.l2 * root_n));
  for (std::size_t i = 0; i < expected.first.size(); ++i)
    worst = std::max(worst, of_element(actual.first[i], expected.first[i]));
  return worst;
}

}  // namespace voxgrad::golden
