#include "tensor/tensor.h"

#include <algorithm>
#include <cstring>

#include "tensor/ops/backend.h"

namespace voxgrad {

Storage::Storage(std::size_t bytes, Device device) : bytes_(bytes), device_(device) {
  data_ = backend(device).memory.allocate(bytes, device.index);
}

Storage::~Storage() {
  backend(device_).memory.release(data_, bytes_, device_.index);
}

Tensor::Tensor(const Shape& shape, DType dtype, Device device)
    : storage_(std::make_shared<Storage>(std::size_t(shape.numel()) * size_of(dtype), device)),
      shape_(shape),
      dtype_(dtype) {}

Tensor Tensor::zeros(const Shape& shape, DType dtype, Device device) {
  return full(shape, 0.0, dtype, device);
}

Tensor Tensor::full(const Shape& shape, double value, DType dtype, Device device) {
  Tensor result(shape, dtype, device);
  result.fill(value);
  return result;
}

template <class T>
Tensor Tensor::from(const std::vector<T>& values, const Shape& shape) {
  check(std::int64_t(values.size()) == shape.numel(), "[tensor] ", values.size(),
        " values do not fill the shape ", shape);
  Tensor result(shape, dtype_of<T>);
  std::copy(values.begin(), values.end(), result.data<T>());
  return result;
}

Device Tensor::device() const {
  check(defined(), "[tensor] an undefined tensor has no device");
  return storage_->device();
}

void* Tensor::raw() const {
  check(defined(), "[tensor] an undefined tensor has no data");
  storage_->mark_written();
  return static_cast<char*>(storage_->data()) + offset_ * size_of(dtype_);
}

std::uint64_t Tensor::version() const {
  check(defined(), "[tensor] an undefined tensor has no version");
  return storage_->version();
}

void Tensor::mark_written() const {
  check(defined(), "[tensor] an undefined tensor has no data");
  storage_->mark_written();
}

void Tensor::check_access(DType requested) const {
  check(dtype_ == requested, "[tensor] data of a ", dtype_, " tensor asked for as ", requested);
}

template <class T>
std::vector<T> Tensor::to_vector() const {
  const Tensor host = to(Device::cpu());
  const T* begin = host.data<T>();
  return {begin, begin + numel()};
}

double Tensor::item() const {
  check(defined() && numel() == 1, "[tensor] item() needs exactly one element, got ", shape_);
  return to(DType::f64).to(Device::cpu()).data<double>()[0];
}

Tensor Tensor::clone() const {
  Tensor result = like(*this);
  result.copy_from(*this);
  return result;
}

Tensor Tensor::to(Device device) const {
  if (device == this->device()) return *this;
  Tensor result(shape_, dtype_, device);
  result.copy_from(*this);
  return result;
}

Tensor Tensor::to(DType dtype) const {
  if (dtype == dtype_) return *this;
  Tensor result(shape_, dtype, device());
  backend(device()).elementwise.convert(*this, result);
  return result;
}

Tensor Tensor::reshape(const Shape& shape) const {
  check(shape.numel() == numel(), "[reshape] cannot view ", shape_, " as ", shape);
  Tensor result = *this;
  result.shape_ = shape;
  return result;
}

Tensor Tensor::slice(std::int64_t begin, std::int64_t end) const {
  check(shape_.rank() > 0 && 0 <= begin && begin <= end && end <= shape_[0], "[slice] rows ", begin,
        " to ", end, " are not in ", shape_);
  Tensor result = *this;
  const std::int64_t row = shape_[0] == 0 ? 0 : numel() / shape_[0];
  result.offset_ += std::size_t(begin * row);
  result.shape_[0] = end - begin;
  return result;
}

void Tensor::copy_from(const Tensor& source) const {
  check(source.shape() == shape_ && source.dtype() == dtype_, "[copy] cannot copy ", source.dtype(),
        source.shape(), " into ", dtype_, shape_);
  // The backend of the CUDA side knows how to reach the host; between hosts it is the CPU's.
  const Device device = storage_->device().is_cuda() ? storage_->device() : source.device();
  backend(device).memory.copy(raw(), storage_->device(), source.raw(), source.device(), bytes());
}

void Tensor::fill(double value) const {
  backend(device()).elementwise.fill(*this, value);
}

void check_same_kind(const char* op, const Tensor& a, const Tensor& b) {
  check(a.dtype() == b.dtype() && a.device() == b.device(), "[", op,
        "] tensors differ: ", a.dtype(), a.shape(), " on ", a.device(), " and ", b.dtype(),
        b.shape(), " on ", b.device());
}

void check_shape(const char* op, const char* what, const Tensor& tensor, const Shape& expected) {
  check(tensor.defined(), "[", op, "] ", what, " is missing, expected shape ", expected);
  check(tensor.shape() == expected, "[", op, "] ", what, " has shape ", tensor.shape(),
        ", expected ", expected);
}

template Tensor Tensor::from(const std::vector<double>&, const Shape&);
template Tensor Tensor::from(const std::vector<float>&, const Shape&);
template Tensor Tensor::from(const std::vector<std::uint8_t>&, const Shape&);
template Tensor Tensor::from(const std::vector<std::int64_t>&, const Shape&);
template std::vector<double> Tensor::to_vector() const;
template std::vector<float> Tensor::to_vector() const;
template std::vector<std::uint8_t> Tensor::to_vector() const;
template std::vector<std::int64_t> Tensor::to_vector() const;

}  // namespace voxgrad
