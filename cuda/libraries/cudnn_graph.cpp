#include "cuda/libraries/cudnn_graph.h"

#include <array>
#include <functional>

#include "tensor/error.h"

namespace voxgrad::cuda::cudnn {
namespace {

// Where a call fails while a graph or plan is built, this carries the reason to Planner.
struct Refused : Error {
  using Error::Error;
};

std::string last_error(cudnnStatus_t status) {
  char text[512] = "";
  cudnnGetLastErrorString(text, sizeof text);
  return concat(cudnnGetErrorString(status), text[0] ? ": " : "", text);
}

void require(cudnnStatus_t status, const char* what) {
  if (status != CUDNN_STATUS_SUCCESS) fail<Refused>(what, ": ", last_error(status));
}

template <class T>
void set(const Descriptor& descriptor, cudnnBackendAttributeName_t name,
         cudnnBackendAttributeType_t type, const T* values, std::int64_t count) {
  require(cudnnBackendSetAttribute(descriptor.get(), name, type, count, values), "set attribute");
}

template <class T>
void set(const Descriptor& descriptor, cudnnBackendAttributeName_t name,
         cudnnBackendAttributeType_t type, const T& value) {
  set(descriptor, name, type, &value, 1);
}

void set(const Descriptor& descriptor, cudnnBackendAttributeName_t name, const Descriptor& part) {
  set(descriptor, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, part.get());
}

void finalize(const Descriptor& descriptor, const char* what) {
  require(cudnnBackendFinalize(descriptor.get()), what);
}

// Unique ids of the tensors of a graph.
enum Id : std::int64_t { id_x = 1, id_w, id_y, id_bias, id_raw, id_biased };

cudnnDataType_t compute_type(Math math) {
  return math == Math::f64 ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT;
}

cudnnDataType_t map_type(Math math) {
  return math == Math::bf16 ? CUDNN_DATA_BFLOAT16 : compute_type(math);
}

// cuDNN counts extents as N, C, (D,) H, W in whatever order they lie in memory; in ours the
// channels are innermost.
struct Layout {
  std::vector<std::int64_t> extents, strides;

