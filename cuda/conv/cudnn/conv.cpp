// A plan that fails when it is run is replaced by the next one of cuDNN's list, and after the last
// the table of algorithms moves on to our own kernels (cuda/conv/conv.cpp), so that nothing but
// speed is lost.
//
// VOXGRAD_CUDNN_LOG=1 in the environment prints every plan that is chosen, dropped or fails.
#include "cuda/conv/cudnn/conv.h"

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "cuda/conv/cudnn/tuned.h"
#include "cuda/conv/epilogue.h"
#include "cuda/kernels.h"
#include "cuda/runtime/check.h"
#include "cuda/runtime/handles.h"
#include "cuda/runtime/runtime.h"
#include "tensor/environment.h"

namespace voxgrad::cuda::cudnn {
namespace {

/// 90: compute capability 9.0.
int compute_capability() {
  int major = 0, minor = 0;
  check_cuda(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, current_device()),
             "cudaDeviceGetAttribute");
  check_cuda(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, current_device()),
             "cudaDeviceGetAttribute");
  return 10 * major + minor;
}

void log(const Problem& problem, const std::string& what) {
  static const bool wanted = environment("VOXGRAD_CUDNN_LOG") != nullptr;
  if (wanted) std::fprintf(stderr, "cudnn: %s: %s\n", concat(problem).c_str(), what.c_str());
}

// The plans of one device.
class Plans {
 public:
  Plans() : target_(cudnn_handle()), capability_(compute_capability()) {}

  bool has(const Problem& problem) {
    const std::lock_guard lock(mutex_);
    return find(problem).plan.has_value();
  }

  /// False if cuDNN cannot run the problem.
  bool run(const Problem& problem, Arguments arguments) {
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
    std::optional<TunedPlanner> planner;
    std::optional<Plan> plan;
  };

  Entry& find(const Problem& problem) {
    const auto [place, added] = entries_.try_emplace(problem);
    if (added) {
      place->second.planner.emplace(target_, problem, default_workspace_limit,
                                    tuned_plan(problem, cudnnGetVersion(), capability_));
      advance(problem, place->second);
    }
    return place->second;
  }

  void advance(const Problem& problem, Entry& entry) {
    Plan plan;
    if (entry.planner->next(plan)) {
      log(problem, concat("engine ", plan.engine(), ", workspace ", plan.workspace_bytes()));
      entry.plan = std::move(plan);
    } else {
      entry.plan.reset();
      log(problem, concat("no plan (left)\n", entry.planner->log()));
    }
  }

  std::mutex mutex_;
  Target target_;
  int capability_;
  std::unordered_map<Problem, Entry, ProblemHash> entries_;
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

// bf16 factors with an f32 result, of which cuDNN has no kernels, are multiplied as TF32, which
// holds every bf16 exactly, and so do the products; sums are f32.
bool is_widened(const ConvProblem& problem) {
  return problem.factors == DType::bf16 && problem.result == DType::f32 &&
         problem.direction != ConvDirection::backward_weight;
}

Math math_of(const ConvProblem& problem) {
  if (is_widened(problem)) return Math::tf32;
  switch (problem.factors) {
    case DType::f64:
      return Math::f64;
    case DType::bf16:
      return Math::bf16;
    default:
      return problem.geometry.precision == Precision::tf32 ? Math::tf32 : Math::f32;
  }
}

// The fast engines of cuDNN 9.19 have a bias with or without ReLU. For other activations it either
// has nothing or compiles a slow kernel at run time (docs/gpu.md).
bool fuses(const Activation& activation) {
  return activation.kind == ActivationKind::identity || activation.kind == ActivationKind::relu;
}

Problem plain(const ConvProblem& problem) {
  return {problem.direction, math_of(problem), problem.geometry, false, {}};
}

/// With as much of the epilogue as cuDNN may be asked for; of backward_data none.
Problem fused(const ConvProblem& problem) {
  Problem result = plain(problem);
  if (!problem.is_forward()) return result;
  result.bias = problem.bias;
  if (fuses(problem.activation)) result.activation = problem.activation;
  return result;
}

bool aligned(const Tensor& tensor) {
  return !tensor.defined() || reinterpret_cast<std::uintptr_t>(tensor.raw()) % alignment == 0;
}

bool run(const Problem& problem, const ConvOperands& operands) {
  const auto& [x, w, y, epilogue, packed] = operands;
  if (!aligned(x) || !aligned(w) || !aligned(y) || !aligned(epilogue.bias)) return false;
  const Tensor bias = problem.bias ? epilogue.bias.to(y.dtype()) : Tensor();
  return plans().run(problem,
                     {x.raw(), w.raw(), y.raw(), bias.defined() ? bias.raw() : nullptr, nullptr});
}

/// forward and backward_data, with the part of the epilogue that cuDNN leaves.
bool run_with_epilogue(const ConvProblem& problem, const ConvOperands& operands) {
  const Tensor& result = operands.result(problem.direction);
  const Problem whole = fused(problem);
  if ((whole.bias || whole.activated()) && run(whole, operands)) {
    if (!fuses(problem.activation)) apply_epilogue({Tensor(), problem.activation}, result);
    return true;
  }
  if (!run(plain(problem), operands)) return false;
  apply_epilogue(operands.epilogue, result);
  return true;
}

}  // namespace

bool supports(const ConvProblem& problem) {
  if (problem.geometry.spatial_rank == 0) return false;
  return plans().has(fused(problem)) || plans().has(plain(problem));
}

bool convolve(const ConvProblem& problem, const ConvOperands& operands) {
  ConvOperands in_types = operands;
  if (problem.direction != ConvDirection::backward_weight) {
    if (is_widened(problem))
      for (Tensor* each : {&in_types.x, &in_types.w, &in_types.y}) *each = each->to(DType::f32);
    return run_with_epilogue(problem, in_types);
  }
  if (math_of(problem) != Math::bf16) return run(plain(problem), operands);
  // Summed in f32, rounded to bf16 once, as PyTorch's are; widened for the optimizer.
  const Tensor& dw = operands.w;
  in_types.w = Tensor(dw.shape(), DType::bf16, dw.device());
  if (!run(plain(problem), in_types)) return false;
  elementwise_ops.convert(in_types.w, dw);
  return true;
}

}  // namespace voxgrad::cuda::cudnn
