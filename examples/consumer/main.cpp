// Trains a small network of an installed Voxgrad: which points of a square are in a circle?
#include <cstdio>

#include "layers/activation.h"
#include "layers/init.h"
#include "layers/linear.h"
#include "layers/loss.h"
#include "optim/optimizer.h"

int main() {
  voxgrad::Sequential net;
  net.add("hidden", std::make_shared<voxgrad::Linear>(
                        voxgrad::LinearOptions{.in_features = 2, .out_features = 32}));
  net.add("relu", std::make_shared<voxgrad::ActivationLayer>(voxgrad::Activation::relu()));
  net.add("output", std::make_shared<voxgrad::Linear>(
                        voxgrad::LinearOptions{.in_features = 32, .out_features = 1}));
  net.add("sigmoid", std::make_shared<voxgrad::ActivationLayer>(voxgrad::Activation::sigmoid()));
  std::vector<voxgrad::ParameterEntry> parameters;
  for (const auto& [name, variable] : net.parameters()) parameters.push_back({name, variable});

  voxgrad::Rng rng(1);
  for (const auto& parameter : parameters) voxgrad::normal(parameter.variable.value(), 0, 0.5, rng);
  std::vector<float> points, inside;
  for (int i = 0; i < 512; ++i) {
    const double x = rng.uniform(-1, 1), y = rng.uniform(-1, 1);
    points.insert(points.end(), {float(x), float(y)});
    inside.push_back(x * x + y * y < 0.5 ? 1 : 0);
  }
  const voxgrad::Variable input(voxgrad::Tensor::from(points, {512, 2}));
  const voxgrad::Tensor target = voxgrad::Tensor::from(inside, {512, 1});
  const auto adam = voxgrad::make_adam(parameters, {0.02});
  double first = 0, last = 0;
  for (int step = 0; step < 300; ++step) {
    const auto loss = voxgrad::binary_cross_entropy(net(input), target);
    last = loss.value().item();
    if (step == 0) first = last;
    adam->zero_grad();
    loss.backward();
    adam->step();
  }
  std::printf("loss %.3f -> %.3f\n", first, last);
  return last < 0.2 * first ? 0 : 1;
}
