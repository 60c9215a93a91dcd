// A picture as a function: a network learns brightness from the place (x, y), and draws what it
// learnt.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "voxgrad.h"

using namespace voxgrad;

namespace {

constexpr int kSide = 32;

float ring(double x, double y) {
  const double radius = std::sqrt(x * x + y * y);
  return radius > 0.35 && radius < 0.75 ? 1.0f : 0.0f;
}

}  // namespace

int main() {
  std::vector<float> places, brightness;
  for (int row = 0; row < kSide; ++row)
    for (int column = 0; column < kSide; ++column) {
      const double x = 2 * (column + 0.5) / kSide - 1, y = 2 * (row + 0.5) / kSide - 1;
      places.insert(places.end(), {float(x), float(y)});
      brightness.push_back(ring(x, y));
    }
  const Tensor input = Tensor::from(places, {kSide * kSide, 2});
  const Tensor target = Tensor::from(brightness, {kSide * kSide, 1});

  seed_layers(1);
  Sequential net;
  net.add("first", std::make_shared<Linear>(LinearOptions{2, 48, true, Activation::elu()}));
  net.add("second", std::make_shared<Linear>(LinearOptions{48, 48, true, Activation::elu()}));
  net.add("output", std::make_shared<Linear>(LinearOptions{48, 1, true, Activation::sigmoid()}));
  const auto optimizer = make_adam(parameters_of(net), {0.01});
  Rng rng(1);
  for (int epoch = 0; epoch < 150; ++epoch)
    for (const std::vector<Tensor>& batch : Batches({input, target}, 128, rng)) {
      const Variable loss = binary_cross_entropy(net(Variable(batch[0])), batch[1]);
      optimizer->zero_grad();
      loss.backward();
      optimizer->step();
    }

  const std::vector<float> drawn = net(Variable(input)).value().to_vector<float>();
  int right = 0;
  for (int i = 0; i < kSide * kSide; ++i) right += (drawn[i] > 0.5f) == (brightness[i] > 0.5f);
  for (int row = 0; row < kSide; row += 2) {  // characters are twice as high as wide
    for (int column = 0; column < kSide; ++column)
      std::putchar(" .:*#"[std::min(4, int(drawn[row * kSide + column] * 5))]);
    std::putchar('\n');
  }
  std::printf("%d of %d pixels right\n", right, kSide * kSide);
  return right > kSide * kSide * 95 / 100 ? 0 : 1;
}
