// Lets the threads of a program wait politely. GNU's OpenMP runtime keeps a thread that waits for
// the others spinning for some milliseconds. On a machine of its own that hides the cost of waking
// it; beside any other program it takes the processor from the very thread that it waits for, and
// speed collapses. Here threads spin for a time that bridges the gaps between parallel loops, and
// then sleep.
//
// The runtime reads GOMP_SPINCOUNT as it is loaded, before any code of the program but that of
// .preinit_array, and there is no call to set it later. So before the libraries start, the place of
// a variable that none of them reads is lent to it, and given back once they have: nothing stays in
// the environment for the program or its children, and no second start is needed, which debuggers,
// emulators and tracers would have to follow. Linked into programs only: shared objects have no
// .preinit_array. A GOMP_SPINCOUNT or OMP_WAIT_POLICY of the user's own stands.
//
// Source: GCC's libgomp manual, "GOMP_SPINCOUNT", and its config/linux/wait.h; glibc's
// elf/dl-init.c, which hands .preinit_array the array that becomes `environ`.
#include "cpu/program/brief_spin.h"

#include <cstdint>
#include <ctime>
#include <initializer_list>

#if defined(__linux__) && defined(__GLIBC__)
#include <unistd.h>
#endif

namespace voxgrad::cpu {
namespace {

// Sanitizers are not ready that early.
#if defined(__linux__) && defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__) && !defined(VOXGRAD_SANITIZED)

// As long as this takes no part of a barrier costs a sleep: measured, docs/performance.md.
constexpr std::int64_t kSpinNanoseconds = 400'000;

char setting[40] = "GOMP_SPINCOUNT=";
char* lent = nullptr;  // the variable whose place `setting` has

bool starts_with(const char* text, const char* start) {
  while (*start != '\0' && *text == *start) ++text, ++start;
  return *start == '\0';
}

std::int64_t nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

/// How often the runtime looks for the end of a wait in kSpinNanoseconds.
std::int64_t spin_count() {
  constexpr std::int64_t looks = 256;
  std::int64_t least = kSpinNanoseconds;
  for (int attempt = 0; attempt < 3; ++attempt) {  // one may be interrupted
    volatile std::int64_t flag = 0;
    const std::int64_t start = nanoseconds();
    for (std::int64_t i = 0; i < looks && flag == 0; ++i) {
#if defined(__x86_64__) || defined(__i386__)
      __builtin_ia32_pause();
#endif
    }
    const std::int64_t taken = nanoseconds() - start;
    if (taken < least) least = taken;
  }
  return looks * kSpinNanoseconds / (least > 0 ? least : 1);
}

void write_number(std::int64_t number, char* text) {
  char digits[20];
  int count = 0;
  do digits[count++] = char('0' + number % 10);
  while ((number /= 10) != 0);
  while (count > 0) *text++ = digits[--count];
  *text = '\0';
}

void lend(int, char**, char** environment) {
  if (environment == nullptr) return;
  for (char** entry = environment; *entry != nullptr; ++entry)
    if (starts_with(*entry, "GOMP_SPINCOUNT=") || starts_with(*entry, "OMP_WAIT_POLICY=")) return;
  for (const char* name : {"_=", "OLDPWD=", "SHLVL=", "PWD=", "LOGNAME=", "USER=", "MAIL=",
                           "SHELL=", "HOSTNAME=", "TERM=", "INVOCATION_ID="}) {
    for (char** entry = environment; *entry != nullptr; ++entry) {
      if (!starts_with(*entry, name)) continue;
      write_number(spin_count(), setting + sizeof("GOMP_SPINCOUNT=") - 1);
      lent = *entry;
      *entry = setting;
      return;
    }
  }
}

// Libraries have started, nothing of the program has.
[[gnu::constructor(101)]] void give_back() {
  if (lent == nullptr) return;
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (*entry == setting) *entry = lent;
}

[[gnu::section(".preinit_array"), gnu::used]] void (*const lend_first)(int, char**, char**) = lend;

const char* what_was_set() {
  return lent == nullptr ? nullptr : setting;
}

#else

const char* what_was_set() {
  return nullptr;
}

#endif

}  // namespace
}  // namespace voxgrad::cpu

const char* voxgrad_brief_spin() {
  return voxgrad::cpu::what_was_set();
}
