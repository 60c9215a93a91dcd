// Golden numbers: what PyTorch computed, kept in tests/golden/ (its README.md says by which
// script).
//
// Inputs and weights are not stored but come from a formula, the same in tools/golden/formula.py:
// u(t, i) in [0,1) is a hash of the tensor's number t and the element's index i in PyTorch's order.
// PyTorch puts channels first, [N,C,(D,)H,W], and weights are [first,second,k..]; ours put them
// last. From rank 3 on the two differ by moving dimension 1 to the end; below they agree. Tensors
// without channels (volumes [N,x,y,z]) are in the same order on both sides: use values() for them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "layers/module.h"
#include "tensor/tensor.h"

namespace voxgrad::golden {

double u(std::uint32_t t, std::uint32_t i);

/// A PyTorch shape as ours: [N,C,H,W] -> [N,H,W,C].
Shape channels_last(const Shape& pytorch_shape);
/// An f64 tensor in our layout from values in PyTorch's order, and back (f64 or f32).
Tensor from_pytorch_order(const std::vector<double>& values, const Shape& pytorch_shape);
std::vector<double> to_pytorch_order(const Tensor& tensor);
/// The elements in memory order, as doubles (f64, f32 or i64).
std::vector<double> values(const Tensor& tensor);

/// An f64 tensor of the formula, in our layout: offset + scale * (2u - 1), where u is first rounded
/// down to a multiple of 1/steps if steps > 0. The description holds "shape" and "t" and may hold
/// "scale" (1), "offset" (0) and "steps" (0).
Tensor formula_tensor(const nlohmann::json& description);
/// Overwrites all parameters and float buffers of a module, numbered in the order of state(), by
/// the rule that belongs to their rank and name (tests/golden/README.md).
void fill_state(const Module& module);

/// Where tests/golden/<name> is.
std::string path_of(const std::string& name);
/// Reads tests/golden/<name>; Error if it is missing or damaged.
nlohmann::json load_json(const std::string& name);

/// max |a - b| / scale, where the scale is |b|, or min(1, max |b|) if that is larger. NaN in either
/// gives infinity, as do lists of different lengths.
double difference(const std::vector<double>& actual, const std::vector<double>& expected);
/// |actual - expected| / |expected|.
double difference(double actual, double expected);

/// What is kept of a tensor that is too large to store: its size, L2 norm, sum, first four values
/// and last value, in PyTorch's order; and its sum with random weights, which tells the right
/// elements in a wrong order (not in the reference numbers: NaN there).
struct Figures {
  std::size_t n = 0;
  double l2 = 0;
  double sum = 0;
  std::vector<double> first;
  double last = 0;
  double probe = 0;
};
Figures figures(const std::vector<double>& values);
Figures figures(const nlohmann::json& stored);
/// The largest error of the figures, each relative to the size that the figure has in a tensor of
/// this norm: l2 to l2, sum and probe to l2 * sqrt(n), elements to l2 / sqrt(n) or themselves if
/// larger. Infinity for NaN or another n.
double difference(const Figures& actual, const Figures& expected);

}  // namespace voxgrad::golden
