#include "cpu/conv/linear.h"

#include "cpu/onednn/onednn.h"

namespace voxgrad::cpu::linear {

using onednn::multiply;

void forward(const ConvGeometry& g, const Tensor& x, const Tensor& w, const Tensor& y) {
  multiply(g.batch, g.out_channels, g.in_channels, {x.data<float>(), g.in_channels},
           {w.data<float>(), g.in_channels, true}, y.data<float>());
}

void backward_data(const ConvGeometry& g, const Tensor& dy, const Tensor& w, const Tensor& dx) {
  multiply(g.batch, g.in_channels, g.out_channels, {dy.data<float>(), g.out_channels},
           {w.data<float>(), g.in_channels}, dx.data<float>());
}

void backward_weight(const ConvGeometry& g, const Tensor& x, const Tensor& dy, const Tensor& dw) {
  multiply(g.out_channels, g.in_channels, g.batch, {dy.data<float>(), g.out_channels, true},
           {x.data<float>(), g.in_channels}, dw.data<float>());
}

}  // namespace voxgrad::cpu::linear
