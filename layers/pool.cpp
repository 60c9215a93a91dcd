#include "layers/pool.h"

#include "tensor/ops/backend.h"

namespace voxgrad {

namespace {

Variable max_pool(const Variable& x, const PoolGeometry& g) {
  Tensor y(g.output_shape(), x.dtype(), x.device());
  Tensor argmax;
  if (needs_history({&x})) argmax = Tensor(y.shape(), DType::u8, x.device());
  backend(x.device()).pool.max_forward(g, x.value(), y, argmax);
  return make_result(y, "max_pool", {x}, [g, argmax](const Tensor& dy) {
    Tensor dx(g.input_shape(), dy.dtype(), dy.device());
    backend(dy.device()).pool.max_backward(g, dy, argmax, dx);
    return std::vector{dx};
  });
}

}  // namespace

Variable max_pool(const Variable& x, const Triple& kernel_size, const Triple& stride,
                  const Triple& padding) {
  return max_pool(x, PoolGeometry::make("max_pool", x.shape(), kernel_size, stride, padding));
}

PoolGeometry MaxPool::geometry(const Shape& x) const {
  const auto& [kernel, stride, padding] = options_;
  return PoolGeometry::make("max_pool", x, {kernel, kernel, kernel}, {stride, stride, stride},
                            {padding, padding, padding});
}

Variable MaxPool::forward(const Variable& x, const ForwardContext&) {
  return max_pool(x, geometry(x.shape()));
}

}  // namespace voxgrad
