// Convolution, all of it. A 2-D convolution has depth 1; the forward pass of a transposed
// convolution is a convolution's backward_data; a linear layer is a 1x1x1 convolution of a 1x1x1
// map. So each backend has three kernels.
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
#include <memory>

#include "tensor/ops/functors.h"
#include "tensor/precision.h"
#include "tensor/tensor.h"

namespace voxgrad {

/// Depth, height, width. 2-D operations have depth 1 (and padding 0 along it).
using Triple = std::array<std::int64_t, 3>;

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
  std::int64_t kernel_volume() const { return kernel[0] * kernel[1] * kernel[2]; }
  std::int64_t input_volume() const { return input[0] * input[1] * input[2]; }
  std::int64_t output_volume() const { return output[0] * output[1] * output[2]; }
  /// Multiply-adds as usually counted: no credit for taps that fall into the padding.
  std::int64_t multiply_adds() const {
    return batch * output_volume() * kernel_volume() * in_channels * out_channels;
  }
  bool operator==(const ConvGeometry&) const = default;
};

std::ostream& operator<<(std::ostream& out, const ConvGeometry& geometry);

/// What happens to a result before it is written: add a bias a channel (if defined), then activate.
struct Epilogue {
  Tensor bias;  // [C] or undefined
  Activation activation{};
};

/// A convolution made ready for many runs with the same weights, as a network in use needs it: the
/// kernel is chosen, and the weights lie as it wants them.
class PreparedConv {
 public:
  virtual ~PreparedConv() = default;
  /// What the kernel that it stands for computes; x and y as they were announced.
  virtual void run(const Tensor& x, const Tensor& y) const = 0;
};

/// What a PreparedConv stands for. Its dtypes are those of the kernels above, w's being x's.
struct ConvCall {
  ConvGeometry geometry;
  bool transposed = false;  // backward_data: x has the geometry's output shape, y its input shape
  DType x = DType::f32, y = DType::f32;
  bool operator==(const ConvCall&) const = default;
};

struct ConvOps {
  /// y = epilogue(conv(x, w)); bias [Cout].
  void (*forward)(const ConvGeometry&, const Tensor& x, const Tensor& w, const Epilogue&,
                  const Tensor& y);
  /// dx = epilogue(transposed conv(dy, w)); bias [Cin], for the forward pass of transposed layers.
  void (*backward_data)(const ConvGeometry&, const Tensor& dy, const Tensor& w, const Epilogue&,
                        const Tensor& dx);
  /// dw, from x and dy.
  void (*backward_weight)(const ConvGeometry&, const Tensor& x, const Tensor& dy, const Tensor& dw);
  /// w and the bias must not change afterwards. sibling: what was prepared from the same w for
  /// another geometry or epilogue, whose copy of the weights may be shared; or null. Where there is
  /// no such function, prepare_conv() calls the kernels above.
  std::shared_ptr<const PreparedConv> (*prepare)(const ConvCall&, const Tensor& w, const Epilogue&,
                                                 const PreparedConv* sibling) = nullptr;
};

/// ops.prepare, or where there is none, a PreparedConv that calls forward or backward_data.
std::shared_ptr<const PreparedConv> prepare_conv(const ConvOps& ops, const ConvCall& call,
                                                 const Tensor& w, const Epilogue& epilogue,
                                                 const PreparedConv* sibling = nullptr);

}  // namespace voxgrad
