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

template <ActivationKind kind, class C>
VOXGRAD_HD C slope(C alpha, C x) {
  const functors::Activate<kind, C> activate{alpha};
  const functors::ActivationDerivative<kind, C> derivative{alpha};
  return functors::slope_at<kind>(activate, derivative, x);
}

/// d act(x) / dx.
template <class C>
VOXGRAD_HD C activation_derivative(Activation activation, C x) {
  const C alpha = C(activation.alpha);
  switch (activation.kind) {
    case ActivationKind::relu:
      return slope<ActivationKind::relu>(alpha, x);
    case ActivationKind::leaky_relu:
      return slope<ActivationKind::leaky_relu>(alpha, x);
    case ActivationKind::elu:
      return slope<ActivationKind::elu>(alpha, x);
    case ActivationKind::sigmoid:
      return slope<ActivationKind::sigmoid>(alpha, x);
    default:
      return C(1);
  }
}

}  // namespace voxgrad::cuda
