// Tables whose kernels are still to be written: each call is an error.
#include "cuda/kernels.h"

namespace voxgrad::cuda {
namespace {

struct Missing {
  template <class R, class... A>
  using Function = R (*)(A...);
  template <class R, class... A>
  operator Function<R, A...>() const {
    return [](A...) -> R { fail<DeviceError>("[cuda] this kernel is still to be written"); };
  }
};
constexpr Missing missing;

}  // namespace

const NormOps norm_ops{missing, missing, missing, missing, missing};
const PoolOps pool_ops{missing, missing};
const ReduceOps reduce_ops{missing, missing, missing, missing};
const LossOps loss_ops{missing, missing};
const ViewOps view_ops{missing, missing, missing, missing};
const LayoutOps layout_ops{missing, missing, missing};
const OptimizerOps optimizer_ops{missing, missing};
const ConvOps conv_ops{missing, missing, missing};

}  // namespace voxgrad::cuda
