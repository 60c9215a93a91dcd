// Convolution, all of it. A 2-D convolution has depth 1; the forward pass of a transposed
// convolution is a convolution's backward_data; a linear layer is a 1x1x1 convolution of a 1x1x1
// map. So each backend computes three things.
//
//   y[n,o,f] = bias[f] + sum over k, c of x[n, o*stride + k - padding, c] * w[f,k,c]
//
// with o and k running over depth, height and width. Layouts: x [N,D,H,W,Cin], y [N,D',H',W',Cout],
// w [Cout,kD,kH,kW,Cin]; the 2-D forms drop the D dimension (the kernels read sizes from the
// geometry, not from the tensors' ranks).
//
// Dtypes: x, w, y and bias are all f64 or all f32; or maps and weights are bf16, sums are made in
// f32, the bias is f32, the result of forward and backward_data bf16 or f32, and dw f32.
#pragma once

#include <array>
#include <utility>

#include "tensor/ops/functors.h"
#include "tensor/precision.h"
#include "tensor/tensor.h"

namespace voxgrad {

/// Depth, height, width. 2-D operations have depth 1 (and padding 0 along it).
using Triple = std::array<std::int64_t, 3>;

/// The same extent along every axis.
constexpr Triple each_axis(std::int64_t extent) {
  return {extent, extent, extent};
}

/// Stride and padding of a convolution; the kernel size comes from the weight.
struct ConvOptions {
  Triple stride{1, 1, 1};
  Triple padding{0, 0, 0};
  Precision precision = Precision::f32;  // see ConvGeometry
};

/// The sizes of one convolution, and the only place where they are checked.
struct ConvGeometry {
  std::int64_t batch = 0;
  std::int64_t in_channels = 0;   // channels of x, last dimension of w
  std::int64_t out_channels = 0;  // channels of y, first dimension of w
  Triple input{1, 1, 1};
  Triple output{1, 1, 1};
  Triple kernel{1, 1, 1};
  Triple stride{1, 1, 1};
  Triple padding{0, 0, 0};
  int spatial_rank = 3;  // 2 or 3 (or 0: linear): how many extents the tensors' shapes show
  /// tf32: factors of f32 tensors may be rounded to it (CUDA). bf16 shows in the tensors' dtypes.
  Precision precision = Precision::f32;

  /// Of y = conv(x, w): x [N,(D,)H,W,Cin], w [Cout,(kD,)kH,kW,Cin]. Errors begin with [op].
  static ConvGeometry convolution(const char* op, const Shape& x, const Shape& w,
                                  const ConvOptions& options);
  /// Of the transposed convolution that takes x [N,(D,)H,W,Cin] by w [Cin,(kD,)kH,kW,Cout] to
  /// extents (input-1)*stride - 2*padding + kernel. The result describes the convolution whose
  /// backward_data it is: its `output` and out_channels are x's, its `input` and in_channels the
  /// result's.
  static ConvGeometry transposed(const char* op, const Shape& x, const Shape& w,
                                 const ConvOptions& options);
  /// Of y = x w^T: x [N,Cin], w [Cout,Cin].
  static ConvGeometry linear(const char* op, const Shape& x, const Shape& w);

  Shape input_shape() const;   // of x and dx
  Shape output_shape() const;  // of y and dy
  Shape weight_shape() const;
  constexpr std::int64_t kernel_volume() const { return kernel[0] * kernel[1] * kernel[2]; }
  constexpr std::int64_t input_volume() const { return input[0] * input[1] * input[2]; }
  constexpr std::int64_t output_volume() const { return output[0] * output[1] * output[2]; }
  std::int64_t multiply_adds() const;  // taps in the padding included, as is usual
  bool operator==(const ConvGeometry&) const = default;
};

std::ostream& operator<<(std::ostream& out, const ConvGeometry& geometry);

/// What happens to a result before it is written: add the per-channel bias, then activate.
struct Epilogue {
  Tensor bias;  // [C] or undefined
  Activation activation{};
};

/// Which of a convolution's tensors is computed, from the other two.
enum class ConvDirection { forward, backward_data, backward_weight };

const char* name_of(ConvDirection direction);

/// What is to be computed: all that the choice of an algorithm depends on.
struct ConvProblem {
  ConvDirection direction = ConvDirection::forward;
  ConvGeometry geometry;
  DType factors = DType::f32;  // of the two tensors that are read
  DType result = DType::f32;   // of the one that is written
  // The epilogue, which forward and backward_data may have.
  bool bias = false;
  Activation activation{};

  bool is_forward() const { return direction == ConvDirection::forward; }
  bool has_epilogue() const { return bias || activation.kind != ActivationKind::identity; }
  Shape result_shape() const;
  bool operator==(const ConvProblem&) const = default;
};

std::ostream& operator<<(std::ostream& out, const ConvProblem& problem);

class PackedWeights;
class ConvTable;

/// The tensors of a problem. forward writes y, backward_data x (which then stands for dx, and y for
/// dy), backward_weight w (dw).
struct ConvOperands {
  Tensor x, w, y;
  Epilogue epilogue{};
  PackedWeights* packed = nullptr;  // of w (tensor/ops/packed_weights.h), or null

  const Tensor& result(ConvDirection direction) const {
    return direction == ConvDirection::forward         ? y
           : direction == ConvDirection::backward_data ? x
                                                       : w;
  }
  Tensor& result(ConvDirection direction) {
    return const_cast<Tensor&>(std::as_const(*this).result(direction));
  }
};

/// A backend's convolutions.
struct ConvOps {
  /// Computes a problem by the algorithm that the backend takes for it.
  void (*run)(const ConvProblem&, const ConvOperands&);
  /// Which one that is: tensor/ops/conv_table.h.
  ConvTable& (*table)() = nullptr;

  /// run(), of the problem that these operands make.
  void compute(ConvDirection, const ConvGeometry&, const ConvOperands&) const;
  /// out_y = epilogue(conv(x, w)); bias [Cout].
  void forward(const ConvGeometry& g, const Tensor& x, const Tensor& w, const Epilogue& epilogue,
               const Tensor& out_y) const {
    compute(ConvDirection::forward, g, {x, w, out_y, epilogue});
  }
  /// out_dx = epilogue(transposed conv(dy, w)); bias [Cin], for transposed layers' forward pass.
  void backward_data(const ConvGeometry& g, const Tensor& dy, const Tensor& w,
                     const Epilogue& epilogue, const Tensor& out_dx) const {
    compute(ConvDirection::backward_data, g, {out_dx, w, dy, epilogue});
  }
  void backward_weight(const ConvGeometry& g, const Tensor& x, const Tensor& dy,
                       const Tensor& out_dw) const {
    compute(ConvDirection::backward_weight, g, {x, out_dw, dy});
  }
};

}  // namespace voxgrad
