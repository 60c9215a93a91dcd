// doctest's main, and a look for leaks where blocks of memory are exact.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>

#include "cuda/runtime/memory.h"
#include "tensor/ops/backend.h"

int main(int argc, char** argv) {
  const int result = doctest::Context(argc, argv).run();
  constexpr int skipped = 77;  // to ctest
  if (result == 0 && voxgrad::cuda_device_count() == 0) return skipped;
  if (std::getenv("VOXGRAD_EXACT_MEMORY") == nullptr || voxgrad::cuda_device_count() == 0)
    return result;
  try {
    voxgrad::cuda::close_devices();
  } catch (const voxgrad::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return result;
}
