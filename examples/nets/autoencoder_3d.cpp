// Balls, boxes and crosses of 8^3 voxels, squeezed through twelve numbers and grown again.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "voxgrad.h"

using namespace voxgrad;

namespace {

constexpr int kSide = 8;
constexpr std::int64_t kVoxels = kSide * kSide * kSide;

std::vector<float> primitive(Rng& rng) {
  const auto kind = rng.below(3);
  const double size = rng.uniform(1.5, 3.5), mx = rng.uniform(3, 5), my = rng.uniform(3, 5),
               mz = rng.uniform(3, 5);
  std::vector<float> volume;
  for (int x = 0; x < kSide; ++x)
    for (int y = 0; y < kSide; ++y)
      for (int z = 0; z < kSide; ++z) {
        const double a = std::abs(x + 0.5 - mx), b = std::abs(y + 0.5 - my),
                     c = std::abs(z + 0.5 - mz);
        const bool ball = a * a + b * b + c * c < size * size,
                   box = std::max({a, b, c}) < 0.8 * size;
        const bool cross = box && (a < 1) + (b < 1) + (c < 1) >= 2;
        volume.push_back(kind == 0 ? ball : kind == 1 ? box : cross);
      }
  return volume;
}

void show(const char* name, const float* volume) {
  std::printf("%s, from below to above:\n", name);
  for (int x = 0; x < kSide; ++x) {
    for (int y = 0; y < kSide; ++y) {
      for (int z = 0; z < kSide; ++z)
        std::putchar(volume[(x * kSide + y) * kSide + z] > 0.5f ? '#' : '.');
      std::putchar(' ');
    }
    std::putchar('\n');
  }
}

}  // namespace

int main() {
  seed_layers(1);
  Sequential net;
  net.add("squeeze", std::make_shared<Linear>(LinearOptions{kVoxels, 96, true, Activation::elu()}));
  net.add("code", std::make_shared<Linear>(LinearOptions{96, 12, true, Activation::elu()}));
  net.add("grow", std::make_shared<Linear>(LinearOptions{12, 96, true, Activation::elu()}));
  net.add("output",
          std::make_shared<Linear>(LinearOptions{96, kVoxels, true, Activation::sigmoid()}));
  const auto optimizer = make_adam(parameters_of(net), {2e-3});
  Rng rng(1);
  double first = 0, last = 0;
  std::vector<float> volumes;
  Variable output;
  for (int step = 0; step < 600; ++step) {
    volumes.clear();
    for (int i = 0; i < 32; ++i) {
      const std::vector<float> each = primitive(rng);
      volumes.insert(volumes.end(), each.begin(), each.end());
    }
    const Tensor batch = Tensor::from(volumes, {32, kVoxels});
    output = net(Variable(batch));
    const Variable loss = binary_cross_entropy(output, batch);
    last = loss.value().item();
    if (step == 0) first = last;
    if (step % 100 == 0) std::printf("step %3d  loss %.4f\n", step, last);
    optimizer->zero_grad();
    loss.backward();
    optimizer->step();
  }
  show("in", volumes.data());
  show("out", output.value().to_vector<float>().data());
  return last < 0.2 * first ? 0 : 1;
}
