#include "cuda/conv/cudnn/plan.h"

#include <algorithm>
#include <array>

namespace voxgrad::cuda::cudnn {
namespace {

bool has_note(const Descriptor& engine, cudnnBackendNumericalNote_t wanted) {
  std::array<cudnnBackendNumericalNote_t, CUDNN_NUMERICAL_NOTE_TYPE_COUNT> notes{};
  std::int64_t count = 0;
  require(cudnnBackendGetAttribute(engine.get(), CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                                   CUDNN_TYPE_NUMERICAL_NOTE, std::int64_t(notes.size()), &count,
                                   notes.data()),
          "numerical notes");
  for (std::int64_t i = 0; i < count; ++i)
    if (notes[std::size_t(i)] == wanted) return true;
  return false;
}

// Why an engine breaks a promise, or null. Same bits in every run: no nondeterministic engines.
// Sums in the type asked for: none that reduce in fewer digits. f32 means f32: tensor cores would
// round f32 factors to TF32, and Winograd and FFT lose digits (of bf16's, too: Winograd's
// transforms are rounded to it).
const char* forbidden(const Descriptor& engine, Math math) {
  if (has_note(engine, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC)) return "not deterministic";
  if (has_note(engine, CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION))
    return "sums in reduced precision";
  if (has_note(engine, CUDNN_NUMERICAL_NOTE_WINOGRAD)) return "Winograd";
  if (has_note(engine, CUDNN_NUMERICAL_NOTE_FFT)) return "FFT";
  if (math == Math::bf16 || math == Math::tf32) return nullptr;
  if (has_note(engine, CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS)) return "rounds its inputs";
  // For f64, tensor cores are exact.
  if (math == Math::f32 && has_note(engine, CUDNN_NUMERICAL_NOTE_TENSOR_CORE))
    return "TF32 tensor cores";
  return nullptr;
}

const char* name_of(cudnnBackendHeurMode_t mode) {
  return mode == CUDNN_HEUR_MODE_A ? "A" : mode == CUDNN_HEUR_MODE_B ? "B" : "of last resort";
}

}  // namespace

Target Target::described(const std::string& json) {
  Target target;
  target.properties_ = Descriptor(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  set(target.properties_, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, json.data(),
      std::int64_t(json.size()));
  finalize(target.properties_, "device properties");
  return target;
}

std::string Target::description(cudnnHandle_t handle) {
  Descriptor properties(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  set(properties, CUDNN_ATTR_DEVICEPROP_HANDLE, CUDNN_TYPE_HANDLE, handle);
  finalize(properties, "device properties");
  std::int64_t count = 0;
  const auto get = [&](std::int64_t capacity, char* text) {
    require(cudnnBackendGetAttribute(properties.get(), CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION,
                                     CUDNN_TYPE_CHAR, capacity, &count, text),
            "description of the device");
  };
  get(0, nullptr);
  std::string text(std::size_t(count), '\0');
  get(count, text.data());
  return text.substr(0, text.find('\0'));
}

Planner::Planner(const Target& target, const Problem& problem, std::size_t workspace_limit)
    : target_(target), problem_(problem), workspace_limit_(workspace_limit) {
  try {
    graph_ = make_graph(problem, target.handle());
  } catch (const Refused& refused) {
    log_ += concat("no graph: ", refused.what(), '\n');
    return;
  }
  modes_ = {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK};
  // Of strided 3-D convolutions in bf16, A of cuDNN 9.19 knows none of the tensor cores' engines, B
  // does. In f32 B ends in an engine that is worse than the fallback's.
  if (problem.math == Math::bf16 || problem.math == Math::tf32) {
    modes_.insert(modes_.begin() + 1, CUDNN_HEUR_MODE_B);
    const ConvGeometry& g = problem.geometry;
    tensor_cores_first_ = std::min(g.in_channels, g.out_channels) >= 32;
  }
}

void Planner::add_candidates(cudnnBackendHeurMode_t mode) {
  Descriptor heuristics(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  set(heuristics, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph_.graph);
  set(heuristics, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, mode);
  if (target_.properties())
    set(heuristics, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, CUDNN_TYPE_BACKEND_DESCRIPTOR,
        target_.properties());
  finalize(heuristics, "heuristics");
  std::int64_t count = 0;
  require(cudnnBackendGetAttribute(heuristics.get(), CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                   CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, &count, nullptr),
          "number of engines");
  std::vector<cudnnBackendDescriptor_t> raw;
  const std::size_t first = candidates_.size();
  for (std::int64_t i = 0; i < count; ++i) {
    candidates_.emplace_back(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    raw.push_back(candidates_.back().get());
  }
  std::int64_t filled = 0;
  require(cudnnBackendGetAttribute(heuristics.get(), CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                   CUDNN_TYPE_BACKEND_DESCRIPTOR, count, &filled, raw.data()),
          "engines");
  candidates_.resize(first + std::size_t(filled));
  log_ += concat("heuristics ", name_of(mode), ": ", filled, " engines\n");
}

bool Planner::next(Plan& plan) {
  while (true) {
    while (next_ < candidates_.size())
      if (make_plan(candidates_[next_++], plan)) return true;
    if (!modes_.empty()) {
      const cudnnBackendHeurMode_t mode = modes_.front();
      modes_.erase(modes_.begin());
      try {
        add_candidates(mode);
      } catch (const Refused& refused) {
        log_ += concat("heuristics ", name_of(mode), ": ", refused.what(), '\n');
      }
    } else if (!postponed_.empty()) {
      tensor_cores_first_ = false;
      candidates_ = std::exchange(postponed_, {});
      next_ = 0;
    } else {
      return false;
    }
  }
}

bool Planner::make_plan(Descriptor& config, Plan& plan) {
  std::int64_t index = -1;
  try {
    Descriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    cudnnBackendDescriptor_t raw = engine.get();
    std::int64_t count = 0;
    require(cudnnBackendGetAttribute(config.get(), CUDNN_ATTR_ENGINECFG_ENGINE,
                                     CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &count, &raw),
            "engine");
    require(cudnnBackendGetAttribute(engine.get(), CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64,
                                     1, &count, &index),
            "engine index");
    if (const char* reason = forbidden(engine, problem_.math)) {
      log_ += concat("engine ", index, " dropped: ", reason, '\n');
      return false;
    }
    const bool tensor_cores = has_note(engine, CUDNN_NUMERICAL_NOTE_TENSOR_CORE);
    if (tensor_cores_first_ && !tensor_cores) {
      log_ += concat("engine ", index, " postponed: no tensor cores\n");
      postponed_.push_back(std::move(config));
      return false;
    }
    Descriptor candidate(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    set(candidate, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config);
    if (target_.handle())
      set(candidate, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, target_.handle());
    else
      set(candidate, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, CUDNN_TYPE_BACKEND_DESCRIPTOR,
          target_.properties());
    finalize(candidate, "plan");
    std::int64_t workspace = 0;
    require(cudnnBackendGetAttribute(candidate.get(), CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE,
                                     CUDNN_TYPE_INT64, 1, &count, &workspace),
            "workspace size");
    if (std::size_t(workspace) > workspace_limit_) {
      log_ += concat("engine ", index, " dropped: needs a workspace of ", workspace, " bytes\n");
      return false;
    }
    plan.plan_ = std::move(candidate);
    plan.engine_ = index;
    plan.tensor_cores_ = tensor_cores;
    plan.workspace_bytes_ = std::size_t(workspace);
    plan.bias_ = problem_.bias;
    return true;
  } catch (const Refused& refused) {
    log_ += concat("engine ", index, " failed: ", refused.what(), '\n');
    return false;
  }
}

bool Plan::run(cudnnHandle_t handle, const Arguments& arguments, std::string& why) const {
  try {
    std::vector<std::int64_t> ids{id_x, id_w, id_y};
    std::vector<void*> pointers{arguments.x, arguments.w, arguments.y};
    if (bias_) {
      ids.push_back(id_bias);
      pointers.push_back(arguments.bias);
    }
    const auto count = std::int64_t(ids.size());
    Descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    set(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, ids.data(), count);
    set(pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, pointers.data(), count);
    set(pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, arguments.workspace);
    finalize(pack, "variant pack");
    require(cudnnBackendExecute(handle, plan_.get(), pack.get()), "execute");
    return true;
  } catch (const Refused& refused) {
    why = refused.what();
    return false;
  }
}

}  // namespace voxgrad::cuda::cudnn
