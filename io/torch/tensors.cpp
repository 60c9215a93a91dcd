#include "io/torch/tensors.h"

#include <bit>
#include <cstring>

#include "tensor/error.h"

namespace voxgrad::torch_io {
namespace {

static_assert(std::endian::native == std::endian::little, "foreign weights are little-endian");

constexpr std::int64_t max_elements = std::int64_t{1} << 40;

/// IEEE half precision to f32, exactly.
float from_half(std::uint16_t half) {
  const std::uint32_t sign = std::uint32_t(half & 0x8000u) << 16;
  const std::uint32_t exponent = half >> 10 & 31u, fraction = half & 1023u;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | fraction << 13);
  if (exponent > 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
  const float magnitude = float(fraction) * 0x1p-24f;
  return sign ? -magnitude : magnitude;
}

template <class From, class To, class Convert>
Tensor gather_typed(const PickleTensor& tensor, const Shape& shape, const std::uint8_t* storage,
                    DType dtype, Convert convert) {
  const Tensor result(shape, dtype);
  To* out = result.data<To>();
  const int rank = shape.rank();
  std::array<std::int64_t, Shape::max_rank> index{};
  std::int64_t at = tensor.storage.offset + tensor.offset;
  for (std::int64_t i = 0; i < result.numel(); ++i) {
    From value;
    std::memcpy(&value, storage + at * std::int64_t(sizeof(From)), sizeof(From));
    *out++ = convert(value);
    for (int d = rank - 1; d >= 0; --d) {  // counts up the index, and moves along with it
      const auto e = std::size_t(d);
      at += tensor.stride[e];
      if (++index[e] < shape[d]) break;
      at -= shape[d] * tensor.stride[e];
      index[e] = 0;
    }
  }
  return result;
}

}  // namespace

std::uint16_t to_half(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = std::uint16_t(bits >> 16 & 0x8000u);
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return std::uint16_t(sign | 0x7e00u);   // NaN
  if (magnitude >= 0x477ff000u) return std::uint16_t(sign | 0x7c00u);  // rounds to 65536 and more
  if (magnitude < 0x38800000u) {                                       // below 2^-14: subnormal
    // Adding 0.5 leaves the multiple of 2^-24 in the lowest bits, rounded by the addition.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return std::uint16_t(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u));
  }
  const std::uint32_t odd = magnitude >> 13 & 1u;
  return std::uint16_t(sign | ((magnitude - 0x38000000u + 0xfffu + odd) >> 13));
}

std::int64_t count_elements(const std::string& where, const std::vector<std::int64_t>& size) {
  std::int64_t count = 1;
  for (const std::int64_t extent : size)
    check(extent >= 0 && !__builtin_mul_overflow(count, extent, &count) && count <= max_elements,
          where, ": sizes beyond any memory");
  return count;
}

Tensor gather(const std::string& where, const PickleTensor& tensor,
              std::span<const std::uint8_t> storage) {
  const std::size_t rank = tensor.size.size();
  check(rank <= std::size_t(Shape::max_rank), where, ": has ", rank, " dimensions, at most ",
        Shape::max_rank, " are supported");
  const std::int64_t item = std::int64_t(size_of(tensor.type));
  // A view is counted in elements, or in bytes where the storage has no type.
  const std::int64_t unit = tensor.storage.untyped ? item : 1;
  const std::int64_t available = tensor.storage.size / unit;
  if (count_elements(where, tensor.size) > 0) {
    std::int64_t last = tensor.offset;
    for (std::size_t d = 0; d < rank; ++d) {
      std::int64_t reach = 0;
      check(!__builtin_mul_overflow(tensor.size[d] - 1, tensor.stride[d], &reach) &&
                !__builtin_add_overflow(last, reach, &last),
            where, ": sizes and strides overflow");
    }
    check(last < available, where, ": reaches element ", last, " of a storage of ", available);
    const std::int64_t whole = std::int64_t(storage.size()) / item;
    check(last < whole - tensor.storage.offset, where, ": its storage has ", storage.size(),
          " bytes in the file, too few");
  }
  const Shape shape{std::span<const std::int64_t>(tensor.size)};
  const std::uint8_t* const bytes = storage.data();
  const auto as_integer = [](auto value) { return std::int64_t(value); };
  const auto as_is = [](auto value) { return value; };
  switch (tensor.type) {
    case ScalarType::f64:
      return gather_typed<double, double>(tensor, shape, bytes, DType::f64, as_is);
    case ScalarType::f32:
      return gather_typed<float, float>(tensor, shape, bytes, DType::f32, as_is);
    case ScalarType::f16:
      return gather_typed<std::uint16_t, float>(tensor, shape, bytes, DType::f32, from_half);
    case ScalarType::bf16:
      return gather_typed<BFloat16, BFloat16>(tensor, shape, bytes, DType::bf16, as_is);
    case ScalarType::i64:
      return gather_typed<std::int64_t, std::int64_t>(tensor, shape, bytes, DType::i64, as_is);
    case ScalarType::i32:
      return gather_typed<std::int32_t, std::int64_t>(tensor, shape, bytes, DType::i64, as_integer);
    case ScalarType::i16:
      return gather_typed<std::int16_t, std::int64_t>(tensor, shape, bytes, DType::i64, as_integer);
    case ScalarType::i8:
      return gather_typed<std::int8_t, std::int64_t>(tensor, shape, bytes, DType::i64, as_integer);
    case ScalarType::u8:
      return gather_typed<std::uint8_t, std::uint8_t>(tensor, shape, bytes, DType::u8, as_is);
    case ScalarType::boolean:
      return gather_typed<std::uint8_t, std::uint8_t>(
          tensor, shape, bytes, DType::u8,
          [](std::uint8_t value) { return std::uint8_t(value != 0); });
  }
  fail(where, ": unknown type");
}

}  // namespace voxgrad::torch_io
