#include "autograd/mismatch.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "tensor/error.h"

namespace voxgrad {
namespace {

/// Two lists of the same length, and when two values count as equal.
class Comparison {
 public:
  Comparison(const std::vector<double>& actual, const std::vector<double>& expected,
             const Shape& shape, double tolerance)
      : actual_(actual), expected_(expected), shape_(shape) {
    for (const double value : expected) bound_ = std::max(bound_, std::abs(value) * tolerance);
  }

  std::string cause() const {
    if (any_of(actual_, [](double value) { return std::isnan(value); }))
      return "not a number: a division by 0, or memory that was never written";
    const std::int64_t wrong = count_wrong();
    if (wrong == 0) return "";
    if (all_of(actual_, [](double value) { return value == 0; }))
      return "all zeros: the gradient is detached, or nothing was written";
    if (fits([](double value) { return -value; })) return "the sign is wrong everywhere";
    for (const auto& find : {&Comparison::rearranged, &Comparison::scaled, &Comparison::partly})
      if (std::string found = (this->*find)(wrong); !found.empty()) return found;
    return "";
  }

 private:
  static bool any_of(const std::vector<double>& values, const std::function<bool(double)>& test) {
    return std::any_of(values.begin(), values.end(), test);
  }
  static bool all_of(const std::vector<double>& values, const std::function<bool(double)>& test) {
    return std::all_of(values.begin(), values.end(), test);
  }
  bool equal(double a, double b) const { return std::abs(a - b) <= bound_; }
  std::int64_t size() const { return std::int64_t(expected_.size()); }

  std::int64_t count_wrong() const {
    std::int64_t wrong = 0;
    for (std::int64_t i = 0; i < size(); ++i) wrong += !equal(actual_[i], expected_[i]);
    return wrong;
  }

  /// Whether actual = change(expected) everywhere.
  bool fits(const std::function<double(double)>& change) const {
    for (std::int64_t i = 0; i < size(); ++i)
      if (!equal(actual_[i], change(expected_[i]))) return false;
    return true;
  }

  /// Whether actual at each place is what is expected at another: source(place), or -1 for 0.
  bool moved(const std::function<std::int64_t(std::int64_t)>& source) const {
    for (std::int64_t i = 0; i < size(); ++i) {
      const std::int64_t from = source(i);
      if (!equal(actual_[i], from < 0 ? 0 : expected_[from])) return false;
    }
    return true;
  }

  std::int64_t step_of(int dimension) const {
    std::int64_t step = 1;
    for (int d = dimension + 1; d < shape_.rank(); ++d) step *= shape_[d];
    return step;
  }
  std::int64_t index_in(int dimension, std::int64_t element) const {
    return element / step_of(dimension) % shape_[dimension];
  }

  std::string rearranged(std::int64_t) const {
    const int rank = shape_.rank();
    const std::int64_t count = size();
    if (rank > 2) {  // [first, taps.., last]: a convolution's weight
      const std::int64_t width = shape_[-1], taps = count / (shape_[0] * width);
      if (taps > 1 &&
          moved([&](std::int64_t i) { return i + (taps - 1 - 2 * (i / width % taps)) * width; }))
        return "the kernel is flipped: its taps run the other way";
    }
    if (rank == 2 && shape_[0] != shape_[1] && shape_[0] > 1 && shape_[1] > 1 &&
        moved([&](std::int64_t i) { return i % shape_[0] * shape_[1] + i / shape_[0]; }))
      return concat("transposed: laid out as [", shape_[1], ",", shape_[0], "]");
    if (rank > 1 && moved([](std::int64_t i) { return i - 1; }))
      return "shifted by one element (off by one)";
    for (int a = 0; a < shape_.rank(); ++a) {
      const std::int64_t step = step_of(a), extent = shape_[a];
      if (extent < 2) continue;
      if (moved([&](std::int64_t i) { return i + (extent - 1 - 2 * index_in(a, i)) * step; }))
        return concat("flipped along dimension ", a, " (a kernel turned the other way?)");
      for (const int shift : {-1, 1}) {
        const auto shifted = [&](std::int64_t i) {
          const std::int64_t to = index_in(a, i) + shift;
          return to < 0 || to >= extent ? -1 : i + shift * step;
        };
        if (moved(shifted)) return concat("shifted by one along dimension ", a, " (off by one)");
      }
      for (int b = a + 1; b < shape_.rank(); ++b) {
        if (shape_[b] != extent) continue;
        const std::int64_t difference = step - step_of(b);
        if (moved(
                [&](std::int64_t i) { return i + (index_in(b, i) - index_in(a, i)) * difference; }))
          return concat("dimensions ", a, " and ", b, " are exchanged (transposed)");
      }
    }
    return "";
  }

