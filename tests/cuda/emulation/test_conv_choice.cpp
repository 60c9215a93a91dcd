// Whom the backend asks first to convolve: a library, or our kernels of few channels.
#include "tests/cuda/device_cases.h"
#include "tests/cuda/emulation/libraries.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

struct Layer {
  const char* name;
  std::int64_t in, out, kernel, stride, padding;
  bool tensor_cores;  // where they may be used
};

constexpr Layer kLayers[] = {
    {"merger.layer1", 9, 16, 3, 1, 1, true},   {"merger.layer2", 16, 8, 3, 1, 1, true},
    {"merger.layer3", 8, 4, 3, 1, 1, false},   {"merger.layer4", 4, 2, 3, 1, 1, false},
    {"merger.layer5", 2, 1, 3, 1, 1, false},   {"refiner.layer1", 1, 32, 4, 1, 2, true},
    {"refiner.layer8", 1, 32, 4, 2, 1, false}, {"decoder.layer4", 8, 32, 4, 2, 1, true},
    {"decoder.layer5", 1, 8, 1, 1, 0, false},
};

/// In how many of the three directions a library was asked.
int asked(const Layer& layer, DType dtype, Precision precision) {
  const std::int64_t k = layer.kernel, s = layer.stride, p = layer.padding;
  const ConvGeometry g =
      ConvGeometry::convolution("conv", {1, 4, 4, 4, layer.in}, {layer.out, k, k, k, layer.in},
                                {{s, s, s}, {p, p, p}, precision});
  const auto ones = [](const Shape& shape, DType of) {
    return Tensor::full(shape, 1, of, Device::cuda());
  };
  const Tensor x = ones(g.input_shape(), dtype), w = ones(g.weight_shape(), dtype);
  const Tensor y = ones(g.output_shape(), dtype), dw = ones(g.weight_shape(), DType::f32);
  const int before = emulation::library_calls();
  gpu().conv.forward(g, x, w, {}, y);
  gpu().conv.backward_data(g, y, w, {}, x);
  gpu().conv.backward_weight(g, x, y, dw);
  return emulation::library_calls() - before;
}

}  // namespace

TEST_CASE("layers of few channels go to tensor cores where these may be used and may be faster") {
  for (const Layer& layer : kLayers) {
    CAPTURE(layer.name);
    const int expected = layer.tensor_cores ? 3 : 0;
    CHECK(asked(layer, DType::f32, Precision::f32) == 0);
    CHECK(asked(layer, DType::f32, Precision::tf32) == expected);
    CHECK(asked(layer, DType::bf16, Precision::bf16) == expected);
    setenv("VOXGRAD_CUDA_CONV", "own", 1);
    CHECK(asked(layer, DType::bf16, Precision::bf16) == 0);
    unsetenv("VOXGRAD_CUDA_CONV");
  }
}
