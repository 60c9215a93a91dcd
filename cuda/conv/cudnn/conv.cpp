// cuDNN's plans where they keep our promises; linear layers on cuBLAS. A plan that fails when it is
// run is replaced by the next one of cuDNN's list, and the last by our own kernels
// (cuda/conv/conv.cpp), so nothing but speed is lost.
//
// VOXGRAD_CUDNN_LOG=1 in the environment prints every plan that is chosen, dropped or fails.
#include "cuda/conv/cudnn/conv.h"

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "cuda/conv/cudnn/plan.h"
#include "cuda/conv/epilogue.h"
#include "cuda/conv/linear.h"
#include "cuda/kernels.h"
#include "cuda/runtime/check.h"
#include "cuda/runtime/handles.h"
#include "cuda/runtime/runtime.h"

namespace voxgrad::cuda {
namespace {

using cudnn::Direction;
using cudnn::Math;
using cudnn::Problem;

// f32 without tensor cores would otherwise take over 1 GiB for VGG's first layers.
constexpr std::size_t kWorkspaceLimit = std::size_t{512} << 20;

void log(const Problem& problem, const std::string& what) {
  static const bool wanted = std::getenv("VOXGRAD_CUDNN_LOG") != nullptr;
  if (wanted) std::fprintf(stderr, "cudnn: %s: %s\n", concat(problem).c_str(), what.c_str());
}

// The plans of one device.
class Plans {
 public:
  Plans() : target_(cudnn_handle()) {}

  /// False if cuDNN cannot run the problem.
  bool run(const Problem& problem, cudnn::Arguments arguments) {
    const std::lock_guard lock(mutex_);
    Entry& entry = find(problem);
    while (entry.plan) {
      const std::size_t bytes = entry.plan->workspace_bytes();
      Tensor workspace;
      if (bytes > 0) {
        workspace = Tensor({std::int64_t(bytes)}, DType::u8, Device::cuda(current_device()));
        arguments.workspace = workspace.raw();
      }
      std::string why;
      if (entry.plan->run(cudnn_handle(), arguments, why)) return true;
      log(problem, concat("engine ", entry.plan->engine(), " failed when run: ", why));
      // Whatever lasts is not the plan's fault alone: nothing after it could be trusted.
      cudaGetLastError();
      check_cuda(cudaGetLastError(), "cuDNN");
      advance(problem, entry);
    }
    return false;
  }

 private:
  struct Entry {
    std::optional<cudnn::Planner> planner;
    std::optional<cudnn::Plan> plan;
  };

  Entry& find(const Problem& problem) {
    const auto [place, added] = entries_.try_emplace(problem);
    if (added) {
      place->second.planner.emplace(target_, problem, kWorkspaceLimit);
      advance(problem, place->second);
    }
    return place->second;
  }

  void advance(const Problem& problem, Entry& entry) {
    cudnn::Plan plan;
    if (entry.planner->next(plan)) {
      log(problem, concat("engine ", plan.engine(), ", workspace ", plan.workspace_bytes()));
      entry.plan = std::move(plan);
    } else {
      entry.plan.reset();
      log(problem, concat("no plan (left)\n", entry.planner->log()));
    }
  }

