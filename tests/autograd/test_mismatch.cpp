// What a message says of two lists of numbers that differ.
#include <doctest/doctest.h>

#include <cmath>

#include "autograd/mismatch.h"
#include "tensor/error.h"

using namespace voxgrad;

namespace {

const std::vector<double> expected{1, -2, 3, 5, -8, 13, 21, 34, -55};
const Shape square{3, 3};

std::string cause_of(const std::vector<double>& actual) {
  return explain_mismatch(actual, expected, square).cause;
}

std::vector<double> each(double (*change)(double)) {
  std::vector<double> result = expected;
  for (double& value : result) value = change(value);
  return result;
}

/// What is expected at source(row, column) of the square, in row-major order.
template <class Source>
std::vector<double> moved(const Source& source) {
  std::vector<double> result;
  for (int row = 0; row < 3; ++row)
    for (int column = 0; column < 3; ++column) result.push_back(source(row, column));
  return result;
}
double at(int row, int column) {
  return row < 0 || row > 2 || column < 0 || column > 2 ? 0
                                                        : expected[std::size_t(3 * row + column)];
}

}  // namespace

TEST_CASE("the worst element is named, and a NaN is worse than any number") {
  std::vector<double> actual = expected;
  actual[4] = -7;
  actual[7] = 30;
  const Mismatch worst = explain_mismatch(actual, expected, square);
  CHECK(worst.element == 7);
  CHECK(worst.actual == 30);
  CHECK(worst.expected == 34);
  CHECK(place_in(square, worst.element) == "[2,1]");
  actual[5] = std::nan("");
  CHECK(explain_mismatch(actual, expected, square).element == 5);
  CHECK(cause_of(actual) == "not a number: a division by 0, or memory that was never written");
  CHECK(cause_of(expected).empty());
  CHECK_THROWS_AS(explain_mismatch({1, 2}, expected, square), Error);
}

TEST_CASE("a pattern that all elements share is told by its name") {
  CHECK(cause_of(each([](double) { return 0.0; })).starts_with("all zeros"));
  CHECK(cause_of(each([](double v) { return -v; })) == "the sign is wrong everywhere");
  CHECK(cause_of(each([](double v) { return 2 * v; })).starts_with("a factor of 2 everywhere"));
  CHECK(cause_of(each([](double v) {
          return v / 9;
        })).ends_with("a sum in place of a mean, or the reverse"));
  CHECK(cause_of(each([](double v) {
          return 9 * v;
        })).ends_with("a sum in place of a mean, or the reverse"));
  CHECK(cause_of(each([](double v) { return 0.25 * v; })) == "a factor of 0.25 everywhere");
  CHECK(cause_of(each([](double v) { return v + 4; })) == "an offset of 4 everywhere");
  CHECK(cause_of(each([](double v) { return std::sqrt(std::abs(v)) * (v < 0 ? -0.5 : 0.5); })) ==
        "everything is too small: terms are missing from a sum");
}

TEST_CASE("elements that are right but elsewhere are recognised") {
  CHECK(cause_of(moved([](int r, int c) { return at(c, r); })) ==
        "dimensions 0 and 1 are exchanged (transposed)");
  CHECK(cause_of(moved([](int r, int c) {
          return at(2 - r, c);
        })).starts_with("flipped along dimension 0"));
  CHECK(cause_of(moved([](int r, int c) {
          return at(r, 2 - c);
        })).starts_with("flipped along dimension 1"));
  CHECK(cause_of(moved([](int r, int c) { return at(r, c - 1); })) ==
        "shifted by one along dimension 1 (off by one)");
  CHECK(cause_of(moved([](int r, int c) { return at(r + 1, c); })) ==
        "shifted by one along dimension 0 (off by one)");
}

TEST_CASE("a mistake in some elements only is told apart from one in all") {
  CHECK(cause_of(moved([](int r, int c) { return r == 2 ? 0 : at(r, c); })) ==
        "3 of 9 elements are 0 and the others right: a border or a case is left out");
  CHECK(cause_of(each([](double v) { return std::abs(v); })) ==
        "the sign of 3 of 9 elements is wrong: a case is mixed up");
  CHECK(cause_of(each([](double v) { return v < 0 ? 3 * v : v; })) ==
        "only 3 of 9 elements are wrong: a case or a border");
}

TEST_CASE("a transposed matrix and a flipped kernel are recognised in any shape") {
  const Shape wide{2, 3}, kernel{2, 2, 2, 2};
  CHECK(explain_mismatch({1, 4, 2, 5, 3, 6}, {1, 2, 3, 4, 5, 6}, wide).cause ==
        "transposed: laid out as [3,2]");
  CHECK(explain_mismatch({0, 1, 2, 3, 4, 5}, {1, 2, 3, 4, 5, 6}, wide).cause ==
        "shifted by one element (off by one)");
  std::vector<double> right(16), flipped(16);
  for (int i = 0; i < 16; ++i) {
    right[std::size_t(i)] = (i + 1) * (i + 2);
    const int tap = i / 2 % 4, mirrored = i + (3 - 2 * tap) * 2;
    flipped[std::size_t(i)] = (mirrored + 1) * (mirrored + 2);
  }
  CHECK(explain_mismatch(flipped, right, kernel).cause ==
        "the kernel is flipped: its taps run the other way");
}
