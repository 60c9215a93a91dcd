#include "layers/pool.h"

#include "tensor/ops/backend.h"

namespace voxgrad {

Variable max_pool(const Variable& x, const Triple& kernel_size, const Triple& stride) {
  const PoolGeometry g = PoolGeometry::make("max_pool", x.shape(), kernel_size, stride);
  Tensor y(g.output_shape(), x.dtype(), x.device());
  Tensor winners;
  if (needs_history({&x})) winners = Tensor(y.shape(), DType::u8, x.device());
  backend(x.device()).pool.max_forward(g, x.value(), y, winners);
  return make_result(y, "max_pool", {x}, [g, winners](const Tensor& dy) {
    Tensor dx(g.input_shape(), dy.dtype(), dy.device());
    backend(dy.device()).pool.max_backward(g, dy, winners, dx);
    return std::vector{dx};
  });
}

Variable MaxPool::forward(const Variable& x) {
  const Triple window{kernel_size_, kernel_size_, kernel_size_};
  return max_pool(x, window, window);
}

}  // namespace voxgrad
