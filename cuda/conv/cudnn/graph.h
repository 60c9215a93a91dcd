// A convolution, optionally followed by bias and activation, as an operation graph of cuDNN.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "cuda/conv/cudnn/descriptor.h"
#include "cuda/conv/cudnn/problem.h"

namespace voxgrad::cuda::cudnn {

/// Unique ids of the tensors of a graph. Those of memory, by which a plan is given it, come first.
enum Id : std::int64_t { id_x = 1, id_w, id_y, id_bias, id_raw, id_biased };

/// What graphs promise of their tensors' addresses.
inline constexpr std::size_t alignment = 16;

struct Graph {
  std::deque<Descriptor> parts;  // what it refers to; their places stay
  Descriptor graph;
};

/// Refused where cuDNN does. handle: of the GPU it is for, null for one that is only described.
Graph make_graph(const Problem& problem, cudnnHandle_t handle);

}  // namespace voxgrad::cuda::cudnn
