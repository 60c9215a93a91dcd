#include "cuda/conv/cudnn/problem.h"

#include <functional>
#include <ostream>

namespace voxgrad::cuda::cudnn {

const char* name_of(Math math) {
  constexpr const char* names[] = {"f64", "f32", "tf32", "bf16"};
  return names[int(math)];
}

bool Problem::operator==(const Problem& other) const {
  return direction == other.direction && math == other.math && geometry == other.geometry &&
         bias == other.bias && activation.kind == other.activation.kind &&
         activation.alpha == other.activation.alpha;
}

std::ostream& operator<<(std::ostream& out, const Problem& problem) {
  return out << name_of(problem.direction) << ' ' << name_of(problem.math) << ' '
             << problem.geometry << (problem.bias ? " + bias" : "")
             << (problem.activated() ? " + activation" : "");
}

std::size_t ProblemHash::operator()(const Problem& problem) const {
  std::size_t hash = 0;
  const auto mix = [&hash](auto value) {
    hash = (hash ^ std::hash<decltype(value)>{}(value)) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29;
  };
  const ConvGeometry& g = problem.geometry;
  mix(int(problem.direction));
  mix(int(problem.math));
  mix(int(problem.activation.kind));
  mix(problem.bias);
  mix(g.batch);
  mix(g.in_channels);
  mix(g.out_channels);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    mix(g.input[axis]);
    mix(g.kernel[axis]);
    mix(g.stride[axis]);
    mix(g.padding[axis]);
  }
  return hash;
}

}  // namespace voxgrad::cuda::cudnn
