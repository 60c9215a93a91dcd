#include "tensor/precision.h"

#include "tensor/tensor.h"

namespace voxgrad {

const char* name_of(Precision precision) {
  switch (precision) {
    case Precision::f32:
      return "f32";
    case Precision::tf32:
      return "tf32";
    case Precision::bf16:
      return "bf16";
  }
  return "unknown";
}

Precision precision_from(const std::string& name) {
  for (const Precision precision : {Precision::f32, Precision::tf32, Precision::bf16})
    if (name == name_of(precision)) return precision;
  fail<ConfigError>("unknown precision \"", name, "\": use f32, tf32 or bf16");
}

void check_precision(Precision precision, Device device) {
  check<ConfigError>(precision != Precision::tf32 || device.is_cuda(),
                     "precision tf32 exists on CUDA devices only: use f32 or bf16 on ", device);
}

void check_parameter(const char* op, const Tensor& x, const Tensor& parameter) {
  if (parameter.dtype() != parameter_dtype(x.dtype()) || parameter.device() != x.device())
    check_same_kind(op, x, parameter);  // has the message
}

}  // namespace voxgrad
