#include "tensor/shape.h"

#include "tensor/error.h"

namespace voxgrad {

Shape::Shape(std::initializer_list<std::int64_t> extents)
    : Shape(std::span<const std::int64_t>(extents.begin(), extents.size())) {}

Shape::Shape(std::span<const std::int64_t> extents) : rank_(static_cast<int>(extents.size())) {
  check(extents.size() <= max_rank, "[shape] at most ", max_rank, " dimensions, got ",
        extents.size());
  std::int64_t numel = 1;
  for (int i = 0; i < rank_; ++i) {
    check(extents[i] >= 0, "[shape] extent ", i, " is negative: ", extents[i]);
    extents_[i] = extents[i];
    check(extents[i] == 0 || numel <= (std::int64_t{1} << 59) / extents[i],
          "[shape] more than 2^59 elements");
    numel *= extents[i];
  }
}

std::int64_t Shape::operator[](int dim) const {
  return const_cast<Shape&>(*this)[dim];
}

std::int64_t& Shape::operator[](int dim) {
  const int index = dim < 0 ? dim + rank_ : dim;
  check(index >= 0 && index < rank_, "[shape] no dimension ", dim, " in ", *this);
  return extents_[index];
}

std::int64_t Shape::numel() const {
  std::int64_t numel = 1;
  for (const std::int64_t extent : *this) numel *= extent;
  return numel;
}

bool Shape::operator==(const Shape& other) const {
  if (rank_ != other.rank_) return false;
  for (int i = 0; i < rank_; ++i)
    if (extents_[i] != other.extents_[i]) return false;
  return true;
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  out << '[';
  for (int i = 0; i < shape.rank(); ++i) out << (i ? "," : "") << shape[i];
  return out << ']';
}

}  // namespace voxgrad
