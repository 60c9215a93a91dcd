// The activation at the end of a kernel, chosen at run time. One call in a rolled loop: inlined
// many times it costs more code than the choice costs time.
#pragma once

#include "tensor/ops/functors.h"

namespace voxgrad::cuda {

template <class C>
VOXGRAD_HD C activate(Activation activation, C x) {
  const C alpha = C(activation.alpha);
  switch (activation.kind) {
    case ActivationKind::relu:
      return functors::Activate<ActivationKind::relu, C>{alpha}(x);
    case ActivationKind::leaky_relu:
      return functors::Activate<ActivationKind::leaky_relu, C>{alpha}(x);
    case ActivationKind::elu:
      return functors::Activate<ActivationKind::elu, C>{alpha}(x);
    case ActivationKind::sigmoid:
      return functors::Activate<ActivationKind::sigmoid, C>{alpha}(x);
    default:
      return x;
  }
}

/// d act(x) / dx, from y = act(x).
template <class C>
VOXGRAD_HD C activation_derivative(Activation activation, C y) {
  const C alpha = C(activation.alpha);
  switch (activation.kind) {
    case ActivationKind::relu:
      return functors::ActivationDerivative<ActivationKind::relu, C>{alpha}(y);
    case ActivationKind::leaky_relu:
      return functors::ActivationDerivative<ActivationKind::leaky_relu, C>{alpha}(y);
    case ActivationKind::elu:
      return functors::ActivationDerivative<ActivationKind::elu, C>{alpha}(y);
    case ActivationKind::sigmoid:
      return functors::ActivationDerivative<ActivationKind::sigmoid, C>{alpha}(y);
    default:
      return C(1);
  }
}

}  // namespace voxgrad::cuda
