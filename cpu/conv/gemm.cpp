#include "cpu/conv/gemm.h"

#include <algorithm>

#include "cpu/parallel.h"
#include "tensor/tensor.h"

namespace voxgrad::cpu {
namespace {

// A tile of the product: kRows rows of b by up to kMostVectors vectors of rows of a (a panel), in
// 24 of 32 registers (12 of 16).
#ifdef __AVX512F__
constexpr int kVectorBytes = 64, kRows = 6;
#else
constexpr int kVectorBytes = 32, kRows = 3;
#endif
constexpr int kMostVectors = 4;
constexpr std::int64_t kLanes = kVectorBytes / std::int64_t(sizeof(float));
using Vector [[gnu::vector_size(kVectorBytes)]] = float;

constexpr std::int64_t kStretch = 1024;     // of k: one of a tile's columns stays in the second
constexpr std::int64_t kBlock = 8 * kRows;  // rows of b that share it
constexpr std::int64_t kMostPanels = 2;     // of kColumns rows of a, that share a stretch of b

/// sums [rows][width] += b's rows, `stride` apart, times the panel [length][width].
template <int rows, int vectors>
void add_products(const float* b, std::int64_t stride, const float* panel, std::int64_t length,
                  float* sums) {
  Vector sum[rows][vectors];
  Vector* const kept = reinterpret_cast<Vector*>(sums);
  for (int j = 0; j < rows; ++j)
    for (int v = 0; v < vectors; ++v) sum[j][v] = kept[j * vectors + v];
  const Vector* column = reinterpret_cast<const Vector*>(panel);
  for (std::int64_t e = 0; e < length; ++e, column += vectors)
    for (int j = 0; j < rows; ++j) {
      const float factor = b[j * stride + e];
      for (int v = 0; v < vectors; ++v) sum[j][v] += factor * column[v];
    }
  for (int j = 0; j < rows; ++j)
    for (int v = 0; v < vectors; ++v) kept[j * vectors + v] = sum[j][v];
}

template <int vectors>
void add_rows(std::int64_t rows, const float* b, std::int64_t stride, const float* panel,
              std::int64_t length, float* sums) {
  if (rows >= kRows) return add_products<kRows, vectors>(b, stride, panel, length, sums);
  for (std::int64_t j = 0; j < rows; ++j)
    add_products<1, vectors>(b + j * stride, stride, panel, length, sums + j * vectors * kLanes);
}

using AddRows = void (*)(std::int64_t, const float*, std::int64_t, const float*, std::int64_t,
                         float*);
constexpr AddRows kAddRows[kMostVectors] = {add_rows<1>, add_rows<2>, add_rows<3>, add_rows<4>};

/// a [m,k] as [stretch][panel][element of k][row], zeros where rows are missing.
struct Panels {
  std::int64_t rows, k, vectors, width, count;  // vectors and rows a panel, panels
  Tensor elements;

  Panels(const float* a, std::int64_t m, std::int64_t length)
      : rows(m),
        k(length),
        vectors(std::min<std::int64_t>(kMostVectors, (m + kLanes - 1) / kLanes)),
        width(vectors * kLanes),
        count((m + width - 1) / width),
        elements({k, count * width}, DType::f32) {
    const std::int64_t stretches = (k + kStretch - 1) / kStretch;
    for_each_task(stretches * count, kStretch * width, [&](std::int64_t i) {
      const std::int64_t begin = i / count * kStretch, first = i % count * width;
      float* const to = elements.data<float>() + offset(begin, i % count);
      const std::int64_t present = std::min(width, rows - first);
      for (std::int64_t e = 0; e < stretch(begin); ++e) {
        float* column = to + e * width;
        for (std::int64_t r = 0; r < present; ++r) column[r] = a[(first + r) * k + begin + e];
        std::fill(column + present, column + width, 0.0f);
      }
    });
  }
  std::int64_t stretch(std::int64_t begin) const { return std::min(kStretch, k - begin); }
  std::int64_t offset(std::int64_t begin, std::int64_t panel) const {
    return begin * count * width + panel * stretch(begin) * width;
  }
};

/// c's columns that belong to `rows` rows of b and the panels [first, last) of a.
void multiply_block(const Panels& a, std::int64_t first, std::int64_t last, const float* b,
                    std::int64_t rows, std::int64_t n, float* c) {
  alignas(kVectorBytes) float sums[kMostPanels * kBlock * kMostVectors * kLanes] = {};
  for (std::int64_t begin = 0; begin < a.k; begin += kStretch)
    for (std::int64_t j = 0; j < rows; j += kRows)
      for (std::int64_t p = first; p < last; ++p)
        kAddRows[a.vectors - 1](rows - j, b + j * a.k + begin, a.k,
                                a.elements.data<float>() + a.offset(begin, p), a.stretch(begin),
                                sums + ((p - first) * kBlock + j) * a.width);
  for (std::int64_t i = first * a.width; i < std::min(last * a.width, a.rows); ++i)
    for (std::int64_t j = 0; j < rows; ++j)
      c[i * n + j] = sums[((i / a.width - first) * kBlock + j) * a.width + i % a.width];
}

}  // namespace

void gemm_nt(std::int64_t m, std::int64_t n, std::int64_t k, const float* a, const float* b,
             float* c) {
  const Panels panels(a, m, k);
  const std::int64_t groups = (panels.count + kMostPanels - 1) / kMostPanels;
  const std::int64_t blocks = (n + kBlock - 1) / kBlock;
  for_each_task(groups * blocks, kBlock * k, [&](std::int64_t task) {
    const std::int64_t first = task % groups * kMostPanels, j = task / groups * kBlock;
    multiply_block(panels, first, std::min(first + kMostPanels, panels.count), b + j * k,
                   std::min(kBlock, n - j), n, c + j);
  });
}

}  // namespace voxgrad::cpu
