#include "cpu/onednn/onednn.h"

#include <algorithm>
#include <unordered_map>

#include "cpu/kernels.h"
#include "cpu/onednn/plan.h"

namespace voxgrad::cpu::onednn {

using dnnl::memory;

struct PackedWeight {
  memory::desc layout;
  Tensor data;
};

namespace {

Types types_of(const Operands& operands) {
  return {operands.x.dtype(), operands.w.dtype(), operands.y.dtype()};
}

std::shared_ptr<const Plan> plan_of(Direction direction, const ConvGeometry& geometry,
                                    const Operands& operands) {
  const bool forward = direction == Direction::forward;
  return plan_for(direction, geometry, types_of(operands),
                  forward ? operands.epilogue.activation : Activation::identity(),
                  forward && operands.epilogue.bias.defined());
}

memory wrap(const memory::desc& desc, const Tensor& tensor) {
  return memory(desc, engine(), tensor.raw());
}

Tensor scratch_for(const memory::desc& desc) {
  return Tensor({std::int64_t(desc.get_size())}, DType::u8);
}

/// An operand as the kernel sees it: the tensor itself, or a reordered copy of it.
class Operand {
 public:
  Operand(const Side& side, const Tensor& tensor, bool written, const dnnl::stream& stream,
          const PackedWeight* packed = nullptr)
      : side_(side), stream_(stream), ours_(wrap(side.ours, tensor)), written_(written) {
    if (!side.reorder) return;
    if (packed && packed->layout == side.kernels) {
      kernels_ = wrap(side.kernels, packed->data);
      return;
    }
    copy_ = scratch_for(side.kernels);
    kernels_ = wrap(side.kernels, copy_);
    if (!written) side.reorder->execute(stream, ours_, kernels_);
  }
  const memory& seen_by_kernel() const { return side_.reorder ? kernels_ : ours_; }
  /// After the kernel: brings a result into our layout.
  void finish() {
    if (side_.reorder && written_) side_.reorder->execute(stream_, kernels_, ours_);
  }

 private:
  const Side& side_;
  const dnnl::stream& stream_;
  memory ours_, kernels_;
  Tensor copy_;
  bool written_;
};

void run(const Plan& plan, Direction direction, const Operands& operands) {
  static thread_local const dnnl::stream stream(engine());
  const bool writes_x = direction == Direction::backward_data;
  const bool writes_w = direction == Direction::backward_weight;
  const bool writes_y = direction == Direction::forward;
  Operand x(plan.x, operands.x, writes_x, stream);
  Operand w(plan.w, operands.w, writes_w, stream, operands.packed.get());
  Operand y(plan.y, operands.y, writes_y, stream);
  const Tensor scratch = scratch_for(plan.scratch);
  std::unordered_map<int, memory> arguments{
      {writes_x ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, x.seen_by_kernel()},
      {writes_w ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, w.seen_by_kernel()},
      {writes_y ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, y.seen_by_kernel()},
      {DNNL_ARG_SCRATCHPAD, wrap(plan.scratch, scratch)}};
  if (writes_y && operands.epilogue.bias.defined())
    arguments.emplace(DNNL_ARG_BIAS, wrap(plan.bias, operands.epilogue.bias));
  plan.convolution.execute(stream, arguments);
  for (Operand* operand : {&x, &w, &y}) operand->finish();
  dnnl::stream(stream).wait();
  if (plan.after.kind != ActivationKind::identity)
    elementwise_ops.activation(plan.after, operands.y, operands.y);
}

}  // namespace

std::shared_ptr<const PackedWeight> pack(Direction direction, const ConvGeometry& geometry,
                                         const Operands& operands) {
  ConvGeometry g = geometry;
  g.batch = samples_at_a_time(direction, geometry, types_of(operands));
  const auto plan = plan_of(direction, g, operands);
  if (!plan || !plan->w.reorder) return nullptr;
  if (operands.packed && operands.packed->layout == plan->w.kernels) return operands.packed;
  const auto packed =
      std::make_shared<PackedWeight>(PackedWeight{plan->w.kernels, scratch_for(plan->w.kernels)});
  dnnl::stream stream(engine());
  memory from = wrap(plan->w.ours, operands.w), to = wrap(packed->layout, packed->data);
  plan->w.reorder->execute(stream, from, to);
  stream.wait();
  return packed;
}

bool convolve(Direction direction, const ConvGeometry& geometry, const Operands& operands) {
  const std::int64_t step = samples_at_a_time(direction, geometry, types_of(operands));
  for (std::int64_t begin = 0; begin < geometry.batch; begin += step) {
    ConvGeometry g = geometry;
    g.batch = std::min(step, geometry.batch - begin);
    const auto plan = plan_of(direction, g, operands);
    if (!plan) return false;
    Operands part = operands;
    if (g.batch != geometry.batch) {
      part.x = operands.x.slice(begin, begin + g.batch);
      part.y = operands.y.slice(begin, begin + g.batch);
    }
    try {
      run(*plan, direction, part);
    } catch (const dnnl::error& error) {
      fail("[conv] oneDNN failed on ", geometry, ": ", error.what());
    }
  }
  return true;
}

std::string kernel_name(Direction direction, const ConvGeometry& geometry) {
  ConvGeometry g = geometry;
  g.batch = samples_at_a_time(direction, geometry, {});
  const auto plan = plan_for(direction, g, {}, Activation::identity(), false);
  return plan ? plan->name : "none";
}

void multiply(std::int64_t m, std::int64_t n, std::int64_t k, Matrix a, Matrix b, float* c) {
  engine();  // see uses_avx512()
  const dnnl_status_t status =
      dnnl_sgemm(a.transposed ? 'T' : 'N', b.transposed ? 'T' : 'N', m, n, k, 1.0f, a.data,
                 a.row_stride, b.data, b.row_stride, 0.0f, c, n);
  check(status == dnnl_success, "[matrix] oneDNN cannot multiply [", m, ",", k, "] by [", k, ",", n,
        "]: status ", int(status));
}

}  // namespace voxgrad::cpu::onednn
