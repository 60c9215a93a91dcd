// main() of every test program but those of cuda/, compiled once for all of them.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

// LeakSanitizer asks for the leaks that are not ours: libdav1d, the AV1 decoder below libheif,
// keeps a few bytes of every broken AVIF picture. Without a sanitizer nobody calls this.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libdav1d\n";
}
// NOLINTEND(bugprone-reserved-identifier)
