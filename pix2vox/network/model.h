// Pix2Vox: pictures of an object from V views to occupancy probabilities (Xie et al., "Pix2Vox:
// Context-aware 3D Reconstruction from Single and Multi-view Images", ICCV 2019). Every view goes
// through encoder and decoder by itself, the merger fuses the views, the refiner corrects the
// result. State-dict names are the published ones: encoder.vgg.0.weight ...
// refiner.layer8.0.weight. Pix2Vox++ (Xie et al., "Pix2Vox++: Multi-scale Context-aware 3D Object
// Reconstruction from Single and Multiple Images", IJCV 2020) is the same with other parts.
//
// Views are folded into the batch view by view: picture v*B + b is view v of object b. Batch norms
// of encoder, decoder and merger take each view's statistics by themselves, in view order.
#pragma once

#include "pix2vox/network/decoder.h"
#include "pix2vox/network/encoder.h"
#include "pix2vox/network/merger.h"
#include "pix2vox/network/refiner.h"

namespace voxgrad {

/// Occupancy probabilities, [x][y][z] in the last three dimensions.
struct Prediction {
  Variable coarse;   // [V,B,n,n,n]: each view by itself
  Variable merged;   // [B,n,n,n]
  Variable refined;  // [B,n,n,n]; undefined without refiner
  /// The model's answer.
  const Variable& volume() const { return refined.defined() ? refined : merged; }
};

/// Each is 10 times the mean binary cross-entropy; shape [1].
struct Losses {
  Variable merged;
  Variable refined;  // undefined without refiner
  Variable total;    // their sum: what backward() starts from
};

class Pix2Vox : public Module {
 public:
  /// Weights are 0 until they are loaded or drawn: see initialize() in layers/init.h.
  /// ConfigError if the sizes do not fit together.
  explicit Pix2Vox(const ModelConfig& config);
  const ModelConfig& config() const { return config_; }

  /// Of what the next forward() multiplies; f32 at first. ConfigError if the model's device cannot.
  void set_precision(Precision precision);
  Precision precision() const { return precision_; }
  /// images [V*B,S,S,3], S = config.image_size, of the model's dtype and device.
  Prediction forward(const Tensor& images, std::int64_t n_views);
  /// truth [B,n,n,n], 0 or 1, of the model's dtype.
  static Losses losses(const Prediction& prediction, const Tensor& truth);

  /// The parts this model has, of "encoder", "decoder", "merger", "refiner", in that order: the
  /// units of freezing and of learning rates.
  std::vector<std::string> part_names() const;
  /// ConfigError, with the parts there are, if there is no such part.
  Module& part(const std::string& name);
  /// Parts without gradient. Their batch norms still follow the data while training, like those
  /// of the frozen trunk. Parts not named (and the trunk, unless config.freeze_vgg) are unfrozen.
  void freeze(const std::vector<std::string>& parts);
  /// Trunk weights in our layout, under a name that trunk_tensors() knows; other names are ignored.
  /// Error if one of the trunk's tensors is missing or has another shape.
  void load_trunk(const std::vector<NamedTensor>& tensors);

 private:
  /// coarse [V,B,n,n,n] to the fused volume [B,n,n,n].
  Variable merge(const Decoder::Result& decoded, const Variable& coarse,
                 const ForwardContext& context);

  ModelConfig config_;
  Precision precision_ = Precision::f32;
  std::shared_ptr<Encoder> encoder_;
  std::shared_ptr<Decoder> decoder_;
  std::shared_ptr<Merger> merger_;    // null without
  std::shared_ptr<Refiner> refiner_;  // null without
};

}  // namespace voxgrad
