// The emulated cuDNN's functions: descriptors and their attributes, checked as cuDNN checks them
// (names, types, what is required, nothing changed once it is finalized), the list of engines, and
// plans, whose work goes to the handle's stream.
#include "tests/cuda/emulation/include/cudnn.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "tests/cuda/emulation/libraries/graph.h"

using voxgrad::emulation::Attribute;
using voxgrad::emulation::Engine;
using voxgrad::emulation::Object;
using voxgrad::emulation::TensorView;

struct EmulatedCudnn {
  cudaStream_t stream = nullptr;
};

namespace {

// What a cudnnBackendDescriptor_t points to.
struct Handle {
  std::shared_ptr<Object> object;
};

thread_local std::string last_error;
std::vector<Engine> set_by_test;
int calls = 0;
std::int64_t ran_last = -1;

cudnnStatus_t refuse(const std::string& why, cudnnStatus_t status = CUDNN_STATUS_BAD_PARAM) {
  last_error = why;
  return status;
}

Object& object_of(cudnnBackendDescriptor_t descriptor) {
  return *static_cast<Handle*>(descriptor)->object;
}

struct Rule {
  cudnnBackendDescriptorType_t object;
  cudnnBackendAttributeName_t name;
  cudnnBackendAttributeType_t type;
  bool required = true;
};

constexpr Rule kRules[] = {
    {CUDNN_BACKEND_TENSOR_DESCRIPTOR, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE},
    {CUDNN_BACKEND_TENSOR_DESCRIPTOR, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64},
    {CUDNN_BACKEND_TENSOR_DESCRIPTOR, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64},
    {CUDNN_BACKEND_TENSOR_DESCRIPTOR, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64},
    {CUDNN_BACKEND_TENSOR_DESCRIPTOR, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64},
    {CUDNN_BACKEND_TENSOR_DESCRIPTOR, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, false},
    {CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64},
    {CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE},
    {CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, CUDNN_ATTR_CONVOLUTION_CONV_MODE,
     CUDNN_TYPE_CONVOLUTION_MODE},
    {CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64},
    {CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64},
    {CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64},
    {CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64},
    {CUDNN_BACKEND_POINTWISE_DESCRIPTOR, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE},
    {CUDNN_BACKEND_POINTWISE_DESCRIPTOR, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE},
    {CUDNN_BACKEND_POINTWISE_DESCRIPTOR, CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP_SLOPE,
     CUDNN_TYPE_DOUBLE, false},
    {CUDNN_BACKEND_POINTWISE_DESCRIPTOR, CUDNN_ATTR_POINTWISE_ELU_ALPHA, CUDNN_TYPE_DOUBLE, false},
    {CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR,
     CUDNN_TYPE_BACKEND_DESCRIPTOR},
    {CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, CUDNN_ATTR_OPERATION_POINTWISE_XDESC,
     CUDNN_TYPE_BACKEND_DESCRIPTOR},
    {CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, CUDNN_ATTR_OPERATION_POINTWISE_BDESC,
     CUDNN_TYPE_BACKEND_DESCRIPTOR, false},
    {CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, CUDNN_ATTR_OPERATION_POINTWISE_YDESC,
     CUDNN_TYPE_BACKEND_DESCRIPTOR},
    {CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR, CUDNN_ATTR_OPERATIONGRAPH_OPS,
     CUDNN_TYPE_BACKEND_DESCRIPTOR},
    {CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE},
    {CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH,
     CUDNN_TYPE_BACKEND_DESCRIPTOR},
    {CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE},
    {CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG,
     CUDNN_TYPE_BACKEND_DESCRIPTOR},
    {CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE},
    {CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR, CUDNN_ATTR_DEVICEPROP_HANDLE, CUDNN_TYPE_HANDLE},
    {CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64},
    {CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS,
     CUDNN_TYPE_VOID_PTR},
    {CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR},
};

bool is_convolution(cudnnBackendDescriptorType_t type) {
  return type >= CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR &&
         type <= CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR;
}

/// The six attributes of each of the three convolutions, whose numbers follow each other.
bool convolution_takes(cudnnBackendDescriptorType_t object, cudnnBackendAttributeName_t name,
                       cudnnBackendAttributeType_t type) {
  const int first = object == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR         ? 700
                    : object == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR ? 706
                                                                                             : 712;
  if (name < first || name >= first + 6) return false;
  const bool is_factor = name < first + 2;
  return is_factor ? type == CUDNN_TYPE_FLOAT || type == CUDNN_TYPE_DOUBLE
                   : type == CUDNN_TYPE_BACKEND_DESCRIPTOR;
}

bool takes(cudnnBackendDescriptorType_t object, cudnnBackendAttributeName_t name,
           cudnnBackendAttributeType_t type) {
  if (is_convolution(object)) return convolution_takes(object, name, type);
  for (const Rule& rule : kRules)
    if (rule.object == object && rule.name == name) return rule.type == type;
  return false;
}

std::size_t bytes_of(cudnnBackendAttributeType_t type) {
  switch (type) {
    case CUDNN_TYPE_BOOLEAN:
    case CUDNN_TYPE_CHAR:
      return 1;
    case CUDNN_TYPE_INT64:
    case CUDNN_TYPE_DOUBLE:
      return 8;
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_VOID_PTR:
      return sizeof(void*);
    default:
      return 4;
  }
}

/// Engines of any problem: some that a careful caller must not take come first.
const std::vector<Engine>& default_engines() {
  static const std::vector<Engine> all{
      {1, CUDNN_HEUR_MODE_A, {CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC}},
      {2, CUDNN_HEUR_MODE_A, {CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION}},
      {3, CUDNN_HEUR_MODE_A, {CUDNN_NUMERICAL_NOTE_WINOGRAD}},
      {4, CUDNN_HEUR_MODE_A, {}, std::int64_t{1} << 34},
      {5,
       CUDNN_HEUR_MODE_A,
       {CUDNN_NUMERICAL_NOTE_TENSOR_CORE, CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS},
       4096},
      {6, CUDNN_HEUR_MODE_B, {CUDNN_NUMERICAL_NOTE_TENSOR_CORE}},
      {0, CUDNN_HEUR_MODE_FALLBACK, {}, 256},
  };
  return all;
}

/// What a finalized object must be, beyond having its attributes.
cudnnStatus_t complete(Object& object) {
  switch (object.type) {
    case CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR:
      object.graph =
          std::make_shared<voxgrad::emulation::Graph>(voxgrad::emulation::read_graph(object));
      return CUDNN_STATUS_SUCCESS;
    case CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR: {
      const Object& config = object.part(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG);
      object.engine = config.engine;
      object.graph = config.graph;
      if (config.engine.fails_when_built)
        return refuse("this engine cannot be built", CUDNN_STATUS_NOT_SUPPORTED);
      return CUDNN_STATUS_SUCCESS;
    }
    default:
      return CUDNN_STATUS_SUCCESS;
  }
}

/// The engines that a heuristic lists, as configurations.
std::vector<Object> listed(const Object& heuristics) {
  const Object& graph = heuristics.part(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH);
  const auto mode = heuristics.value<cudnnBackendHeurMode_t>(CUDNN_ATTR_ENGINEHEUR_MODE);
  std::vector<Object> configs;
  if (!voxgrad::emulation::has_engines(*graph.graph)) return configs;
  for (const Engine& engine : set_by_test.empty() ? default_engines() : set_by_test)
    if (engine.listed_by == mode)
      configs.push_back({CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, true, {}, graph.graph, engine});
  return configs;
}

cudnnStatus_t get_results(const Object& heuristics, std::int64_t capacity, std::int64_t* count,
                          void* values) {
  const std::vector<Object> configs = listed(heuristics);
  *count = capacity == 0 ? std::int64_t(configs.size())
                         : std::min(capacity, std::int64_t(configs.size()));
  for (std::int64_t i = 0; i < *count && capacity > 0; ++i)
    object_of(static_cast<cudnnBackendDescriptor_t*>(values)[i]) = configs[std::size_t(i)];
  return CUDNN_STATUS_SUCCESS;
}

/// The addresses of a variant pack by the tensors' ids, or why they will not do.
std::string addresses_of(const Object& plan, const Object& pack,
                         std::map<std::int64_t, void*>& addresses) {
  const auto ids = pack.attributes.at(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS).values<std::int64_t>();
  const auto pointers = pack.attributes.at(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS).values<void*>();
  if (ids.size() != pointers.size()) return "not as many addresses as ids";
  for (std::size_t i = 0; i < ids.size(); ++i) addresses[ids[i]] = pointers[i];
  for (const TensorView& each : plan.graph->in_memory()) {
    const auto found = addresses.find(each.id);
    if (found == addresses.end() || found->second == nullptr)
      return "no address of tensor " + std::to_string(each.id);
    if (reinterpret_cast<std::uintptr_t>(found->second) % std::uintptr_t(each.alignment) != 0)
      return "tensor " + std::to_string(each.id) + " is not aligned as its descriptor says";
  }
  if (plan.engine.workspace > 0 && pack.value<void*>(CUDNN_ATTR_VARIANT_PACK_WORKSPACE) == nullptr)
    return "no workspace";
  return "";
}

}  // namespace

