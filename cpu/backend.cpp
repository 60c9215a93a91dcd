#include "cpu/kernels.h"
#include "simd/isa.h"

namespace voxgrad {

const Backend& cpu_backend() {
  current_isa();  // an unusable VOXGRAD_ISA ends the program here
  static const Backend backend{"cpu",
                               cpu::memory_ops(),
                               cpu::elementwise_ops(),
                               cpu::conv_ops(),
                               cpu::norm_ops(),
                               cpu::norm_pool_ops(),
                               cpu::pool_ops(),
                               cpu::reduce_ops(),
                               cpu::loss_ops(),
                               cpu::view_ops(),
                               cpu::layout_ops(),
                               cpu::optimizer_ops(),
                               cpu::stream_ops(),
                               cpu::image_ops()};
  return backend;
}

}  // namespace voxgrad
