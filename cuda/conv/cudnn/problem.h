// What cuDNN is asked to compute: the key under which plans are kept.
#pragma once

#include <cstddef>
#include <iosfwd>

#include "tensor/ops/conv_ops.h"

namespace voxgrad::cuda::cudnn {

/// The type of all tensors and how they are multiplied; sums are f64 in f64, else f32. In bf16 the
/// bias and weight gradients are bf16 too: with f32 ones cuDNN 9.19 has no plan.
enum class Math {
  f64,
  f32,   // products exact to f32
  tf32,  // f32 tensors, factors rounded to TF32
  bf16,
};

const char* name_of(Math math);

/// What a plan is built for. Epilogue: forward and backward_data only.
struct Problem {
  ConvDirection direction = ConvDirection::forward;
  Math math = Math::f32;
  ConvGeometry geometry;  // spatial rank 2 or 3
  bool bias = false;
  Activation activation{};

  bool activated() const { return activation.kind != ActivationKind::identity; }
  bool operator==(const Problem& other) const;
};

std::ostream& operator<<(std::ostream& out, const Problem& problem);

struct ProblemHash {
  std::size_t operator()(const Problem& problem) const;
};

}  // namespace voxgrad::cuda::cudnn
