// cuBLAS can be opened, and has all functions that we use, where there is no GPU too.
#include <doctest/doctest.h>

#include <string>

#include "cuda/runtime/cublas.h"

using namespace voxgrad::cuda;

TEST_CASE("cuBLAS is opened once, and its functions are found") {
  const Cublas& functions = cublas();
  CHECK(&functions == &cublas());
  CHECK(std::string(functions.status_string(CUBLAS_STATUS_INVALID_VALUE))
            .find("unsupported value or parameter") != std::string::npos);
  // Without a handle they refuse, which tells them from others and needs no device.
  CHECK(functions.destroy(nullptr) == CUBLAS_STATUS_NOT_INITIALIZED);
  CHECK(functions.set_stream(nullptr, nullptr) == CUBLAS_STATUS_NOT_INITIALIZED);
  CHECK(functions.set_math_mode(nullptr, CUBLAS_DEFAULT_MATH) == CUBLAS_STATUS_NOT_INITIALIZED);
}
