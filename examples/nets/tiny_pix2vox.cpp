// Pix2Vox in a nutshell, by hand: 2-D convolutions look at a picture of a block, transposed 3-D
// convolutions grow a volume from what they saw. Pictures and blocks are made up here.
#include <cstdio>

#include "voxgrad.h"

using namespace voxgrad;

namespace {

constexpr int kPixels = 16, kVoxels = 8;

/// A block of random size on the floor: its silhouette seen from the front, brighter where it is
/// deeper, and its voxels [x][y][z].
void make_block(Rng& rng, std::vector<float>& picture, std::vector<float>& volume) {
  const int width = 2 + int(rng.below(6)), height = 2 + int(rng.below(6)),
            depth = 2 + int(rng.below(6));
  for (int row = 0; row < kPixels; ++row)
    for (int column = 0; column < kPixels; ++column) {
      const bool inside = column < 2 * width && kPixels - 1 - row < 2 * height;
      picture.push_back(inside ? 0.2f + 0.1f * float(depth) : 0.0f);
    }
  for (int x = 0; x < kVoxels; ++x)
    for (int y = 0; y < kVoxels; ++y)
      for (int z = 0; z < kVoxels; ++z)
        volume.push_back(x < width && y < height && z < depth ? 1.0f : 0.0f);
}

struct Net : UnaryModule {
  std::shared_ptr<Conv2d> see = register_module(
      "see", std::make_shared<Conv2d>(ConvLayerOptions{1, 16, each_axis(4), each_axis(4),
                                                       each_axis(0), true, Activation::elu()}));
  std::shared_ptr<Linear> think = register_module(
      "think",
      std::make_shared<Linear>(LinearOptions{4 * 4 * 16, 2 * 2 * 2 * 32, true, Activation::elu()}));
  std::shared_ptr<ConvTranspose3d> grow = register_module(
      "grow", std::make_shared<ConvTranspose3d>(ConvLayerOptions{
                  32, 8, each_axis(4), each_axis(2), each_axis(1), true, Activation::elu()}));
  std::shared_ptr<ConvTranspose3d> shape = register_module(
      "shape", std::make_shared<ConvTranspose3d>(ConvLayerOptions{
                   8, 1, each_axis(4), each_axis(2), each_axis(1), true, Activation::sigmoid()}));

  Variable forward(const Variable& x, const ForwardContext& context) override {
    const std::int64_t batch = x.shape()[0];
    const Variable seen = reshape((*see)(x, context), {batch, 4 * 4 * 16});
    const Variable seed = reshape((*think)(seen, context), {batch, 2, 2, 2, 32});
    return (*shape)((*grow)(seed, context), context);  // 2^3 -> 4^3 -> 8^3
  }
};

}  // namespace

int main() {
  seed_layers(1);
  Net net;
  const auto optimizer = make_adam(parameters_of(net), {3e-3});
  Rng rng(1);
  double iou = 0;
  for (int step = 0; step <= 300; ++step) {
    std::vector<float> pictures, volumes;
    for (int i = 0; i < 16; ++i) make_block(rng, pictures, volumes);
    const Variable output = net(Variable(Tensor::from(pictures, {16, kPixels, kPixels, 1})));
    const Variable loss =
        binary_cross_entropy(output, Tensor::from(volumes, {16, kVoxels, kVoxels, kVoxels, 1}));
    const std::vector<float> p = output.value().to_vector<float>();
    int both = 0, any = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
      both += p[i] > 0.5f && volumes[i] > 0.5f;
      any += p[i] > 0.5f || volumes[i] > 0.5f;
    }
    iou = any > 0 ? double(both) / any : 0;
    if (step % 50 == 0)
      std::printf("step %3d  loss %.4f  IoU %.3f\n", step, loss.value().item(), iou);
    optimizer->zero_grad();
    loss.backward();
    optimizer->step();
  }
  return iou > 0.9 ? 0 : 1;
}