  Layout(std::int64_t first, std::int64_t channels, const Triple& spatial, int rank) {
    extents = {first, channels};
    for (int axis = 3 - rank; axis < 3; ++axis) extents.push_back(spatial[std::size_t(axis)]);
    strides.resize(extents.size());
    strides[1] = 1;
    std::int64_t step = channels;
    for (std::size_t i = extents.size(); i-- > 2;) {
      strides[i] = step;
      step *= extents[i];
    }
    strides[0] = step;
  }
};

Descriptor make_tensor(Id id, cudnnDataType_t type, const Layout& layout, bool is_virtual) {
  Descriptor tensor(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  const auto rank = std::int64_t(layout.extents.size());
  set(tensor, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, type);
  set(tensor, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, layout.extents.data(), rank);
  set(tensor, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, layout.strides.data(), rank);
  set(tensor, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, std::int64_t(id));
  set(tensor, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, std::int64_t(alignment));
  set(tensor, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, is_virtual);
  finalize(tensor, "tensor");
  return tensor;
}

Descriptor make_convolution(const Problem& problem) {
  const ConvGeometry& g = problem.geometry;
  const int skipped = 3 - g.spatial_rank;
  const auto rank = std::int64_t(g.spatial_rank);
  const Triple ones{1, 1, 1};
  Descriptor convolution(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  set(convolution, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, rank);
  set(convolution, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE,
      compute_type(problem.math));
  set(convolution, CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE,
      CUDNN_CROSS_CORRELATION);
  const auto set_axes = [&](cudnnBackendAttributeName_t name, const Triple& values) {
    set(convolution, name, CUDNN_TYPE_INT64, values.data() + skipped, rank);
  };
  set_axes(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, g.stride);
  set_axes(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, g.padding);
  set_axes(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, g.padding);
  set_axes(CUDNN_ATTR_CONVOLUTION_DILATIONS, ones);
  finalize(convolution, "convolution");
  return convolution;
}

// The attributes of the three operations, which differ in nothing but their names.
struct OperationNames {
  cudnnBackendDescriptorType_t type;
  cudnnBackendAttributeName_t convolution, x, w, y, alpha, beta;
};

OperationNames operation_names(Direction direction) {
  switch (direction) {
    case Direction::forward:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
    case Direction::backward_data:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
    default:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};
  }
}

Descriptor make_pointwise(cudnnPointwiseMode_t mode, Math math, const Activation& activation) {
  Descriptor pointwise(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  set(pointwise, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, mode);
  set(pointwise, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, compute_type(math));
  if (activation.kind == ActivationKind::leaky_relu)
    set(pointwise, CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP_SLOPE, CUDNN_TYPE_DOUBLE, activation.alpha);
  if (activation.kind == ActivationKind::elu)
    set(pointwise, CUDNN_ATTR_POINTWISE_ELU_ALPHA, CUDNN_TYPE_DOUBLE, activation.alpha);
  finalize(pointwise, "pointwise");
  return pointwise;
}

cudnnPointwiseMode_t pointwise_mode(ActivationKind kind) {
  switch (kind) {
    case ActivationKind::elu:
      return CUDNN_POINTWISE_ELU_FWD;
    case ActivationKind::sigmoid:
      return CUDNN_POINTWISE_SIGMOID_FWD;
    default:
      return CUDNN_POINTWISE_RELU_FWD;
  }
}

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
// round f32 factors to TF32, and Winograd and FFT lose digits that TRUST asks for.
const char* forbidden(const Descriptor& engine, Math math) {
  if (has_note(engine, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC)) return "not deterministic";
  if (has_note(engine, CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION))
    return "sums in reduced precision";
  if (math == Math::bf16) return nullptr;
  if (has_note(engine, CUDNN_NUMERICAL_NOTE_WINOGRAD)) return "Winograd";
  if (has_note(engine, CUDNN_NUMERICAL_NOTE_FFT)) return "FFT";
  if (math == Math::tf32) return nullptr;
  if (has_note(engine, CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS)) return "rounds its inputs";
  // For f64, tensor cores are exact.
  if (math == Math::f32 && has_note(engine, CUDNN_NUMERICAL_NOTE_TENSOR_CORE))
    return "TF32 tensor cores";
  return nullptr;
}

}  // namespace

Descriptor::Descriptor(cudnnBackendDescriptorType_t type) {
  require(cudnnBackendCreateDescriptor(type, &handle_), "create descriptor");
}

Descriptor::~Descriptor() {
  if (handle_) cudnnBackendDestroyDescriptor(handle_);
}

const char* name_of(Direction direction) {
  constexpr const char* names[] = {"forward", "backward_data", "backward_weight"};
  return names[int(direction)];
}

const char* name_of(Math math) {
  constexpr const char* names[] = {"f64", "f32", "tf32", "bf16"};
  return names[int(math)];
}

bool Problem::operator==(const Problem& other) const {
  return direction == other.direction && math == other.math && geometry == other.geometry &&
         bias == other.bias && activation.kind == other.activation.kind &&
         activation.alpha == other.activation.alpha;
}

std::ostream& operator<<(std::ostream& out, const Problem& problem) {
  return out << name_of(problem.direction) << ' ' << name_of(problem.math) << ' '
             << problem.geometry << (problem.bias ? " + bias" : "")
             << (problem.activation.kind == ActivationKind::identity ? "" : " + activation");
}

std::size_t ProblemHash::operator()(const Problem& problem) const {
  std::size_t hash = 0;
  const auto mix = [&hash](auto value) {
    hash = (hash ^ std::hash<decltype(value)>{}(value)) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29;
  };
  const ConvGeometry& g = problem.geometry;
  mix(int(problem.direction));
  mix(int(problem.math));
  mix(int(problem.activation.kind));
  mix(problem.bias);
  mix(g.batch);
  mix(g.in_channels);
  mix(g.out_channels);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    mix(g.input[axis]);
    mix(g.kernel[axis]);
    mix(g.stride[axis]);
    mix(g.padding[axis]);
  }
  return hash;
}

Target Target::described(const std::string& json) {
  Target target;
  target.properties_ = Descriptor(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  set(target.properties_, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, json.data(),
      std::int64_t(json.size()));
  finalize(target.properties_, "device properties");
  return target;
}

Planner::Planner(const Target& target, const Problem& problem, std::size_t workspace_limit)
    : target_(target), problem_(problem), workspace_limit_(workspace_limit) {
  const ConvGeometry& g = problem.geometry;
  const int rank = g.spatial_rank;
  check(rank == 2 || rank == 3, "[cudnn] plans are for 2-D and 3-D, got ", g);
  const bool is_weight = problem.direction == Direction::backward_weight;
  const bool activated = problem.activation.kind != ActivationKind::identity;
  try {
    // The result of the convolution itself is virtual, in the type of the sums, if there is an
    // epilogue behind it.
    const bool fused = !is_weight && (problem.bias || activated);
    const cudnnDataType_t sums = compute_type(problem.math), maps = map_type(problem.math);
    const Layout in(g.batch, g.in_channels, g.input, rank);
    const Layout weights(g.out_channels, g.in_channels, g.kernel, rank);
    const Layout out(g.batch, g.out_channels, g.output, rank);
    const bool forward = problem.direction == Direction::forward;
    const Id result_id = fused ? id_raw : forward ? id_y : is_weight ? id_w : id_x;
    const auto type_of = [&](Id id) { return id != result_id ? maps : fused ? sums : maps; };
    const auto part = [this](Descriptor descriptor) -> const Descriptor& {
      parts_.push_back(std::move(descriptor));
      return parts_.back();
    };
    parts_.reserve(16);  // references to parts must stay
    const auto id_of = [&](bool is_result, Id id) { return is_result ? result_id : id; };
    const Id x = id_of(problem.direction == Direction::backward_data, id_x);
    const Id w = id_of(is_weight, id_w), y = id_of(forward, id_y);
    const Descriptor& x_tensor = part(make_tensor(x, type_of(x), in, x == id_raw));
    const Descriptor& w_tensor = part(make_tensor(w, type_of(w), weights, false));
    const Descriptor& y_tensor = part(make_tensor(y, type_of(y), out, y == id_raw));

    const OperationNames names = operation_names(problem.direction);
    const Descriptor& convolution = part(make_convolution(problem));
    std::vector<cudnnBackendDescriptor_t> operations;
    {
      Descriptor operation(names.type);
      set(operation, names.convolution, convolution);
      set(operation, names.x, x_tensor);
      set(operation, names.w, w_tensor);
      set(operation, names.y, y_tensor);
      if (problem.math == Math::f64) {
        set(operation, names.alpha, CUDNN_TYPE_DOUBLE, 1.0);
        set(operation, names.beta, CUDNN_TYPE_DOUBLE, 0.0);
      } else {
        set(operation, names.alpha, CUDNN_TYPE_FLOAT, 1.0f);
        set(operation, names.beta, CUDNN_TYPE_FLOAT, 0.0f);
      }
      finalize(operation, "convolution operation");
      operations.push_back(part(std::move(operation)).get());
    }

    const Layout& result = forward ? out : in;
    const Id final_id = forward ? id_y : id_x;
    const Descriptor* last = forward ? &y_tensor : &x_tensor;
    if (fused && problem.bias) {
      const Id id = activated ? id_biased : final_id;
      const Layout channels(1, result.extents[1], {1, 1, 1}, rank);
      const Descriptor& bias = part(make_tensor(id_bias, maps, channels, false));
      const Descriptor& sum = part(make_tensor(id, activated ? sums : maps, result, activated));
      const Descriptor& add = part(make_pointwise(CUDNN_POINTWISE_ADD, problem.math, {}));
      Descriptor operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
      set(operation, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, add);
      set(operation, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, *last);
      set(operation, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, bias);
      set(operation, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, sum);
      finalize(operation, "bias operation");
      operations.push_back(part(std::move(operation)).get());
      last = &sum;
    }
    if (fused && activated) {
      const Descriptor& y_final = part(make_tensor(final_id, maps, result, false));
      const Descriptor& activate = part(make_pointwise(pointwise_mode(problem.activation.kind),
                                                       problem.math, problem.activation));
      Descriptor operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
      set(operation, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, activate);
      set(operation, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, *last);
      set(operation, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y_final);
      finalize(operation, "activation operation");
      operations.push_back(part(std::move(operation)).get());
    }

    graph_ = Descriptor(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    set(graph_, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, operations.data(),
        std::int64_t(operations.size()));
    if (target.handle())
      set(graph_, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, target.handle());
    finalize(graph_, "operation graph");
    add_candidates(CUDNN_HEUR_MODE_A);
  } catch (const Refused& refused) {
    log_ += concat("no graph: ", refused.what(), '\n');
  }
}

void Planner::add_candidates(cudnnBackendHeurMode_t mode) {
  Descriptor heuristics(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  set(heuristics, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph_);
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
  log_ += concat("heuristics ", mode == CUDNN_HEUR_MODE_A ? "A" : "of last resort", ": ", filled,
                 " engines\n");
}

bool Planner::next(Plan& plan) {
  while (true) {
    if (next_ == candidates_.size()) {
      if (fallback_asked_ || graph_.get() == nullptr) return false;
      fallback_asked_ = true;
      try {
        add_candidates(CUDNN_HEUR_MODE_FALLBACK);
      } catch (const Refused& refused) {
        log_ += concat("no fallback: ", refused.what(), '\n');
      }
      if (next_ == candidates_.size()) return false;
    }
    if (make_plan(candidates_[next_++], plan)) return true;
  }
}

bool Planner::make_plan(const Descriptor& config, Plan& plan) {
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
