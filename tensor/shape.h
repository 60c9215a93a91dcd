// The extents of a tensor: up to six dimensions, row-major, the last one contiguous.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <span>

namespace voxgrad {

class Shape {
 public:
  static constexpr int max_rank = 6;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> extents);
  explicit Shape(std::span<const std::int64_t> extents);

  int rank() const { return rank_; }
  /// Extent of a dimension; negative numbers count from the end.
  std::int64_t operator[](int dim) const;
  std::int64_t& operator[](int dim);
  /// Product of all extents (1 for rank 0). The constructors refuse products over 2^59,
  /// so that sizes in bytes fit too.
  std::int64_t numel() const;
  /// Product of all extents but the last: the number of rows of a channels-last tensor.
  std::int64_t rows() const {
    return rank_ == 0 ? 1 : (*this)[-1] == 0 ? 0 : numel() / (*this)[-1];
  }
  std::span<const std::int64_t> extents() const { return {extents_.data(), std::size_t(rank_)}; }
  const std::int64_t* begin() const { return extents_.data(); }
  const std::int64_t* end() const { return extents_.data() + rank_; }
  bool operator==(const Shape& other) const;

 private:
  std::array<std::int64_t, max_rank> extents_{};
  int rank_ = 0;
};

/// "[2,32,32,32,9]"
std::ostream& operator<<(std::ostream& out, const Shape& shape);

}  // namespace voxgrad
