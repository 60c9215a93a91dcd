// Bias and activation in a pass of their own.
#include "cuda/conv/epilogue.h"
#include "tests/cuda/device_cases.h"

using namespace voxgrad;
using namespace voxgrad::testing;

TEST_CASE("the epilogue adds the bias of a channel and activates, in place") {
  if (no_device()) return;
  Rng rng(77);
  const Activation activations[] = {Activation{}, Activation::relu(), Activation::leaky_relu(0.2),
                                    Activation::elu(), Activation::sigmoid()};
  for (const DType dtype : kMaps)
    for (const std::int64_t channels : {1, 3, 8, 40})
      for (const bool biased : {false, true})
        for (const Activation& activation : activations) {
          const Tensor y = random_normal(rng, {37, channels}, DType::f64).to(dtype);
          const Tensor bias = random_normal(rng, {channels}, DType::f64).to(parameters_of(dtype));
          std::vector<double> expected = y.to(DType::f64).to_vector<double>();
          const std::vector<double> offsets = bias.to(DType::f64).to_vector<double>();
          for (std::size_t i = 0; i < expected.size(); ++i)
            if (biased) expected[i] += offsets[i % std::size_t(channels)];
          const Tensor reference = Tensor::from(expected, y.shape());
          cpu::elementwise_ops().activation(activation, reference, reference);
          const Tensor there = to_gpu(y).clone();
          cuda::apply_epilogue({biased ? to_gpu(bias) : Tensor(), activation}, there);
          CHECK(max_relative_error(to_cpu(there), reference) <= 2 * tolerance(dtype));
        }
}
