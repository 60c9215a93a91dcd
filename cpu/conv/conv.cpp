// What the CPU's backend convolves with: oneDNN in f32 and bf16, the loops in f64.
#include "cpu/kernels.h"

namespace voxgrad::cpu {
namespace {

const ConvOps& ops_for(const Tensor& tensor) {
  return tensor.dtype() == DType::f64 ? conv_reference_ops : conv_onednn_ops;
}

}  // namespace

const ConvOps conv_ops{
    [](const ConvGeometry& g, const Tensor& x, const Tensor& w, const Epilogue& epilogue,
       const Tensor& y) { ops_for(x).forward(g, x, w, epilogue, y); },
    [](const ConvGeometry& g, const Tensor& dy, const Tensor& w, const Epilogue& epilogue,
       const Tensor& dx) { ops_for(dy).backward_data(g, dy, w, epilogue, dx); },
    [](const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Tensor& dw) {
      ops_for(x).backward_weight(g, x, dy, dw);
    },
    [](const ConvCall& call, const Tensor& w, const Epilogue& epilogue,
       const PreparedConv* sibling) {
      return prepare_conv(ops_for(w), call, w, epilogue, sibling);
    },
};

}  // namespace voxgrad::cpu
