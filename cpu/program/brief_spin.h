// What brief_spin.cpp, which is linked into every program, told the OpenMP runtime.
#pragma once

/// "GOMP_SPINCOUNT=22000", or null where nothing was set: the user has a policy of their own, or
/// the C library is not GNU's. Plain C, so that the linker can be asked for it by name.
extern "C" const char* voxgrad_brief_spin();
