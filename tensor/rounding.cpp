// bf16 copies of f32 tensors that are kept with their storage.
#include "tensor/ops/backend.h"
#include "tensor/stream.h"

namespace voxgrad {

Tensor Tensor::rounding_of_storage() const {
  Tensor result = *this;
  result.storage_ = storage_->rounding().values;
  result.dtype_ = DType::bf16;
  return result;
}

void Tensor::round_where_needed() const {
  Storage::Rounding& rounding = storage_->rounding();
  if (rounding.current && !rounding.recorded) return;
  backend(device()).elementwise.convert(*this, rounding_of_storage());
  rounding.current = true;
}

Tensor Tensor::rounded() const {
  const bool whole = offset_ == 0 && bytes() == storage_->bytes();
  if (dtype_ != DType::f32 || !whole) return to(DType::bf16);
  Storage::Rounding& rounding = storage_->rounding();
  // What replays may write is rounded in its place among the recorded work, or now.
  if (rounding.recorded) return to(DType::bf16);
  if (recording_in_this_thread()) {
    if (!rounding.values) return to(DType::bf16);
    CapturedGraph::round_before_replays(*this);
    return rounding_of_storage();
  }
  if (!rounding.values)
    rounding.values =
        std::make_shared<Storage>(std::size_t(numel()) * size_of(DType::bf16), device());
  round_where_needed();
  return rounding_of_storage();
}

Tensor Tensor::kept_rounding() const {
  const Storage::Rounding& rounding = storage_->rounding();
  const bool usable = dtype_ == DType::f32 && rounding.values && rounding.current &&
                      !rounding.recorded && bytes() == storage_->bytes();
  return usable ? rounding_of_storage() : Tensor();
}

void Tensor::kept_rounding_written() const {
  check(dtype_ == DType::f32 && storage_->rounding().values != nullptr,
        "[rounding] this tensor keeps no rounding");
  storage_->rounding().current = true;
}

}  // namespace voxgrad
