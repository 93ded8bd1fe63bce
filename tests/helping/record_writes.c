/* Loaded into a process before the C library: notes what it does to the files of one folder, in order.
   Every note is a letter, a number (a file descriptor), two more numbers, and two texts of given lengths. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int notes = -1;
static const char *folder;
static char ours[65536];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
  folder = getenv("RECORD_FOLDER");
  const char *file = getenv("RECORD_NOTES");
  if (folder && file) notes = REAL(open)(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void note(char what, int fd, int64_t at, int64_t more, const void *a, size_t la, const void *b, size_t lb) {
  struct __attribute__((packed)) { char what; int32_t fd; int64_t at, more; uint32_t la, lb; } head =
      {what, fd, at, more, (uint32_t)la, (uint32_t)lb};
  struct iovec parts[3] = {{&head, sizeof head}, {(void *)a, la}, {(void *)b, lb}};
  if (writev(notes, parts, 3) < 0) abort();
}

static int inside(const char *path) {
  return notes >= 0 && path && strncmp(path, folder, strlen(folder)) == 0;
}
static int known(int fd) { return notes >= 0 && fd >= 0 && fd < (int)sizeof ours && ours[fd]; }

static int opened(int fd, const char *path, int flags) {
  if (fd >= 0 && fd < (int)sizeof ours) {
    ours[fd] = inside(path);
    if (ours[fd]) note('o', fd, flags & O_TRUNC ? 1 : 0, flags & O_APPEND ? 1 : 0, path, strlen(path), "", 0);
  }
  return fd;
}

#define OPEN(name)                                                        \
  int name(const char *path, int flags, ...) {                            \
    va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest); \
    pthread_mutex_lock(&lock);                                            \
    int fd = opened(REAL(name)(path, flags, mode), path, flags);          \
    int kept = errno; pthread_mutex_unlock(&lock); errno = kept;          \
    return fd;                                                            \
  }
OPEN(open)
OPEN(open64)
#define OPENAT(name)                                                      \
  int name(int at, const char *path, int flags, ...) {                    \
    va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest); \
    pthread_mutex_lock(&lock);                                            \
    int fd = opened(REAL(name)(at, path, flags, mode), path, flags);      \
    int kept = errno; pthread_mutex_unlock(&lock); errno = kept;          \
    return fd;                                                            \
  }
OPENAT(openat)
OPENAT(openat64)

#define NOTED(kind, call, test, ...)                                      \
  pthread_mutex_lock(&lock);                                              \
  kind done = call; int kept = errno;                                     \
  if (test) note(__VA_ARGS__);                                            \
  pthread_mutex_unlock(&lock); errno = kept;                              \
  return done;

int close(int fd) {
  if (known(fd)) { ours[fd] = 0; note('c', fd, 0, 0, "", 0, "", 0); }
  return REAL(close)(fd);
}
ssize_t write(int fd, const void *data, size_t size) {
  NOTED(ssize_t, REAL(write)(fd, data, size), known(fd) && done > 0,
        'w', fd, lseek(fd, 0, SEEK_CUR) - done, 0, data, (size_t)done, "", 0)
}
#define PWRITE(name, offset)                                              \
  ssize_t name(int fd, const void *data, size_t size, offset at) {        \
    NOTED(ssize_t, REAL(name)(fd, data, size, at), known(fd) && done > 0, \
          'w', fd, at, 0, data, (size_t)done, "", 0)                      \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)
#define TRUNCATE(name, offset)                                            \
  int name(int fd, offset size) {                                         \
    NOTED(int, REAL(name)(fd, size), known(fd) && done == 0, 't', fd, size, 0, "", 0, "", 0) \
  }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)
#define SYNC(name)                                                        \
  int name(int fd) { NOTED(int, REAL(name)(fd), known(fd) && done == 0, 's', fd, 0, 0, "", 0, "", 0) }
SYNC(fsync)
SYNC(fdatasync)
#define TWO(name, letter)                                                 \
  int name(const char *a, const char *b) {                                \
    NOTED(int, REAL(name)(a, b), done == 0 && (inside(a) || inside(b)),   \
          letter, 0, 0, 0, a, strlen(a), b, strlen(b))                    \
  }
TWO(rename, 'r')
TWO(link, 'l')
int renameat(int x, const char *a, int y, const char *b) {
  NOTED(int, REAL(renameat)(x, a, y, b), done == 0 && (inside(a) || inside(b)),
        'r', 0, 0, 0, a, strlen(a), b, strlen(b))
}
int linkat(int x, const char *a, int y, const char *b, int flags) {
  NOTED(int, REAL(linkat)(x, a, y, b, flags), done == 0 && (inside(a) || inside(b)),
        'l', 0, 0, 0, a, strlen(a), b, strlen(b))
}
int unlink(const char *a) {
  NOTED(int, REAL(unlink)(a), done == 0 && inside(a), 'u', 0, 0, 0, a, strlen(a), "", 0)
}
int unlinkat(int x, const char *a, int flags) {
  NOTED(int, REAL(unlinkat)(x, a, flags), done == 0 && inside(a), 'u', 0, 0, 0, a, strlen(a), "", 0)
}
/* What would write without being seen here: whoever calls it falls back to reading and writing. */
ssize_t sendfile(int out, int in, off_t *at, size_t size) { errno = ENOTSOCK; return -1; }
ssize_t sendfile64(int out, int in, off64_t *at, size_t size) { errno = ENOTSOCK; return -1; }
ssize_t copy_file_range(int in, off64_t *a, int out, off64_t *b, size_t size, unsigned f) {
  errno = ENOSYS; return -1;
}
