// The message of an expected error, and what it must say.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "tensor/error.h"

namespace voxgrad::testing {

/// The message of the E that the action throws. Fails the test if it throws none or another kind.
template <class E = Error, class Action>
std::string error_of(const Action& action) {
  try {
    action();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    FAIL("another kind of error: " << error.what());
  }
  FAIL("no error was thrown");
  return "";
}

inline bool says(const std::string& message, const std::string& part) {
  const bool found = message.find(part) != std::string::npos;
  if (!found) MESSAGE("expected \"" << part << "\" in: " << message);
  return found;
}

}  // namespace voxgrad::testing
