#include "tests/cuda/emulation/libraries/graph.h"

namespace voxgrad::emulation {
namespace {

using Name = cudnnBackendAttributeName_t;

void want(bool good, const std::string& what) {
  if (!good) throw what;
}

TensorView read_tensor(const Object& object) {
  want(object.type == CUDNN_BACKEND_TENSOR_DESCRIPTOR, "not a tensor");
  const auto extents = object.attributes.at(CUDNN_ATTR_TENSOR_DIMENSIONS).values<std::int64_t>();
  const auto strides = object.attributes.at(CUDNN_ATTR_TENSOR_STRIDES).values<std::int64_t>();
  want(extents.size() == strides.size() && (extents.size() == 4 || extents.size() == 5),
       "a tensor of other than two or three dimensions");
  TensorView view;
  view.id = object.value<std::int64_t>(CUDNN_ATTR_TENSOR_UNIQUE_ID);
  view.type = object.value<cudnnDataType_t>(CUDNN_ATTR_TENSOR_DATA_TYPE);
  view.alignment = object.value<std::int64_t>(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT);
  view.is_virtual =
      object.has(CUDNN_ATTR_TENSOR_IS_VIRTUAL) && object.value<bool>(CUDNN_ATTR_TENSOR_IS_VIRTUAL);
  view.extents = {extents[0], extents[1], 1, 0, 0};
  view.strides = {strides[0], strides[1], 0, 0, 0};
  for (std::size_t axis = 2; axis < extents.size(); ++axis) {
    view.extents[axis + 5 - extents.size()] = extents[axis];
    view.strides[axis + 5 - extents.size()] = strides[axis];
  }
  return view;
}

/// The names of an operation's attributes.
struct Names {
  Name convolution, x, w, y, alpha, beta;
};

Names names_of(cudnnBackendDescriptorType_t operation) {
  switch (operation) {
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR:
      return {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
      return {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR:
      return {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};
    default:
      throw std::string("a graph must begin with a convolution");
  }
}

/// A factor in the type of the tensors' sums.
double factor(const Object& operation, Name name, cudnnDataType_t type) {
  const bool f64 = operation.attributes.at(name).type == CUDNN_TYPE_DOUBLE;
  want(f64 == (type == CUDNN_DATA_DOUBLE), "alpha and beta are of another type than the sums");
  return f64 ? operation.value<double>(name) : double(operation.value<float>(name));
}

void read_convolution(const Object& object, Graph& graph) {
  const auto axes = object.value<std::int64_t>(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS);
  want(object.value<cudnnConvolutionMode_t>(CUDNN_ATTR_CONVOLUTION_CONV_MODE) ==
           CUDNN_CROSS_CORRELATION,
       "flipped kernels are not emulated");
  const auto read = [&](Name name) {
    const auto values = object.attributes.at(name).values<std::int64_t>();
    want(std::int64_t(values.size()) == axes, "a convolution with values for other axes");
    return values;
  };
  const auto strides = read(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES);
  const auto before = read(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS);
  want(before == read(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS), "paddings that differ");
  for (const std::int64_t dilation : read(CUDNN_ATTR_CONVOLUTION_DILATIONS))
    want(dilation == 1, "dilations are not emulated");
  for (std::size_t axis = 0; axis < strides.size(); ++axis) {
    graph.stride[axis + 3 - strides.size()] = strides[axis];
    graph.padding[axis + 3 - strides.size()] = before[axis];
  }
  const auto sums = object.value<cudnnDataType_t>(CUDNN_ATTR_CONVOLUTION_COMP_TYPE);
  want(sums == (graph.x.type == CUDNN_DATA_DOUBLE ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT),
       "sums of another type than emulated");
}

void check_extents(const Graph& graph) {
  const auto& [x, w, y] = std::tie(graph.x, graph.w, graph.y);
  want(x.extents[0] == y.extents[0] && x.extents[1] == w.extents[1] && y.extents[1] == w.extents[0],
       "batch or channels do not fit");
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::int64_t span = x.extents[axis + 2] + 2 * graph.padding[axis] - w.extents[axis + 2];
    want(span >= 0 && span / graph.stride[axis] + 1 == y.extents[axis + 2], "extents do not fit");
  }
  for (const TensorView* view : {&x, &w, &y})
    want(view->strides[1] == 1, "only channels last is emulated");
}

Pointwise read_pointwise(const Object& operation, TensorView& last) {
  want(operation.type == CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, "not a pointwise operation");
  const TensorView from = read_tensor(operation.part(CUDNN_ATTR_OPERATION_POINTWISE_XDESC));
  want(from.id == last.id && from.is_virtual, "does not follow the operation before");
  const Object& object = operation.part(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR);
  Pointwise result{object.value<cudnnPointwiseMode_t>(CUDNN_ATTR_POINTWISE_MODE)};
  if (object.has(CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP_SLOPE))
    result.slope = object.value<double>(CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP_SLOPE);
  if (object.has(CUDNN_ATTR_POINTWISE_ELU_ALPHA))
    result.elu_alpha = object.value<double>(CUDNN_ATTR_POINTWISE_ELU_ALPHA);
  const TensorView made = read_tensor(operation.part(CUDNN_ATTR_OPERATION_POINTWISE_YDESC));
  want(made.extents == last.extents, "a pointwise result of other extents");
  result.has_addend = operation.has(CUDNN_ATTR_OPERATION_POINTWISE_BDESC);
  want(result.has_addend == (result.mode == CUDNN_POINTWISE_ADD), "one operand too many or few");
  if (result.has_addend) {
    result.addend = read_tensor(operation.part(CUDNN_ATTR_OPERATION_POINTWISE_BDESC));
    want(result.addend.extents == std::array<std::int64_t, 5>{1, made.extents[1], 1, 1, 1},
         "only vectors of channels are added in the emulation");
  }
  last = made;
  return result;
}

}  // namespace

std::vector<TensorView> Graph::in_memory() const {
  std::vector<TensorView> all;
  for (const TensorView* view : {&x, &w, &y, &result})
    if (!view->is_virtual) all.push_back(*view);
  for (const Pointwise& each : pointwise)
    if (each.has_addend) all.push_back(each.addend);
  return all;
}

Graph read_graph(const Object& object) {
  const auto& operations = object.attributes.at(CUDNN_ATTR_OPERATIONGRAPH_OPS).parts;
  const Object& convolution = *operations.at(0);
  const Names names = names_of(convolution.type);
  Graph graph;
  graph.operation = convolution.type;
  graph.x = read_tensor(convolution.part(names.x));
  graph.w = read_tensor(convolution.part(names.w));
  graph.y = read_tensor(convolution.part(names.y));
  graph.alpha = factor(convolution, names.alpha, graph.x.type);
  graph.beta = factor(convolution, names.beta, graph.x.type);
  read_convolution(convolution.part(names.convolution), graph);
  check_extents(graph);
  graph.result = graph.made();
  for (std::size_t i = 1; i < operations.size(); ++i)
    graph.pointwise.push_back(read_pointwise(*operations[i], graph.result));
  want(!graph.result.is_virtual, "the last result is not in memory");
  return graph;
}

bool has_engines(const Graph& graph) {
  const std::vector<TensorView> tensors = graph.in_memory();
  for (const TensorView& each : tensors)
    if (each.type != tensors.front().type) return false;
  if (!graph.pointwise.empty() && !graph.forward()) return false;
  for (const Pointwise& each : graph.pointwise)
    if (each.slope != 0 && graph.result.type == CUDNN_DATA_BFLOAT16) return false;
  return true;
}

}  // namespace voxgrad::emulation
