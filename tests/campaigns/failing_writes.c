// Preloaded into a program: counts its calls that change files below a folder, and lets one fail.
//   FAILING_FOLDER  the folder       FAILING_CALL   which call fails, from 1; 0: none
//   FAILING_COUNT   a file that gets the number of calls and, for each, its name, a line each
// open for writing, write, fsync, close of a written file, rename and mkdir are such calls. A failed
// write wrote half of its bytes before, as on a full disk; a failed close has closed.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long calls;

static int below(const char *path) {
  const char *folder = getenv("FAILING_FOLDER");
  return folder && path && strncmp(path, folder, strlen(folder)) == 0;
}

static int descriptor_below(int fd) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n < 0) return 0;
  path[n] = 0;
  return below(path);
}

static int (*real_open)(const char *, int, ...);

// True if this call is the one to fail.
static int fails(const char *name) {
  pthread_mutex_lock(&lock);
  long call = ++calls;
  const char *count = getenv("FAILING_COUNT"), *wanted = getenv("FAILING_CALL");
  if (count) {
    if (!real_open) real_open = dlsym(RTLD_NEXT, "open");
    int fd = real_open(count, O_WRONLY | O_CREAT | O_APPEND, 0666);
    ssize_t (*real_write)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    int (*real_close)(int) = dlsym(RTLD_NEXT, "close");
    if (fd >= 0) {
      (void)!real_write(fd, name, strlen(name));
      (void)!real_write(fd, "\n", 1);
      real_close(fd);
    }
  }
  pthread_mutex_unlock(&lock);
  return wanted && atol(wanted) == call;
}

#define REAL(type, name, ...)                        \
  static type (*real)(__VA_ARGS__);                  \
  if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static int open_as(const char *name, const char *path, int flags, mode_t mode) {
  static int (*real)(const char *, int, ...);
  if (!real) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, name);
  if ((flags & O_ACCMODE) != O_RDONLY && below(path) && fails("open")) return errno = ENOSPC, -1;
  return real(path, flags, mode);
}

#define OPEN(name)                                            \
  int name(const char *path, int flags, ...) {                \
    va_list list;                                             \
    va_start(list, flags);                                    \
    mode_t mode = (flags & O_CREAT) ? va_arg(list, mode_t) : 0; \
    va_end(list);                                             \
    return open_as(#name, path, flags, mode);                 \
  }
OPEN(open)
OPEN(open64)

ssize_t write(int fd, const void *bytes, size_t size) {
  REAL(ssize_t, "write", int, const void *, size_t);
  if (!descriptor_below(fd) || !fails("write")) return real(fd, bytes, size);
  (void)!real(fd, bytes, size / 2);
  return errno = ENOSPC, -1;
}

int fsync(int fd) {
  REAL(int, "fsync", int);
  if (descriptor_below(fd) && fails("fsync")) return errno = EIO, -1;
  return real(fd);
}

int close(int fd) {
  REAL(int, "close", int);
  int written = (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY && descriptor_below(fd);
  int failed = written && fails("close"), result = real(fd);
  return failed ? (errno = EIO, -1) : result;
}

int rename(const char *from, const char *to) {
  REAL(int, "rename", const char *, const char *);
  if (below(to) && fails("rename")) return errno = EIO, -1;
  return real(from, to);
}

int mkdir(const char *path, mode_t mode) {
  REAL(int, "mkdir", const char *, mode_t);
  if (below(path) && fails("mkdir")) return errno = ENOSPC, -1;
  return real(path, mode);
}
