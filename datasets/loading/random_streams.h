// First key of every random stream of the loader, so that no two purposes share numbers.
#pragma once

#include <cstdint>

namespace voxgrad {

enum LoaderStream : std::uint64_t {
  order_stream = 1,
  n_views_stream,
  object_stream,
  substitute_stream,
  weight_stream,
};

}  // namespace voxgrad
