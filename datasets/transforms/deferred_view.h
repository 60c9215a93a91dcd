// Views for a device that makes them itself (ImageOps::wanted): the picture as it was read, and
// what is to be done to it. All random numbers have been drawn, so that a view is the same to
// rounding wherever it is made.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "datasets/transforms/transforms.h"
#include "tensor/ops/image_ops.h"

namespace voxgrad {

struct DeferredView {
  std::shared_ptr<const std::uint8_t> bytes;  // may be shared with the loader's cache
  std::size_t size = 0;
  ImageParameters parameters;  // the offset is not known yet
};

/// What transform_view() would write. A picture of more bytes than the view travels as the view,
/// made here. Errors as there.
DeferredView pack_view(const std::shared_ptr<const Image>& picture, const std::optional<Box>& box,
                       const AugmentationDraw& draw, int view, const TransformOptions& options);

/// Bytes of a block of views for ImageOps::transform, and the block.
std::size_t packed_bytes(std::span<const DeferredView> views);
void write_packed(std::span<const DeferredView> views, std::uint8_t* block);

/// The views as f32 [N,size,size,3], made on the CPU.
Tensor unpack_views(std::span<const DeferredView> views, int size);

}  // namespace voxgrad
