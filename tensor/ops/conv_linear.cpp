// A linear layer as a 1x1x1 convolution of a 1x1x1 map.
#include "tensor/ops/conv_ops.h"

namespace voxgrad {

ConvGeometry ConvGeometry::linear(const char* op, const Shape& x, const Shape& w) {
  check(x.rank() == 2, "[", op, "] input must be [N,features], got ", x);
  check(w.rank() == 2 && w[1] == x[1], "[", op, "] weight expects ", w.rank() == 2 ? w[1] : -1,
        " input features, got ", x[1], ": input ", x, ", weight ", w);
  check(x.numel() > 0 && w.numel() > 0, "[", op, "] empty tensor: input ", x, ", weight ", w);
  ConvGeometry g;
  g.spatial_rank = 0;
  g.batch = x[0];
  g.in_channels = x[1];
  g.out_channels = w[0];
  return g;
}

}  // namespace voxgrad
