// The elementwise mathematics, written once. The CPU's loops and CUDA's kernels run these same
// functors, so a machine without a GPU still tests the formulas that a GPU uses.
#pragma once

#include <cmath>
#include <cstdint>

#ifdef __CUDACC__
#define VOXGRAD_HD __host__ __device__
#else
#define VOXGRAD_HD
#endif

namespace voxgrad {

enum class ActivationKind : std::uint8_t { identity, relu, leaky_relu, elu, sigmoid };

/// alpha: slope of leaky_relu for negative input; scale of elu.
struct Activation {
  ActivationKind kind = ActivationKind::identity;
  double alpha = 0;

  static Activation identity() { return {}; }
  static Activation relu() { return {ActivationKind::relu, 0}; }
  static Activation leaky_relu(double slope) { return {ActivationKind::leaky_relu, slope}; }
  static Activation elu(double alpha = 1) { return {ActivationKind::elu, alpha}; }
  static Activation sigmoid() { return {ActivationKind::sigmoid, 0}; }
  bool operator==(const Activation&) const = default;
};

/// Whether a backward pass needs an activation's input instead of its output.
constexpr bool slope_needs_input(ActivationKind kind) {
  return kind == ActivationKind::elu;
}

namespace functors {

template <ActivationKind kind, class T>
struct Activate {
  T alpha;
  VOXGRAD_HD T operator()(T x) const {
    if constexpr (kind == ActivationKind::relu) return x > T(0) ? x : (x != x ? x : T(0));
    if constexpr (kind == ActivationKind::leaky_relu) return x > T(0) ? x : alpha * x;
    if constexpr (kind == ActivationKind::elu) return x > T(0) ? x : alpha * std::expm1(x);
    if constexpr (kind == ActivationKind::sigmoid) return T(1) / (T(1) + std::exp(-x));
    return x;
  }
};

/// d act(x) / dx at `saved`, which is x where slope_needs_input(kind), and else y = act(x). ELU's
/// slope, alpha exp(x), is y + alpha too, but that loses all its digits where y is close to -alpha.
template <ActivationKind kind, class T>
struct ActivationDerivative {
  T alpha;
  VOXGRAD_HD T operator()(T saved) const {
    if constexpr (kind == ActivationKind::relu) return saved > T(0) ? T(1) : T(0);
    if constexpr (kind == ActivationKind::leaky_relu) return saved > T(0) ? T(1) : alpha;
    if constexpr (kind == ActivationKind::elu) return saved > T(0) ? T(1) : alpha * std::exp(saved);
    if constexpr (kind == ActivationKind::sigmoid) return saved * (T(1) - saved);
    return T(1);
  }
};

/// The slope at x, independent of what the derivative is computed from.
template <ActivationKind kind, class T, class Activate, class Derivative>
VOXGRAD_HD T slope_at(const Activate& activate, const Derivative& derivative, T x) {
  if constexpr (slope_needs_input(kind)) return derivative(x);
  return derivative(activate(x));
}

template <class T>
struct Clamp {
  T low, high;
  VOXGRAD_HD T operator()(T x) const { return x < low ? low : (x > high ? high : x); }
};

/// The gradient passes inside and on the bounds, as in PyTorch.
template <class T>
struct ClampDerivative {
  T low, high;
  VOXGRAD_HD T operator()(T x) const { return x >= low && x <= high ? T(1) : T(0); }
};

/// -(t log p + (1-t) log(1-p)), each log clamped at -100 (torch.nn.BCELoss).
template <class T>
struct BinaryCrossEntropy {
  VOXGRAD_HD static T log_clamped(T x) {
    const T value = std::log(x);
    return value < T(-100) ? T(-100) : value;
  }
  VOXGRAD_HD T operator()(T p, T t) const {
    return -(t * log_clamped(p) + (T(1) - t) * log_clamped(T(1) - p));
  }
};

/// (p - t) / max(p (1-p), 1e-12), as torch.nn.BCELoss computes it; its bound is the f32 nearest to
/// 1e-12 even in f64.
template <class T>
struct BinaryCrossEntropySlope {
  VOXGRAD_HD T operator()(T p, T t) const {
    const T variance = (T(1) - p) * p;
    return (p - t) / (variance > T(1e-12f) ? variance : T(1e-12f));
  }
};

/// -(t (1-p)^gamma log p + (1-t) p^gamma log(1-p)), each log clamped at -100 (Lin et al., "Focal
/// Loss for Dense Object Detection", ICCV 2017, without its alpha). gamma >= 1.
template <class T>
struct FocalLoss {
  T gamma;
  VOXGRAD_HD T operator()(T p, T t) const {
    const T q = T(1) - p;
    return -(t * std::pow(q, gamma) * BinaryCrossEntropy<T>::log_clamped(p) +
             (T(1) - t) * std::pow(p, gamma) * BinaryCrossEntropy<T>::log_clamped(q));
  }
};

/// d/dp of it; what is divided by is kept at least 1e-12, as in BinaryCrossEntropySlope.
template <class T>
struct FocalLossSlope {
  T gamma;
  VOXGRAD_HD static T bounded(T x) { return x > T(1e-12f) ? x : T(1e-12f); }
  VOXGRAD_HD T operator()(T p, T t) const {
    const T q = T(1) - p;
    const T full = gamma * std::pow(q, gamma - T(1)) * BinaryCrossEntropy<T>::log_clamped(p) -
                   std::pow(q, gamma) / bounded(p);
    const T empty = gamma * std::pow(p, gamma - T(1)) * BinaryCrossEntropy<T>::log_clamped(q) -
                    std::pow(p, gamma) / bounded(q);
    return t * full - (T(1) - t) * empty;
  }
};

/// What weight decay leaves of a parameter. Without one nothing is multiplied, so that no compiler
/// contracts the step otherwise than without this.
template <class T>
VOXGRAD_HD T kept(T parameter, T keep) {
  return keep == T(1) ? parameter : keep * parameter;
}

/// One Adam step of one element (Kingma and Ba, 2015), in the order torch.optim.Adam computes it.
/// `keep` is 1 - learning rate * weight decay: decoupled, as torch.optim.AdamW has it (Loshchilov
/// and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019). Coefficients are computed in
/// f64 and then rounded, so that 1 - beta2 keeps its digits in f32.
template <class T>
struct AdamStep {
  T beta1, beta2, one_minus_beta1, one_minus_beta2, eps, step_size, sqrt_correction2, keep;

