// A data set that fits into memory, in batches: tensors whose first dimension counts the samples.
//
//   for (const std::vector<Tensor>& batch : Batches({x, target}, 32, rng)) { ... }
#pragma once

#include <cstdint>
#include <vector>

#include "tensor/rng.h"
#include "tensor/tensor.h"

namespace voxgrad {

/// Rows of a tensor, in the order asked for: y[i,...] = x[rows[i],...]. On the tensor's device.
/// Error for a row that x does not have.
Tensor take_rows(const Tensor& x, const std::vector<std::int64_t>& rows);

/// One pass over all samples in a random order. The last batch may be smaller.
class Batches {
 public:
  /// Error unless all tensors have the same number of samples, at least one.
  Batches(std::vector<Tensor> tensors, std::int64_t batch_size, Rng& rng);

  /// How many batches there are.
  std::int64_t size() const;
  /// The tensors of batch i, in the order given to the constructor.
  std::vector<Tensor> operator[](std::int64_t i) const;

  class Iterator {
   public:
    Iterator(const Batches& batches, std::int64_t i) : batches_(&batches), i_(i) {}
    std::vector<Tensor> operator*() const { return (*batches_)[i_]; }
    Iterator& operator++() {
      ++i_;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return i_ != other.i_; }

   private:
    const Batches* batches_;
    std::int64_t i_;
  };
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, size()}; }

 private:
  std::vector<Tensor> tensors_;
  std::int64_t batch_size_;
  std::vector<std::int64_t> order_;
};

}  // namespace voxgrad
