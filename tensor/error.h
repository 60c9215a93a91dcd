// Errors of Voxgrad. Every message names the function, the shapes or the file, and what to do:
//   [conv3d] weight expects 9 input channels, got 8: input [2,32,32,32,8], weight [16,3,3,3,9]
// The class of an error decides the exit code of the program (apps/main.cpp).
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace voxgrad {

/// Something failed: bad file, bad shape, I/O. Exit code 1.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The caller asked for something that does not exist: a flag, a config key or value. Exit code 2.
class ConfigError : public Error {
 public:
  using Error::Error;
};

/// A data set is incomplete or damaged. Exit code 3.
class DataError : public Error {
 public:
  using Error::Error;
};

/// No such device, or not enough memory on it. Exit code 4.
class DeviceError : public Error {
 public:
  using Error::Error;
};

/// Concatenates anything that can be streamed.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

/// Throws E with the concatenated parts as its message.
template <class E = Error, class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  throw E(concat(parts...));
}

/// Throws E unless the condition holds. The message is built only when it is needed.
template <class E = Error, class... Parts>
void check(bool condition, const Parts&... parts) {
  if (!condition) [[unlikely]]
    fail<E>(parts...);
}

}  // namespace voxgrad
