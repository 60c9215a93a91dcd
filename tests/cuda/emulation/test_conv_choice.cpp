// Whom the backend asks first to convolve: a library, or our kernels of few channels.
#include "tests/cuda/device_cases.h"
#include "tests/cuda/emulation/libraries/libraries.h"

using namespace voxgrad;
using namespace voxgrad::testing;

namespace {

struct Layer {
  const char* name;
  std::int64_t in, out, kernel, stride, padding;
  int tf32, bf16;  // directions for which a library's tensor cores are asked first
};

constexpr Layer kLayers[] = {
    {"merger.layer1", 9, 16, 3, 1, 1, 3, 1},  {"merger.layer2", 16, 8, 3, 1, 1, 3, 1},
    {"merger.layer3", 8, 4, 3, 1, 1, 0, 0},   {"merger.layer4", 4, 2, 3, 1, 1, 0, 0},
    {"merger.layer5", 2, 1, 3, 1, 1, 0, 0},   {"refiner.layer1", 1, 32, 4, 1, 2, 3, 2},
    {"refiner.layer8", 1, 32, 4, 2, 1, 0, 0}, {"decoder.layer4", 8, 32, 4, 2, 1, 3, 3},
    {"decoder.layer5", 1, 8, 1, 1, 0, 0, 0},
};

struct Operands {
  ConvGeometry g;
  Tensor x, w, y, dw;

  Operands(const Layer& layer, DType dtype, Precision precision)
      : g(ConvGeometry::convolution("conv", {1, 4, 4, 4, layer.in},
                                    {layer.out, layer.kernel, layer.kernel, layer.kernel, layer.in},
                                    {{layer.stride, layer.stride, layer.stride},
                                     {layer.padding, layer.padding, layer.padding},
                                     precision})),
        x(ones(g.input_shape(), dtype)),
        w(ones(g.weight_shape(), dtype)),
        y(ones(g.output_shape(), dtype)),
        dw(ones(g.weight_shape(), DType::f32)) {}

 private:
  static Tensor ones(const Shape& shape, DType dtype) {
    return Tensor::full(shape, 1, dtype, Device::cuda());
  }
};

/// In how many of the three directions a library was asked.
int asked(const Layer& layer, DType dtype, Precision precision) {
  const Operands o(layer, dtype, precision);
  const int before = emulation::library_calls();
  gpu().conv.forward(o.g, o.x, o.w, {}, o.y);
  gpu().conv.backward_data(o.g, o.y, o.w, {}, o.x);
  gpu().conv.backward_weight(o.g, o.x, o.y, o.dw);
  return emulation::library_calls() - before;
}

}  // namespace

TEST_CASE(
    "layers of few channels go to a library's tensor cores where these may be used and may be "
    "faster") {
  for (const Layer& layer : kLayers) {
    CAPTURE(layer.name);
    CHECK(asked(layer, DType::f32, Precision::f32) == 0);
    CHECK(asked(layer, DType::f32, Precision::tf32) == layer.tf32);
    CHECK(asked(layer, DType::bf16, Precision::bf16) == layer.bf16);
    const auto asked_if_forced = [&](const char* name) {
      REQUIRE(gpu().conv.table().force(name));
      const int result = asked(layer, DType::bf16, Precision::bf16);
      gpu().conv.table().force("");
      return result;
    };
    CHECK(asked_if_forced("plane_sweep") == layer.bf16);
    CHECK(asked_if_forced("small_channels") == 0);
    CHECK(asked_if_forced("reference") == 0);
    CHECK(asked_if_forced("cudnn") == 3);
  }
}