  std::string scaled(std::int64_t) const {
    const auto largest =
        std::max_element(expected_.begin(), expected_.end(),
                         [](double a, double b) { return std::abs(a) < std::abs(b); });
    if (*largest == 0) return "";
    const double factor = actual_[std::size_t(largest - expected_.begin())] / *largest;
    if (fits([factor](double value) { return factor * value; })) {
      const double count = double(size());
      const auto near = [factor](double value) { return std::abs(factor / value - 1) < 1e-4; };
      if (size() > 2 && (near(count) || near(1 / count)))
        return concat("a factor of ", factor,
                      " everywhere: a sum in place of a mean, or the reverse");
      if (near(2)) return "a factor of 2 everywhere: something is counted twice";
      return concat("a factor of ", factor, " everywhere");
    }
    const double offset = actual_[0] - expected_[0];
    if (size() > 1 && fits([offset](double value) { return value + offset; }))
      return concat("an offset of ", offset, " everywhere");
    return "";
  }

  std::string partly(std::int64_t wrong) const {
    std::int64_t zeros = 0, smaller = 0, negated = 0;
    for (std::int64_t i = 0; i < size(); ++i) {
      if (equal(actual_[i], expected_[i])) continue;
      zeros += actual_[i] == 0;
      negated += equal(actual_[i], -expected_[i]);
      smaller += actual_[i] * expected_[i] >= 0 && std::abs(actual_[i]) < std::abs(expected_[i]);
    }
    const std::string share = concat(wrong, " of ", size(), " elements");
    if (zeros == wrong)
      return concat(share, " are 0 and the others right: a border or a case is left out");
    if (negated == wrong) return concat("the sign of ", share, " is wrong: a case is mixed up");
    if (wrong <= size() / 2) return concat("only ", share, " are wrong: a case or a border");
    if (smaller == wrong) return "everything is too small: terms are missing from a sum";
    return "";
  }

  const std::vector<double>& actual_;
  const std::vector<double>& expected_;
  const Shape& shape_;
  double bound_ = 0;
};

}  // namespace

Mismatch explain_mismatch(const std::vector<double>& actual, const std::vector<double>& expected,
                          const Shape& shape, double tolerance) {
  check(!expected.empty() && actual.size() == expected.size() &&
            std::int64_t(expected.size()) == shape.numel(),
        "[explain_mismatch] ", actual.size(), " and ", expected.size(),
        " values for a tensor of shape ", shape);
  Mismatch worst;
  double largest = -1;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double difference = std::abs(actual[i] - expected[i]);
    if (difference <= largest) continue;
    if (std::isnan(largest)) break;
    largest = difference;
    worst = {std::int64_t(i), actual[i], expected[i], {}};
  }
  worst.cause = Comparison(actual, expected, shape, tolerance).cause();
  return worst;
}

std::string place_in(const Shape& shape, std::int64_t element) {
  std::string place = "]";
  for (int d = shape.rank() - 1; d >= 0; --d) {
    place = concat(d > 0 ? "," : "", element % shape[d], place);
    element /= shape[d];
  }
  return "[" + place;
}

}  // namespace voxgrad
