// The smallest problem that one linear layer cannot solve: exclusive or.
#include <cstdio>

#include "voxgrad.h"

using namespace voxgrad;

int main() {
  seed_layers(1);
  Sequential net;
  net.add("hidden", std::make_shared<Linear>(LinearOptions{.in_features = 2, .out_features = 8}));
  net.add("elu", std::make_shared<ActivationLayer>(Activation::elu()));
  net.add("output", std::make_shared<Linear>(LinearOptions{.in_features = 8, .out_features = 1}));
  net.add("sigmoid", std::make_shared<ActivationLayer>(Activation::sigmoid()));

  const Variable input(Tensor::from<float>({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2}));
  const Tensor target = Tensor::from<float>({0, 1, 1, 0}, {4, 1});
  const auto optimizer = make_adam(parameters_of(net), {0.05});
  for (int step = 0; step < 500; ++step) {
    const Variable loss = binary_cross_entropy(net(input), target);
    if (step % 100 == 0) std::printf("step %3d  loss %.4f\n", step, loss.value().item());
    optimizer->zero_grad();
    loss.backward();
    optimizer->step();
  }

  const std::vector<float> output = net(input).value().to_vector<float>();
  bool right = true;
  for (int i = 0; i < 4; ++i) {
    std::printf("%d xor %d = %.3f\n", i / 2, i % 2, output[std::size_t(i)]);
    right = right && (output[std::size_t(i)] > 0.5f) == (i / 2 != i % 2);
  }
  return right ? 0 : 1;
}
