#include "voxels/image/png_unfilter.h"

#include <cstring>

namespace voxgrad {
namespace {

// All channels of one pixel at once, in the low lanes.
using Bytes [[gnu::vector_size(8)]] = std::uint8_t;
using Words [[gnu::vector_size(16)]] = std::int16_t;
using PairsOfBytes [[gnu::vector_size(16)]] = std::uint8_t;

template <int pixel_bytes>
Bytes load(const std::uint8_t* pixel) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, pixel, pixel_bytes);
  Bytes result;
  std::memcpy(&result, &bits, sizeof(result));
  return result;
}

template <int pixel_bytes>
void store(const Bytes& value, std::uint8_t* pixel) {
  std::memcpy(pixel, &value, pixel_bytes);
}

// One pixel after the other, from the left.

struct Sub {
  Bytes left{};
  Bytes operator()(const Bytes& filtered, const Bytes&) { return left += filtered; }
};

struct Average {
  Bytes left{};
  Bytes operator()(const Bytes& filtered, const Bytes& above) {
    const Bytes half = (left & above) + ((left ^ above) >> 1);  // rounded down
    return left = filtered + half;
  }
};

/// Whichever of the three is nearest to left + above - corner, ties in this order. What depends on
/// the pixel to the left is a chain that no processor can overlap, so it is kept short: no
/// conversions, and masks made of sign bits in place of comparisons.
struct Paeth {
  Words left{}, corner{};

  static Words widen(const Bytes& bytes) { return __builtin_convertvector(bytes, Words); }
  static Words magnitude(const Words& words) {
    const Words sign = words >> 15;
    return (words ^ sign) - sign;
  }

  Bytes operator()(const Bytes& filtered, const Bytes& above_bytes) {
    const Words above = widen(above_bytes), rise = above - corner;
    const Words from_left = magnitude(rise);
    const Words slope = left - corner;
    const Words from_above = magnitude(slope), from_corner = magnitude(slope + rise);
    const Words not_above = (from_corner - from_above) >> 15;
    const Words not_left = ((from_above - from_left) | (from_corner - from_left)) >> 15;
    const Words second = above ^ ((above ^ corner) & not_above);
    const Words nearest = left ^ ((left ^ second) & not_left);
    // Added as bytes, so that the upper halves of the words stay 0.
    left = Words(PairsOfBytes(nearest) + PairsOfBytes(widen(filtered)));
    corner = above;
    return __builtin_convertvector(left, Bytes);
  }
};

template <class Filter, int pixel_bytes>
void undo(const std::uint8_t* filtered, const std::uint8_t* above, std::size_t bytes,
          std::uint8_t* row) {
  Filter filter;
  for (std::size_t i = 0; i < bytes; i += pixel_bytes) {
    const Bytes pixel = filter(load<pixel_bytes>(filtered + i), load<pixel_bytes>(above + i));
    store<pixel_bytes>(pixel, row + i);
  }
}

template <class Filter>
void undo(const std::uint8_t* filtered, const std::uint8_t* above, std::size_t bytes,
          int pixel_bytes, std::uint8_t* row) {
  switch (pixel_bytes) {
    case 1:
      return undo<Filter, 1>(filtered, above, bytes, row);
    case 2:
      return undo<Filter, 2>(filtered, above, bytes, row);
    case 3:
      return undo<Filter, 3>(filtered, above, bytes, row);
    case 4:
      return undo<Filter, 4>(filtered, above, bytes, row);
    case 6:
      return undo<Filter, 6>(filtered, above, bytes, row);
    default:
      return undo<Filter, 8>(filtered, above, bytes, row);
  }
}

}  // namespace

void png_unfilter(int filter, const std::uint8_t* filtered, const std::uint8_t* above,
                  std::size_t bytes, int pixel_bytes, std::uint8_t* row) {
  switch (filter) {
    case 0:
      std::memmove(row, filtered, bytes);
      return;
    case 1:
      return undo<Sub>(filtered, above, bytes, pixel_bytes, row);
    case 2:
#pragma GCC ivdep
      for (std::size_t i = 0; i < bytes; ++i) row[i] = std::uint8_t(filtered[i] + above[i]);
      return;
    case 3:
      return undo<Average>(filtered, above, bytes, pixel_bytes, row);
    default:
      return undo<Paeth>(filtered, above, bytes, pixel_bytes, row);
  }
}

}  // namespace voxgrad
