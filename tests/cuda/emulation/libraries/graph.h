// What an operation graph of the emulated cuDNN says, read from its descriptors.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/cuda/emulation/include/cudnn.h"
#include "tests/cuda/emulation/libraries/libraries.h"

namespace voxgrad::emulation {

struct Object;

struct Attribute {
  cudnnBackendAttributeType_t type;
  std::int64_t count = 0;
  std::vector<std::uint8_t> bytes{};             // of values
  std::vector<std::shared_ptr<Object>> parts{};  // of descriptors

  template <class T>
  T at(std::size_t i) const {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    return value;
  }
  template <class T>
  std::vector<T> values() const {
    std::vector<T> result;
    for (std::size_t i = 0; i < std::size_t(count); ++i) result.push_back(at<T>(i));
    return result;
  }
};

struct Graph;

/// What a descriptor stands for.
struct Object {
  cudnnBackendDescriptorType_t type;
  bool finalized = false;
  std::map<cudnnBackendAttributeName_t, Attribute> attributes{};
  // Of graphs, and of what is made from them:
  std::shared_ptr<const Graph> graph{};
  Engine engine{-1, CUDNN_HEUR_MODE_A};

  bool has(cudnnBackendAttributeName_t name) const { return attributes.contains(name); }
  template <class T>
  T value(cudnnBackendAttributeName_t name) const {
    return attributes.at(name).at<T>(0);
  }
  const Object& part(cudnnBackendAttributeName_t name) const {
    return *attributes.at(name).parts.at(0);
  }
};

/// A tensor: N, C and three extents, of which the depth may be 1 and of no stride.
struct TensorView {
  std::int64_t id = 0;
  cudnnDataType_t type = CUDNN_DATA_FLOAT;
  std::array<std::int64_t, 5> extents{}, strides{};
  std::int64_t alignment = 1;
  bool is_virtual = false;
};

/// A function applied to the result of what came before: plus a vector, or an activation.
struct Pointwise {
  cudnnPointwiseMode_t mode;
  double slope = 0, elu_alpha = 1;
  bool has_addend = false;
  TensorView addend{};
};

/// A convolution and what follows it.
struct Graph {
  cudnnBackendDescriptorType_t operation{};
  TensorView x, w, y;
  std::array<std::int64_t, 3> stride{1, 1, 1}, padding{0, 0, 0};
  double alpha = 1, beta = 0;
  std::vector<Pointwise> pointwise{};
  TensorView result;  // of all, in memory

  bool forward() const {
    return operation == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR;
  }
  bool data_gradient() const {
    return operation == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR;
  }
  /// What the convolution itself makes.
  const TensorView& made() const { return forward() ? y : data_gradient() ? x : w; }
  /// Tensors in memory, whose addresses a plan needs.
  std::vector<TensorView> in_memory() const;
};

/// Throws a std::string that says why not.
Graph read_graph(const Object& graph);
/// Whether cuDNN has engines for it: not for all that it can describe (docs/gpu.md).
bool has_engines(const Graph& graph);
/// Computes it: addresses by the tensors' ids.
void compute(const Graph& graph, const Engine& engine,
             const std::map<std::int64_t, void*>& addresses);

}  // namespace voxgrad::emulation
