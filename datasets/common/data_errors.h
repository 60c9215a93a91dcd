// Readers of other folders, whose errors do not say that the data set is at fault.
#pragma once

#include <utility>

#include "tensor/error.h"

namespace voxgrad {

/// Runs a reader; its Errors become DataErrors.
template <class Read>
auto read_as_data(const Read& read) {
  try {
    return read();
  } catch (const DataError&) {
    throw;
  } catch (const DeviceError&) {
    throw;
  } catch (const Error& error) {
    throw DataError(error.what());
  }
}

}  // namespace voxgrad
