#include "tensor/batches.h"

#include <algorithm>
#include <utility>

#include "tensor/error.h"

namespace voxgrad {

Tensor take_rows(const Tensor& x, const std::vector<std::int64_t>& rows) {
  check(x.shape().rank() >= 1, "[take_rows] a tensor without dimensions has no rows");
  const std::int64_t count = x.shape()[0];
  Shape shape = x.shape();
  shape[0] = std::int64_t(rows.size());
  const Tensor y(shape, x.dtype(), x.device());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int64_t row = rows[i];
    check(row >= 0 && row < count, "[take_rows] no row ", row, " in ", x.shape());
    y.slice(std::int64_t(i), std::int64_t(i) + 1).copy_from(x.slice(row, row + 1));
  }
  return y;
}

Batches::Batches(std::vector<Tensor> tensors, std::int64_t batch_size, Rng& rng)
    : tensors_(std::move(tensors)), batch_size_(batch_size) {
  check(!tensors_.empty() && tensors_[0].shape().rank() >= 1 && tensors_[0].shape()[0] > 0,
        "[batches] there are no samples");
  const std::int64_t samples = tensors_[0].shape()[0];
  for (const Tensor& tensor : tensors_)
    check(tensor.shape().rank() >= 1 && tensor.shape()[0] == samples, "[batches] ",
          tensors_[0].shape(), " and ", tensor.shape(), " differ in their number of samples");
  check(batch_size >= 1, "[batches] a batch has at least one sample, got ", batch_size);
  order_ = rng.permutation(samples);
}

std::int64_t Batches::size() const {
  return (std::int64_t(order_.size()) + batch_size_ - 1) / batch_size_;
}

std::vector<Tensor> Batches::operator[](std::int64_t i) const {
  check(i >= 0 && i < size(), "[batches] no batch ", i, " of ", size());
  const auto first = order_.begin() + i * batch_size_;
  const std::int64_t count = std::min(batch_size_, std::int64_t(order_.size()) - i * batch_size_);
  const std::vector<std::int64_t> rows(first, first + count);
  std::vector<Tensor> result;
  for (const Tensor& tensor : tensors_) result.push_back(take_rows(tensor, rows));
  return result;
}

}  // namespace voxgrad
