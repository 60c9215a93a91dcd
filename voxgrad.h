// Everything that a program of one's own needs: tensors, automatic differentiation, layers,
// optimizers. Programs that count their includes take the headers below one by one.
#pragma once

#include "autograd/functions.h"
#include "autograd/gradcheck.h"
#include "autograd/variable.h"
#include "layers/activation.h"
#include "layers/conv.h"
#include "layers/conv_block.h"
#include "layers/init.h"
#include "layers/linear.h"
#include "layers/loss.h"
#include "layers/module.h"
#include "layers/norm.h"
#include "layers/pool.h"
#include "layers/views.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"
#include "tensor/batches.h"
#include "tensor/rng.h"
#include "tensor/tensor.h"

namespace voxgrad {

/// A module's parameters as an optimizer takes them: make_adam(parameters_of(net), {1e-3}).
inline std::vector<ParameterEntry> parameters_of(const Module& module) {
  std::vector<ParameterEntry> result;
  for (const Module::NamedVariable& each : module.parameters())
    result.push_back({each.name, each.variable});
  return result;
}

}  // namespace voxgrad
