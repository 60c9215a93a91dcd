#include "cuda/runtime/cublas.h"

#include <dlfcn.h>

#include "tensor/error.h"

#define VOXGRAD_TEXT(x) #x
#define VOXGRAD_NUMBER(x) VOXGRAD_TEXT(x)

namespace voxgrad::cuda {
namespace {

template <class Function>
void find(void* library, const char* name, Function* function) {
  void* const symbol = dlsym(library, name);
  check<DeviceError>(symbol != nullptr, "[cuda] cuBLAS has no ", name, ": ", dlerror());
  *function = reinterpret_cast<Function>(symbol);
}

Cublas open_library() {
  // The name that a linked program would ask for; the folder it was built with, if that has moved.
  constexpr const char* name = "libcublas.so." VOXGRAD_NUMBER(CUBLAS_VER_MAJOR);
  void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  std::string reason;
  if (library == nullptr) {
    reason = dlerror();
    library = dlopen(VOXGRAD_CUBLAS_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  }
  check<DeviceError>(library != nullptr, "[cuda] cannot open cuBLAS (", reason,
                     "); put its folder into LD_LIBRARY_PATH");
  Cublas result{};
  find(library, "cublasCreate_v2", &result.create);
  find(library, "cublasDestroy_v2", &result.destroy);
  find(library, "cublasSetStream_v2", &result.set_stream);
  find(library, "cublasSetWorkspace_v2", &result.set_workspace);
  find(library, "cublasSetMathMode", &result.set_math_mode);
  find(library, "cublasSetAtomicsMode", &result.set_atomics_mode);
  find(library, "cublasGemmEx", &result.gemm_ex);
  find(library, "cublasGetStatusString", &result.status_string);
  return result;
}

}  // namespace

const Cublas& cublas() {
  static const Cublas functions = open_library();
  return functions;
}

}  // namespace voxgrad::cuda
