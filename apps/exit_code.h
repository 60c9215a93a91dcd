// What an error means to whoever started the program: a message, and an exit code.
#pragma once

#include <functional>
#include <iostream>
#include <new>

#include "tensor/error.h"

namespace voxgrad::apps {

enum ExitCode {
  kOk = 0,
  kFailed = 1,
  kUsage = 2,         // flags or configuration
  kDataFailed = 3,    // a data set is incomplete or damaged
  kDevice = 4,        // no such device, or not enough memory
  kInterrupted = 130  // by SIGINT; 143 by SIGTERM, 129 by SIGHUP
};

/// Says on standard error what went wrong; returns the code.
inline int report(const char* program, const char* message, ExitCode code) {
  std::cerr << program << ": " << message << '\n';
  return code;
}

/// The action's exit code, or that of the error which ended it.
inline int run_reporting_errors(const char* program, const std::function<int()>& action) {
  try {
    return action();
  } catch (const ConfigError& error) {
    return report(program, error.what(), kUsage);
  } catch (const DataError& error) {
    return report(program, error.what(), kDataFailed);
  } catch (const DeviceError& error) {
    return report(program, error.what(), kDevice);
  } catch (const std::bad_alloc&) {
    return report(program, "not enough memory", kDevice);
  } catch (const std::exception& error) {
    return report(program, error.what(), kFailed);
  }
}

}  // namespace voxgrad::apps
