// Convolutions in words and numbers, for messages and benchmarks.
#include "tensor/ops/conv_ops.h"

namespace voxgrad {

std::int64_t ConvGeometry::multiply_adds() const {
  return batch * output_volume() * kernel_volume() * in_channels * out_channels;
}

const char* name_of(ConvDirection direction) {
  constexpr const char* names[] = {"forward", "backward_data", "backward_weight"};
  return names[int(direction)];
}

std::ostream& operator<<(std::ostream& out, const ConvProblem& problem) {
  return out << name_of(problem.direction) << ' ' << problem.factors << ' ' << problem.geometry
             << (problem.bias ? " + bias" : "")
             << (problem.activation.kind != ActivationKind::identity ? " + activation" : "");
}

std::ostream& operator<<(std::ostream& out, const ConvGeometry& g) {
  return out << g.input_shape() << " * " << g.weight_shape() << " -> " << g.output_shape()
             << " stride [" << g.stride[0] << ',' << g.stride[1] << ',' << g.stride[2]
             << "] padding [" << g.padding[0] << ',' << g.padding[1] << ',' << g.padding[2] << ']';
}

}  // namespace voxgrad
