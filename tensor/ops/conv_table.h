// A backend's algorithms for convolutions: which computes what. A new one is a file and a row.
#pragma once

#include <atomic>
#include <span>
#include <string>

#include "tensor/ops/conv_ops.h"

namespace voxgrad {

struct ConvAlgorithm {
  const char* name;
  /// It can compute the problem.
  bool (*supports)(const ConvProblem&);
  /// Where it can, it is the fastest known way, measured. packed: the weights are arranged once for
  /// many runs, so that what that costs does not count.
  bool (*preferred)(const ConvProblem&, bool packed);
  /// Computes it, epilogue included. False, with nothing done, if it turns out that it cannot.
  bool (*run)(const ConvProblem&, const ConvOperands&);
};

/// Takes for each problem the first algorithm that supports it and is preferred; where there is
/// none, or it cannot after all, the first that supports it and can. The choice depends on nothing
/// but the problem and `packed`, so that every run makes the same one.
///
/// A forced algorithm (VOXGRAD_CONV) goes before all others, where it supports a problem.
class ConvTable {
 public:
  explicit ConvTable(std::span<const ConvAlgorithm> algorithms) : algorithms_(algorithms) {}
  void run(const ConvProblem& problem, const ConvOperands& operands) const;
  /// The algorithm that run() takes, if it can. packed: whether the operands will have
  /// PackedWeights.
  const ConvAlgorithm& choose(const ConvProblem& problem, bool packed) const;
  /// From now on the algorithm of this name computes all that it supports, as when VOXGRAD_CONV
  /// names it; "" ends that. False if there is none of this name.
  bool force(const std::string& name);
  /// Of all algorithms: "winograd, tiled, ...".
  std::string names() const;

 private:
  std::span<const ConvAlgorithm> algorithms_;
  std::atomic<const ConvAlgorithm*> forced_ = nullptr;
};

}  // namespace voxgrad
