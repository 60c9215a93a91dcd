#include "cuda/conv_direct.h"
#include "cuda/kernels.h"

namespace voxgrad::cuda {

const ConvOps conv_ops{
    [](const ConvGeometry& g, const Tensor& x, const Tensor& w, const Epilogue& epilogue,
       const Tensor& y) { conv_direct_ops.forward(g, x, w, epilogue, y); },
    [](const ConvGeometry& g, const Tensor& dy, const Tensor& w, const Epilogue& epilogue,
       const Tensor& dx) { conv_direct_ops.backward_data(g, dy, w, epilogue, dx); },
    [](const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Tensor& dw) {
      conv_direct_ops.backward_weight(g, x, dy, dw);
    },
};

}  // namespace voxgrad::cuda
