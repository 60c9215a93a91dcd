// Whole models against golden numbers: a network with the weights of the formula, on pictures and a
// truth of the formula, is evaluated, trained for one step or for ten, and every figure compared.
// For any dtype and device, so that each backend is compared with the same numbers.
#pragma once

#include <nlohmann/json.hpp>

#include "pix2vox/network/model.h"

namespace voxgrad::golden {

/// True in builds with a sanitizer, where full-size models take too long.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

/// How the golden numbers were made: the network, and how close to them a run must come.
struct ModelRun {
  ModelConfig config;
  nlohmann::json numbers;  // one network's part of small.json or reference/numbers.json
  DType dtype = DType::f64;
  Device device = {};
  double tolerance = 1e-9;               // on stages, losses and buffers
  double gradient_tolerance = 1e-8;      // on gradients, relative
  bool folded = false;                   // fold_for_inference() first: for evaluations
  double noise = 1e-12;                  // norm up to which a gradient of 0 may differ from it
  Precision precision = Precision::f32;  // of an f32 network on a GPU
};

/// The published networks against the numbers of their authors' code; variant "A" or "F".
ModelRun reference_run(const std::string& variant, DType dtype = DType::f64, Device device = {});
/// A narrow network with every part of A, against small.json.
ModelRun small_run(DType dtype = DType::f64, Device device = {});
/// Narrow networks with every part of Pix2Vox++, variant "++A" or "++F", against ppsmall_*.json.
ModelRun small_plus_plus_run(const std::string& variant, DType dtype = DType::f64,
                             Device device = {});

/// The narrow network at 8^3 voxels, for comparing gradients of f32 with those of f64. At 32^3 with
/// three views rounding puts a few of the millions of values that enter an activation on the other
/// side of its kink, and each moves the gradients of narrow layers by much more than rounding does
/// (PyTorch's own f32 is then 4e-3 off). Here there are few enough values.
ModelConfig tiny_config();

/// A model with the weights of the formula.
std::unique_ptr<Pix2Vox> make_model(const ModelRun& run);
/// Pictures [V*B,S,S,3] and truth [B,n,n,n] of the formula.
Tensor make_pictures(const ModelRun& run, std::int64_t batch, std::int64_t views);
Tensor make_truth(const ModelRun& run, std::int64_t batch);

/// Names, order, first and last value of every tensor.
void check_weights(const ModelRun& run);
/// Evaluation mode, one object: coarse, merged and refined volumes. Returns the final volume,
/// [n,n,n] in f64.
Tensor check_evaluation(const ModelRun& run, std::int64_t views);
/// Evaluation mode: what encoder and decoder hand on.
void check_features(const ModelRun& run, std::int64_t views);
/// One training step on two objects: losses, all buffers afterwards, and all gradients.
void check_training_step(const ModelRun& run, std::int64_t views);
/// The same without the gradients.
void check_losses_and_buffers(const ModelRun& run, std::int64_t views);
/// The gradients of one training step of tiny_config() in f32 against those of f64 on the CPU, each
/// tensor relative to its norm.
void check_rounded_gradients(std::int64_t views, Device device = {});
/// Both losses before each of ten Adam steps on one batch of two objects.
void check_ten_steps(const ModelRun& run, std::int64_t views);

}  // namespace voxgrad::golden
