#include "cuda/conv/cudnn/graph.h"

#include <vector>

namespace voxgrad::cuda::cudnn {
namespace {

cudnnDataType_t type_of_sums(Math math) {
  return math == Math::f64 ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT;
}

cudnnDataType_t type_of_memory(Math math) {
  return math == Math::bf16 ? CUDNN_DATA_BFLOAT16 : type_of_sums(math);
}

// cuDNN counts extents as N, C, (D,) H, W regardless of their order in memory; in ours the
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
      type_of_sums(problem.math));
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

OperationNames operation_names(ConvDirection direction) {
  switch (direction) {
    case ConvDirection::forward:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
    case ConvDirection::backward_data:
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
  set(pointwise, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, type_of_sums(math));
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

class Builder {
 public:
  explicit Builder(const Problem& problem)
      : problem_(problem),
        names_(operation_names(problem.direction)),
        x_(g_.batch, g_.in_channels, g_.input, g_.spatial_rank),
        w_(g_.out_channels, g_.in_channels, g_.kernel, g_.spatial_rank),
        y_(g_.batch, g_.out_channels, g_.output, g_.spatial_rank) {}

  Graph build(cudnnHandle_t handle) {
    const Descriptor* result = &convolve();
    if (problem_.bias) result = &add_bias(*result);
    if (problem_.activated()) activate(*result);
    Descriptor graph(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    set(graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, operations_.data(),
        std::int64_t(operations_.size()));
    if (handle) set(graph, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, handle);
    finalize(graph, "operation graph");
    return {std::move(parts_), std::move(graph)};
  }

 private:
  const Descriptor& keep(Descriptor part) { return parts_.emplace_back(std::move(part)); }

  void add_operation(Descriptor operation, const char* what) {
    finalize(operation, what);
    operations_.push_back(keep(std::move(operation)).get());
  }

  const Descriptor& in_memory(Id id, const Layout& layout) {
    return keep(make_tensor(id, type_of_memory(problem_.math), layout, false));
  }

  // Of one of the operations: where others follow it is virtual, in the type of the sums.
  const Descriptor& result(bool is_last, Id id_if_not) {
    const Id last = forward()                                            ? id_y
                    : problem_.direction == ConvDirection::backward_data ? id_x
                                                                         : id_w;
    const Layout& layout = last == id_y ? y_ : last == id_x ? x_ : w_;
    if (is_last) return in_memory(last, layout);
    return keep(make_tensor(id_if_not, type_of_sums(problem_.math), layout, true));
  }

  const Descriptor& convolve() {
    const Descriptor& made = result(!problem_.bias && !problem_.activated(), id_raw);
    const bool data = problem_.direction == ConvDirection::backward_data;
    const Descriptor& x = data ? made : in_memory(id_x, x_);
    const Descriptor& w = forward() || data ? in_memory(id_w, w_) : made;
    const Descriptor& y = forward() ? made : in_memory(id_y, y_);
    Descriptor operation(names_.type);
    set(operation, names_.convolution, keep(make_convolution(problem_)));
    set(operation, names_.x, x);
    set(operation, names_.w, w);
    set(operation, names_.y, y);
    if (problem_.math == Math::f64) {
      set(operation, names_.alpha, CUDNN_TYPE_DOUBLE, 1.0);
      set(operation, names_.beta, CUDNN_TYPE_DOUBLE, 0.0);
    } else {
      set(operation, names_.alpha, CUDNN_TYPE_FLOAT, 1.0f);
      set(operation, names_.beta, CUDNN_TYPE_FLOAT, 0.0f);
    }
    add_operation(std::move(operation), "convolution operation");
    return made;
  }

  const Descriptor& add_bias(const Descriptor& from) {
    const std::int64_t channels = forward() ? g_.out_channels : g_.in_channels;
    const Descriptor& made = result(!problem_.activated(), id_biased);
    Descriptor operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    set(operation, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR,
        keep(make_pointwise(CUDNN_POINTWISE_ADD, problem_.math, {})));
    set(operation, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, from);
    set(operation, CUDNN_ATTR_OPERATION_POINTWISE_BDESC,
        in_memory(id_bias, Layout(1, channels, {1, 1, 1}, g_.spatial_rank)));
    set(operation, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, made);
    add_operation(std::move(operation), "bias operation");
    return made;
  }

  void activate(const Descriptor& from) {
    const Activation& activation = problem_.activation;
    Descriptor operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    set(operation, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR,
        keep(make_pointwise(pointwise_mode(activation.kind), problem_.math, activation)));
    set(operation, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, from);
    set(operation, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, result(true, id_y));
    add_operation(std::move(operation), "activation operation");
  }

  bool forward() const { return problem_.direction == ConvDirection::forward; }

  const Problem& problem_;
  const ConvGeometry& g_ = problem_.geometry;
  const OperationNames names_;
  const Layout x_, w_, y_;
  std::deque<Descriptor> parts_;
  std::vector<cudnnBackendDescriptor_t> operations_;
};

}  // namespace

Graph make_graph(const Problem& problem, cudnnHandle_t handle) {
  const int rank = problem.geometry.spatial_rank;
  check(rank == 2 || rank == 3, "[cudnn] plans are for 2-D and 3-D, got ", problem.geometry);
  check(problem.direction != ConvDirection::backward_weight ||
            (!problem.bias && !problem.activated()),
        "[cudnn] weight gradients have no epilogue: ", problem.geometry);
  return Builder(problem).build(handle);
}

}  // namespace voxgrad::cuda::cudnn