  /// step: 1 for the first.
  AdamStep(double beta1_, double beta2_, double eps_, double learning_rate, std::int64_t step,
           double weight_decay)
      : beta1(T(beta1_)),
        beta2(T(beta2_)),
        one_minus_beta1(T(1.0 - beta1_)),
        one_minus_beta2(T(1.0 - beta2_)),
        eps(T(eps_)),
        step_size(T(learning_rate / (1.0 - std::pow(beta1_, double(step))))),
        sqrt_correction2(T(std::sqrt(1.0 - std::pow(beta2_, double(step))))),
        keep(T(1.0 - learning_rate * weight_decay)) {}

  VOXGRAD_HD void operator()(T& parameter, T gradient, T& m, T& v) const {
    m = beta1 * m + one_minus_beta1 * gradient;
    v = beta2 * v + one_minus_beta2 * gradient * gradient;
    parameter = kept(parameter, keep) - step_size * m / (std::sqrt(v) / sqrt_correction2 + eps);
  }
};

/// SGD with momentum as in PyTorch: buffer = momentum * buffer + gradient; p -= lr * buffer.
/// `keep` as in AdamStep.
template <class T>
struct SgdStep {
  T learning_rate, momentum, keep;
  VOXGRAD_HD void operator()(T& parameter, T gradient, T& buffer) const {
    buffer = momentum * buffer + gradient;
    parameter = kept(parameter, keep) - learning_rate * buffer;
  }
};

}  // namespace functors

/// Calls f.template operator()<kind>() with the run-time kind as a template argument.
template <class F>
decltype(auto) dispatch_activation(ActivationKind kind, F&& f) {
  switch (kind) {
    case ActivationKind::relu:
      return f.template operator()<ActivationKind::relu>();
    case ActivationKind::leaky_relu:
      return f.template operator()<ActivationKind::leaky_relu>();
    case ActivationKind::elu:
      return f.template operator()<ActivationKind::elu>();
    case ActivationKind::sigmoid:
      return f.template operator()<ActivationKind::sigmoid>();
    default:
      return f.template operator()<ActivationKind::identity>();
  }
}

}  // namespace voxgrad
