#include "autograd/functions.h"

#include "tensor/ops/backend.h"

namespace voxgrad {
namespace {

Tensor binary(const char* op, BinaryKind kind, const Tensor& a, const Tensor& b) {
  check(a.shape() == b.shape(), "[", op, "] shapes differ: ", a.shape(), " and ", b.shape());
  check_same_kind(op, a, b);
  Tensor y = Tensor::like(a);
  backend(a.device()).elementwise.binary(kind, a, b, y);
  return y;
}

Tensor scaled(const Tensor& x, double scale, double offset = 0) {
  Tensor y = Tensor::like(x);
  backend(x.device()).elementwise.affine(x, scale, offset, y);
  return y;
}

}  // namespace

Variable add(const Variable& a, const Variable& b) {
  return make_result(binary("add", BinaryKind::add, a.value(), b.value()), "add", {a, b},
                     [](const Tensor& dy) {
                       return std::vector{dy, dy};
                     });
}

Variable subtract(const Variable& a, const Variable& b) {
  return make_result(binary("subtract", BinaryKind::subtract, a.value(), b.value()), "subtract",
                     {a, b}, [](const Tensor& dy) {
                       return std::vector{dy, scaled(dy, -1)};
                     });
}

Variable multiply(const Variable& a, const Variable& b) {
  return make_result(binary("multiply", BinaryKind::multiply, a.value(), b.value()), "multiply",
                     {a, b}, [a, b](const Tensor& dy) {
                       std::vector<Tensor> gradients(2);
                       if (a.requires_grad())
                         gradients[0] = binary("multiply", BinaryKind::multiply, dy, b.value());
                       if (b.requires_grad())
                         gradients[1] = binary("multiply", BinaryKind::multiply, dy, a.value());
                       return gradients;
                     });
}

Variable divide(const Variable& a, const Variable& b) {
  const Tensor y = binary("divide", BinaryKind::divide, a.value(), b.value());
  return make_result(y, "divide", {a, b}, [a, b, y](const Tensor& dy) {
    // d(a/b) = da/b - y db/b
    const Tensor da = binary("divide", BinaryKind::divide, dy, b.value());
    std::vector<Tensor> gradients{da, Tensor()};
    if (b.requires_grad()) gradients[1] = scaled(binary("divide", BinaryKind::multiply, da, y), -1);
    return gradients;
  });
}

Variable affine(const Variable& x, double scale, double offset) {
  return make_result(scaled(x.value(), scale, offset), "affine", {x},
                     [scale](const Tensor& dy) { return std::vector{scaled(dy, scale)}; });
}

Variable sum(const Variable& x) {
  Tensor y({1}, x.dtype(), x.device());
  backend(x.device()).reduce.sum(x.value(), y);
  return make_result(y, "sum", {x}, [shape = x.shape()](const Tensor& dy) {
    Tensor dx(shape, dy.dtype(), dy.device());
    backend(dy.device()).reduce.broadcast(dy, dx);
    return std::vector{dx};
  });
}

Variable mean(const Variable& x) {
  check(x.value().numel() > 0, "[mean] of an empty tensor ", x.shape());
  return affine(sum(x), 1.0 / double(x.value().numel()));
}

Variable clamp(const Variable& x, double low, double high) {
  check(low <= high, "[clamp] low ", low, " is above high ", high);
  Tensor y = Tensor::like(x.value());
  backend(x.device()).elementwise.clamp(x.value(), low, high, y);
  return make_result(y, "clamp", {x}, [x, low, high](const Tensor& dy) {
    Tensor dx = Tensor::like(dy);
    backend(dy.device()).elementwise.clamp_backward(x.value(), low, high, dy, dx);
    return std::vector{dx};
  });
}

Variable reshape(const Variable& x, const Shape& shape) {
  return make_result(
      x.value().reshape(shape), "reshape", {x},
      [from = x.shape()](const Tensor& dy) { return std::vector{dy.reshape(from)}; });
}

Variable cast(const Variable& x, DType dtype) {
  if (dtype == x.dtype()) return x;
  return make_result(x.value().to(dtype), "cast", {x},
                     [from = x.dtype()](const Tensor& dy) { return std::vector{dy.to(from)}; });
}

Variable permute(const Variable& x, const Permutation& order) {
  const Shape& from = x.shape();
  Shape to = from;
  Permutation inverse{};
  unsigned seen = 0;
  for (int i = 0; i < from.rank(); ++i) {
    check(order[i] >= 0 && order[i] < from.rank() && !(seen & (1u << order[i])),
          "[permute] order is not a permutation of the dimensions of ", from);
    seen |= 1u << order[i];
    to[i] = from[order[i]];
    inverse[order[i]] = i;
  }
  Tensor y(to, x.dtype(), x.device());
  backend(x.device()).layout.permute(x.value(), order, y);
  return make_result(y, "permute", {x}, [from, inverse](const Tensor& dy) {
    Tensor dx(from, dy.dtype(), dy.device());
    backend(dy.device()).layout.permute(dy, inverse, dx);
    return std::vector{dx};
  });
}

Variable concat_channels(const Variable& a, const Variable& b) {
  check_same_kind("concat_channels", a.value(), b.value());
  Shape shape = a.shape();
  Shape expected = b.shape();
  check(shape.rank() == expected.rank() && shape.rank() > 0,
        "[concat_channels] ranks differ: ", a.shape(), " and ", b.shape());
  expected[-1] = shape[-1];
  check(shape == expected, "[concat_channels] all extents but the last must agree: ", a.shape(),
        " and ", b.shape());
  shape[-1] = a.shape()[-1] + b.shape()[-1];
  Tensor y(shape, a.dtype(), a.device());
  backend(a.device()).layout.concat_channels(a.value(), b.value(), y);
  return make_result(y, "concat_channels", {a, b}, [a, b](const Tensor& dy) {
    std::vector<Tensor> gradients(2);
    std::int64_t begin = 0;
    for (int i = 0; i < 2; ++i) {
      const Variable& input = i == 0 ? a : b;
      if (input.requires_grad()) {
        gradients[i] = Tensor::like(input.value());
        backend(dy.device()).layout.slice_channels(dy, begin, gradients[i]);
      }
      begin += input.shape()[-1];
    }
    return gradients;
  });
}

Variable slice_rows(const Variable& x, std::int64_t begin, std::int64_t end) {
  return make_result(x.value().slice(begin, end), "slice_rows", {x},
                     [shape = x.shape(), begin, end](const Tensor& dy) {
                       Tensor dx = Tensor::zeros(shape, dy.dtype(), dy.device());
                       dx.slice(begin, end).copy_from(dy);
                       return std::vector{dx};
                     });
}

}  // namespace voxgrad