bool Engine::has(cudnnBackendNumericalNote_t note) const {
  return std::find(notes.begin(), notes.end(), note) != notes.end();
}

void voxgrad::emulation::set_engines(std::vector<Engine> wanted) {
  set_by_test = std::move(wanted);
}
std::int64_t voxgrad::emulation::last_engine() {
  return ran_last;
}

namespace voxgrad::emulation {
int cudnn_calls() {
  return calls;
}
}  // namespace voxgrad::emulation

std::size_t cudnnGetVersion() {
  return 0;
}
cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  *handle = new EmulatedCudnn;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
  delete handle;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  return CUDNN_STATUS_SUCCESS;
}
const char* cudnnGetErrorString(cudnnStatus_t status) {
  switch (status) {
    case CUDNN_STATUS_SUCCESS:
      return "CUDNN_STATUS_SUCCESS";
    case CUDNN_STATUS_BAD_PARAM:
      return "CUDNN_STATUS_BAD_PARAM";
    case CUDNN_STATUS_NOT_SUPPORTED:
      return "CUDNN_STATUS_NOT_SUPPORTED";
    default:
      return "CUDNN_STATUS_EXECUTION_FAILED";
  }
}
void cudnnGetLastErrorString(char* text, std::size_t size) {
  std::snprintf(text, size, "%s", last_error.c_str());
}

cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type,
                                           cudnnBackendDescriptor_t* descriptor) {
  *descriptor = new Handle{std::make_shared<Object>(Object{type})};
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor) {
  delete static_cast<Handle*>(descriptor);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor,
                                       cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, std::int64_t count,
                                       const void* values) {
  Object& object = object_of(descriptor);
  if (object.finalized) return refuse("set after it was finalized");
  if (count < 1 || values == nullptr) return refuse("no value");
  if (!takes(object.type, name, type))
    return refuse("descriptor " + std::to_string(object.type) + " takes no attribute " +
                  std::to_string(name) + " of type " + std::to_string(type));
  Attribute attribute{type, count};
  if (type == CUDNN_TYPE_BACKEND_DESCRIPTOR) {
    for (std::int64_t i = 0; i < count; ++i) {
      const auto part = static_cast<const cudnnBackendDescriptor_t*>(values)[i];
      if (!object_of(part).finalized) return refuse("a part that is not finalized");
      attribute.parts.push_back(static_cast<Handle*>(part)->object);
    }
  } else {
    attribute.bytes.resize(std::size_t(count) * bytes_of(type));
    std::memcpy(attribute.bytes.data(), values, attribute.bytes.size());
  }
  object.attributes[name] = std::move(attribute);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t descriptor,
                                       cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t, std::int64_t capacity,
                                       std::int64_t* count, void* values) {
  const Object& object = object_of(descriptor);
  if (!object.finalized) return refuse("asked before it was finalized");
  if (name == CUDNN_ATTR_ENGINEHEUR_RESULTS) return get_results(object, capacity, count, values);
  *count = 1;
  switch (name) {
    case CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION: {
      const std::string text = R"({"deviceName":"emulated"})";
      *count = std::int64_t(text.size());
      if (capacity >= *count) std::memcpy(values, text.data(), text.size());
      return CUDNN_STATUS_SUCCESS;
    }
    case CUDNN_ATTR_ENGINECFG_ENGINE:
      object_of(*static_cast<cudnnBackendDescriptor_t*>(values)) = {
          CUDNN_BACKEND_ENGINE_DESCRIPTOR, true, {}, object.graph, object.engine};
      return CUDNN_STATUS_SUCCESS;
    case CUDNN_ATTR_ENGINE_GLOBAL_INDEX:
      *static_cast<std::int64_t*>(values) = object.engine.index;
      return CUDNN_STATUS_SUCCESS;
    case CUDNN_ATTR_ENGINE_NUMERICAL_NOTE:
      *count = std::min(capacity, std::int64_t(object.engine.notes.size()));
      std::copy_n(object.engine.notes.begin(), *count,
                  static_cast<cudnnBackendNumericalNote_t*>(values));
      return CUDNN_STATUS_SUCCESS;
    case CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE:
      *static_cast<std::int64_t*>(values) = object.engine.workspace;
      return CUDNN_STATUS_SUCCESS;
    default:
      return refuse("an attribute that is not emulated", CUDNN_STATUS_NOT_SUPPORTED);
  }
}

cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t descriptor) {
  Object& object = object_of(descriptor);
  for (const Rule& rule : kRules)
    if (rule.object == object.type && rule.required && !object.has(rule.name))
      return refuse("attribute " + std::to_string(rule.name) + " is missing");
  if (is_convolution(object.type) && object.attributes.size() != 6)
    return refuse("a convolution needs six attributes");
  try {
    const cudnnStatus_t status = complete(object);
    object.finalized = status == CUDNN_STATUS_SUCCESS;
    return status;
  } catch (const std::string& why) {
    return refuse(why);
  }
}

cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan_descriptor,
                                  cudnnBackendDescriptor_t variant_pack) {
  ++calls;
  const Object& plan = object_of(plan_descriptor);
  const Object& pack = object_of(variant_pack);
  if (!plan.finalized || !pack.finalized) return refuse("plan or addresses are not finalized");
  if (plan.value<cudnnHandle_t>(CUDNN_ATTR_EXECUTION_PLAN_HANDLE) != handle)
    return refuse("a plan of another handle");
  if (plan.engine.fails_when_run)
    return refuse("this engine cannot run", CUDNN_STATUS_EXECUTION_FAILED);
  std::map<std::int64_t, void*> addresses;
  const std::string why = addresses_of(plan, pack, addresses);
  if (!why.empty()) return refuse(why);
  ran_last = plan.engine.index;
  void* const workspace = pack.value<void*>(CUDNN_ATTR_VARIANT_PACK_WORKSPACE);
  const cudaError_t error = voxgrad::emulation::enqueue(
      handle->stream, [graph = plan.graph, engine = plan.engine, addresses, workspace] {
        // As engines do, so that memory which is still somebody's shows.
        if (engine.workspace > 0) std::memset(workspace, 0x5a, std::size_t(engine.workspace));
        voxgrad::emulation::compute(*graph, engine, addresses);
        return cudaSuccess;
      });
  return error == cudaSuccess ? CUDNN_STATUS_SUCCESS
                              : refuse("the stream failed", CUDNN_STATUS_EXECUTION_FAILED);
}
