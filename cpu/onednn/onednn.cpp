#include "cpu/onednn/onednn.h"

#include <algorithm>
#include <unordered_map>

#include "cpu/kernels.h"
#include "cpu/onednn/plan.h"
#include "tensor/ops/packed_weights.h"

namespace voxgrad::cpu::onednn {

using dnnl::memory;

namespace {

memory wrap(const memory::desc& desc, const Tensor& tensor) {
  return memory(desc, engine(), tensor.raw());
}

Tensor scratch_for(const memory::desc& desc) {
  return Tensor({std::int64_t(desc.get_size())}, DType::u8);
}

/// All that tells one layout from another, to name it by.
std::string name_of(const memory::desc& desc) {
#if DNNL_VERSION_MAJOR >= 3
  std::string name = concat(int(desc.get_data_type()), ' ', int(desc.get_format_kind()));
  for (const memory::dims& numbers : {desc.get_dims(), desc.get_padded_dims(), desc.get_strides(),
                                      desc.get_inner_blks(), desc.get_inner_idxs()}) {
    name += '|';
    for (const memory::dim number : numbers) name += concat(' ', number);
  }
  return name;
#else
  return {reinterpret_cast<const char*>(&desc.data), sizeof desc.data};
#endif
}

/// An operand as the kernel sees it: the tensor itself, or a reordered copy of it.
class Operand {
 public:
  Operand(const OperandLayout& layout, const Tensor& tensor, bool written,
          const dnnl::stream& stream, PackedWeights* packed = nullptr)
      : layout_(layout), stream_(stream), ours_(wrap(layout.ours, tensor)), written_(written) {
    if (!layout.reorder) return;
    const auto reordered = [&] {
      const Tensor copy = scratch_for(layout.kernels);
      memory to = wrap(layout.kernels, copy);
      if (!written) layout.reorder->execute(stream, ours_, to);
      return copy;
    };
    copy_ = packed ? packed->get("onednn " + name_of(layout.kernels), reordered) : reordered();
    kernels_ = wrap(layout.kernels, copy_);
  }
  const memory& seen_by_kernel() const { return layout_.reorder ? kernels_ : ours_; }
  /// After the kernel: brings a result into our layout.
  void finish() {
    if (layout_.reorder && written_) layout_.reorder->execute(stream_, kernels_, ours_);
  }

 private:
  const OperandLayout& layout_;
  const dnnl::stream& stream_;
  memory ours_, kernels_;
  Tensor copy_;
  bool written_;
};

void run(const Plan& plan, ConvDirection direction, const ConvOperands& operands) {
  static thread_local const dnnl::stream stream(engine());
  const bool writes_x = direction == ConvDirection::backward_data;
  const bool writes_w = direction == ConvDirection::backward_weight;
  const bool writes_y = direction == ConvDirection::forward;
  Operand x(plan.x, operands.x, writes_x, stream);
  Operand w(plan.w, operands.w, writes_w, stream, operands.packed);
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
    elementwise_ops().activation(plan.after, operands.y, operands.y);
}

ConvProblem with_batch(ConvProblem problem, std::int64_t batch) {
  problem.geometry.batch = batch;
  return problem;
}

}  // namespace

bool supports(const ConvProblem& problem) {
  if (problem.factors == DType::f64) return false;
  return plan_for(with_batch(problem, samples_at_a_time(problem))) != nullptr;
}

void convolve(const ConvProblem& problem, const ConvOperands& operands) {
  const std::int64_t batch = problem.geometry.batch, step = samples_at_a_time(problem);
  for (std::int64_t begin = 0; begin < batch; begin += step) {
    const std::int64_t end = std::min(begin + step, batch);
    const auto plan = plan_for(with_batch(problem, end - begin));
    check(plan != nullptr, "[conv] oneDNN has no kernel for ", problem);
    ConvOperands part = operands;
    if (step < batch) {
      part.x = operands.x.slice(begin, end);
      part.y = operands.y.slice(begin, end);
    }
    try {
      run(*plan, problem.direction, part);
    } catch (const dnnl::error& error) {
      fail("[conv] oneDNN failed on ", problem, ": ", error.what());
    }
  }
}

std::string kernel_name(const ConvProblem& problem) {
  const auto plan = plan_for(with_batch(problem, samples_at_a_time(problem)));
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
