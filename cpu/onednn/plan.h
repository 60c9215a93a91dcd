// Which of oneDNN's kernels a convolution uses: its algorithm and layouts, chosen by geometry,
// dtypes and processor, built once and kept. For onednn.cpp alone, which runs them.
#pragma once

#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <optional>
#include <string>

#include "cpu/onednn/onednn.h"

namespace voxgrad::cpu::onednn {

const dnnl::engine& engine();

/// An operand: our layout, the kernel's, and the way between them where they differ.
struct OperandLayout {
  dnnl::memory::desc ours, kernels;
  std::optional<dnnl::reorder> reorder;

  OperandLayout(const dnnl::memory::desc& our_layout, const dnnl::memory::desc& kernel_layout,
                bool written);
};

/// One direction of one convolution, built.
struct Plan {
  dnnl::primitive convolution;
  OperandLayout x, w, y;
  dnnl::memory::desc bias, scratch;
  std::string name;
  Activation after;  // what the convolution's own epilogue leaves to be done
};

/// The kept plan, built on first use; null where oneDNN has no fast kernel.
std::shared_ptr<const Plan> plan_for(const ConvProblem& problem);

/// How many samples are convolved at a time. Those of Winograd are few, so that what is reordered
/// stays in the cache and scratch memory small. Weight gradients are sums over all samples.
std::int64_t samples_at_a_time(const ConvProblem& problem);

}  // namespace voxgrad::cpu::onednn