  std::mutex mutex_;
  cudnn::Target target_;
  std::unordered_map<Problem, Entry, cudnn::ProblemHash> entries_;
};

// Never destroyed: see runtime.cpp.
Plans& plans() {
  static std::mutex mutex;
  static auto* const all = new std::vector<Plans*>(std::size_t(device_count()));
  const std::lock_guard lock(mutex);
  Plans*& mine = (*all)[std::size_t(current_device())];
  if (mine == nullptr) mine = new Plans;
  return *mine;
}

Math math_of(const Tensor& factor, Precision precision) {
  switch (factor.dtype()) {
    case DType::f64:
      return Math::f64;
    case DType::bf16:
      return Math::bf16;
    default:
      return precision == Precision::tf32 ? Math::tf32 : Math::f32;
  }
}

bool aligned(const Tensor& tensor) {
  return !tensor.defined() ||
         reinterpret_cast<std::uintptr_t>(tensor.raw()) % cudnn::alignment == 0;
}

bool run_plan(Direction direction, const ConvGeometry& g, Math math, const Tensor& x,
              const Tensor& w, const Tensor& y, const Epilogue& epilogue) {
  if (!aligned(x) || !aligned(w) || !aligned(y) || !aligned(epilogue.bias)) return false;
  const Problem problem{direction, math, g, epilogue.bias.defined(), epilogue.activation};
  const Tensor bias = epilogue.bias.defined() ? epilogue.bias.to(y.dtype()) : epilogue.bias;
  return plans().run(problem,
                     {x.raw(), w.raw(), y.raw(), bias.defined() ? bias.raw() : nullptr, nullptr});
}

// The fast engines of cuDNN 9.19 have a bias with or without ReLU. For other activations it either
// has nothing or compiles a slow kernel at run time (docs/gpu.md).
bool fuses(const Activation& activation) {
  return activation.kind == ActivationKind::identity || activation.kind == ActivationKind::relu;
}

/// forward and backward_data: the result is y or x, and has the epilogue.
bool run_with_epilogue(Direction direction, const ConvGeometry& g, Math math, const Tensor& x,
                       const Tensor& w, const Tensor& y, const Epilogue& epilogue) {
  const Tensor& result = direction == Direction::forward ? y : x;
  const bool none =
      !epilogue.bias.defined() && epilogue.activation.kind == ActivationKind::identity;
  if (!none && direction == Direction::forward) {
    const bool whole = fuses(epilogue.activation);
    if (run_plan(direction, g, math, x, w, y, whole ? epilogue : Epilogue{epilogue.bias, {}})) {
      if (!whole) apply_epilogue({Tensor(), epilogue.activation}, y);
      return true;
    }
  }
  if (!run_plan(direction, g, math, x, w, y, {})) return false;
  apply_epilogue(epilogue, result);
  return true;
}

/// bf16 factors with an f32 result, of which cuDNN has no kernels: as TF32, which holds every bf16
/// exactly, and so do the products; sums are f32.
bool run_wide(Direction direction, const ConvGeometry& g, const Tensor& x, const Tensor& w,
              const Tensor& y, const Epilogue& epilogue) {
  const auto widened = [](const Tensor& factor) { return factor.to(DType::f32); };
  return direction == Direction::forward
             ? run_with_epilogue(direction, g, Math::tf32, widened(x), widened(w), y, epilogue)
             : run_with_epilogue(direction, g, Math::tf32, x, widened(w), widened(y), epilogue);
}

}  // namespace

bool library_forward(const ConvGeometry& g, const Tensor& x, const Tensor& w,
                     const Epilogue& epilogue, const Tensor& y) {
  if (g.spatial_rank == 0) {
    linear_forward(g, x, w, y);
    apply_epilogue(epilogue, y);
    return true;
  }
  return x.dtype() != y.dtype()
             ? run_wide(Direction::forward, g, x, w, y, epilogue)
             : run_with_epilogue(Direction::forward, g, math_of(x, g.precision), x, w, y, epilogue);
}

bool library_backward_data(const ConvGeometry& g, const Tensor& dy, const Tensor& w,
                           const Epilogue& epilogue, const Tensor& dx) {
  if (g.spatial_rank == 0) {
    linear_backward_data(g, dy, w, dx);
    apply_epilogue(epilogue, dx);
    return true;
  }
  return dy.dtype() != dx.dtype()
             ? run_wide(Direction::backward_data, g, dx, w, dy, epilogue)
             : run_with_epilogue(Direction::backward_data, g, math_of(dy, g.precision), dx, w, dy,
                                 epilogue);
}

bool library_backward_weight(const ConvGeometry& g, const Tensor& x, const Tensor& dy,
                             const Tensor& dw) {
  if (g.spatial_rank == 0) {
    linear_backward_weight(g, x, dy, dw);
    return true;
  }
  const Math math = math_of(x, g.precision);
  if (math != Math::bf16) return run_plan(Direction::backward_weight, g, math, x, dw, dy, {});
  // Summed in f32, rounded to bf16 once, as PyTorch's are; widened for the optimizer.
  const Tensor rounded(dw.shape(), DType::bf16, dw.device());
  if (!run_plan(Direction::backward_weight, g, math, x, rounded, dy, {})) return false;
  elementwise_ops.convert(rounded, dw);
  return true;
}

}  // namespace voxgrad::cuda
