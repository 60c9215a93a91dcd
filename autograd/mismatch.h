// Why two lists of numbers differ: the worst element, and the likely mistake behind a pattern that
// all of them share (a sign, a factor, two axes exchanged, terms missing from a sum). For messages
// that teach; the verdict itself is made elsewhere.
#pragma once

#include <string>
#include <vector>

#include "tensor/shape.h"

namespace voxgrad {

struct Mismatch {
  std::int64_t element = 0;  // where |actual - expected| is largest; a NaN is larger than all
  double actual = 0;         // the values there
  double expected = 0;
  std::string cause;  // "the sign is wrong everywhere"; empty if no pattern fits
};

/// actual, expected: values of a tensor of this shape, row-major. Values count as equal within
/// `tolerance` times the largest |expected|. Error if the lists are empty or not of the shape's
/// size.
Mismatch explain_mismatch(const std::vector<double>& actual, const std::vector<double>& expected,
                          const Shape& shape, double tolerance = 1e-5);

/// "[1,0,2]": the place of an element, dimension by dimension.
std::string place_in(const Shape& shape, std::int64_t element);

}  // namespace voxgrad
