#include "pix2vox/data/batch_upload.h"

#include <cstring>

#include "tensor/ops/backend.h"

namespace voxgrad {
namespace {

constexpr std::size_t kAlignment = 256;  // of the parts of a block, as that of any tensor

std::size_t aligned(std::size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

bool all_zero_or_one(const Tensor& volumes) {
  const float* const values = volumes.data<float>();
  std::int64_t others = 0;  // counted to the end: faster than stopping at the first
  for (std::int64_t i = 0; i < volumes.numel(); ++i)
    others += values[i] != 0 && values[i] != 1 ? 1 : 0;
  return others == 0;
}

void write_bytes(const Tensor& volumes, std::uint8_t* to) {
  const float* const values = volumes.data<float>();
  for (std::int64_t i = 0; i < volumes.numel(); ++i) to[i] = std::uint8_t(values[i]);
}

void write_all(const Tensor& tensor, std::uint8_t* to) {
  std::memcpy(to, tensor.raw(), tensor.bytes());
}

/// The part of a block on the device that starts there, to a tensor.
void copy_part(const Tensor& block, std::size_t offset, const Tensor& to) {
  backend(to.device())
      .stream.copy(to.raw(), block.data<std::uint8_t>() + offset, to.bytes(), to.device().index);
}

void make(Tensor& tensor, const Shape& shape, DType dtype, Device device) {
  if (!tensor.defined() || tensor.shape() != shape || tensor.dtype() != dtype)
    tensor = Tensor(shape, dtype, device);
}

}  // namespace

BatchUpload::BatchUpload(Device device, Precision precision)
    : device_(device),
      images_dtype_(precision == Precision::bf16 ? DType::bf16 : DType::f32),
      upload_(device) {}

bool BatchUpload::wants_packed(Device device) {
  return backend(device).images.wanted(device.index);
}

BatchUpload::Inputs BatchUpload::operator()(const Batch& batch) {
  const bool packed = !batch.packed.empty();
  if (!packed && !device_.is_cuda()) return {batch.images, batch.volumes};
  const std::int64_t size = batch.image_size;
  make(inputs_.images, {batch.n_views * batch.size, size, size, 3},
       packed ? images_dtype_ : DType::f32, device_);
  make(inputs_.volumes, batch.volumes.shape(), DType::f32, device_);

  const bool as_bytes = all_zero_or_one(batch.volumes);
  const std::size_t volumes_at =
      aligned(packed ? packed_bytes(batch.packed) : batch.images.bytes());
  const std::size_t volumes_end =
      volumes_at + (as_bytes ? std::size_t(batch.volumes.numel()) : batch.volumes.bytes());
  upload_(
      volumes_end,
      [&](std::uint8_t* block) {
        if (packed)
          write_packed(batch.packed, block);
        else
          write_all(batch.images, block);
        if (as_bytes)
          write_bytes(batch.volumes, block + volumes_at);
        else
          write_all(batch.volumes, block + volumes_at);
      },
      [&](const Tensor& block) {
        const Backend& kernels = backend(device_);
        if (packed)
          kernels.images.transform(block, inputs_.images);
        else
          copy_part(block, 0, inputs_.images);
        if (as_bytes)
          kernels.elementwise.convert(
              block.slice(std::int64_t(volumes_at), std::int64_t(volumes_end))
                  .reshape(inputs_.volumes.shape()),
              inputs_.volumes);
        else
          copy_part(block, volumes_at, inputs_.volumes);
      });
  return inputs_;
}

}  // namespace voxgrad
