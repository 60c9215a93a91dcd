// libFuzzer target of MATLAB files, and of PASCAL3D+'s records in them.
#include <cstdlib>

#include "datasets/pascal3d/annotations.h"
#include "io/mat/mat_file.h"
#include "tensor/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::vector<voxgrad::MatArray> variables = voxgrad::decode_mat({data, size}, "input");
    for (const voxgrad::MatArray& variable : variables) {
      if (variable.kind != voxgrad::MatArray::Kind::numbers) continue;
      const std::vector<double> numbers = variable.numbers();
      if (std::int64_t(numbers.size()) != variable.count()) std::abort();
    }
    voxgrad::to_pascal3d_record(variables, "input");
  } catch (const voxgrad::Error&) {
  }
  return 0;
}
