#include "voxels/voxelize/simple_point.h"

#include <array>
#include <bit>
#include <cstdlib>

namespace voxgrad {
namespace {

// Sets of the 27 cells of a 3x3x3 neighbourhood, one bit per cell; the middle is cell 13.
constexpr int middle = 13;

// For each cell of the neighbourhood, those at a city-block distance of at most `reach`, and at a
// chessboard distance of 1: reach 1 gives face neighbours, 2 edges too, 3 corners too.
constexpr std::array<std::uint32_t, 27> neighbours(int reach) {
  std::array<std::uint32_t, 27> sets{};
  for (int a = 0; a < 27; ++a) {
    for (int b = 0; b < 27; ++b) {
      const int d[3] = {a / 9 - b / 9, a / 3 % 3 - b / 3 % 3, a % 3 - b % 3};
      int sum = 0, most = 0;
      for (const int value : d) {
        const int size = value < 0 ? -value : value;
        sum += size;
        most = size > most ? size : most;
      }
      if (a != b && most == 1 && sum <= reach) sets[a] |= 1u << b;
    }
  }
  return sets;
}

constexpr auto by_face = neighbours(1), by_edge = neighbours(2), by_corner = neighbours(3);

// How many connected components of `set` touch `seeds`.
int components(std::uint32_t set, std::uint32_t seeds,
               const std::array<std::uint32_t, 27>& adjacent) {
  int count = 0;
  for (std::uint32_t left = set & seeds; left != 0; ++count) {
    std::uint32_t reached = 0, front = left & -left;
    while (front != 0) {
      reached |= front;
      std::uint32_t next = 0;
      for (std::uint32_t f = front; f != 0; f &= f - 1) next |= adjacent[std::countr_zero(f)];
      front = next & set & ~reached;
    }
    left &= ~reached;
  }
  return count;
}

}  // namespace

bool is_simple_voxel(const std::vector<std::uint8_t>& occupied, int n, std::size_t index) {
  const int x = int(index / n / n), y = int(index / n % n), z = int(index % n);
  std::uint32_t object = 0;
  for (int cell = 0; cell < 27; ++cell) {
    const int i = x + cell / 9 - 1, j = y + cell / 3 % 3 - 1, k = z + cell % 3 - 1;
    const bool within = i >= 0 && i < n && j >= 0 && j < n && k >= 0 && k < n;
    if (within && occupied[(std::size_t(i) * n + j) * n + k]) object |= 1u << cell;
  }
  object &= ~(1u << middle);
  const std::uint32_t background = ~object & by_edge[middle];
  return components(object, by_corner[middle], by_corner) == 1 &&
         components(background, by_face[middle], by_face) == 1;
}

}  // namespace voxgrad
