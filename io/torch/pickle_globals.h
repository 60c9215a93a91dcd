// The names that a pickle of PyTorch may call, and what calling them makes. Nothing is imported:
// each name stands for a constructor of inert values.
#pragma once

#include <string>

#include "io/torch/pickle.h"

namespace voxgrad::torch_io {

/// Whether "module name" is on the list.
bool is_allowed(const std::string& global);

/// What `global` makes of its arguments (a tuple), in `pickle`. Error, beginning with `where`, if
/// they do not fit.
PickleRef call_global(Pickle& pickle, const std::string& where, const std::string& global,
                      PickleList& arguments);

/// The state that BUILD hands to an object: a NumPy dtype takes its byte order, all else ignores
/// it.
void build_global(const std::string& where, PickleValue& object, PickleValue& state);

/// The storage that a persistent id names: ('storage', class, key, location, count[, view]).
PickleStorage storage_of(const std::string& where, PickleValue& id);

}  // namespace voxgrad::torch_io
