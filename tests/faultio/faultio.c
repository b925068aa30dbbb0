/* Faults on demand, preloaded into the gateway: system calls on the ledger's files fail, hang or are
 * recorded as the file named by FAULTIO says, one KEY=NUMBER a line:
 *   write=ERRNO  sync=ERRNO  open=ERRNO (for writing)    fail with this
 *   hang=1       syncs wait until the line is gone
 *   readhang=1   so do reads
 *   clock=S      the wall clock is S seconds off
 *   snap=1       each synced file is copied to its name + ".synced": what a loss of power would leave
 */
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
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static long setting(const char *key) {
    const char *path = getenv("FAULTIO");
    if (!path) return 0;
    int saved = errno;
    long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    char text[512];
    long length = fd < 0 ? 0 : syscall(SYS_read, fd, text, sizeof text - 1);
    if (fd >= 0) syscall(SYS_close, fd);
    errno = saved;
    if (length <= 0) return 0;
    text[length] = 0;
    size_t size = strlen(key);
    for (char *line = text; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL)
        if (!strncmp(line, key, size) && line[size] == '=') return atol(line + size + 1);
    return 0;
}

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return 1;
}

static int is_ours(int fd) {
    char path[PATH_MAX];
    int saved = errno;
    int ours = path_of(fd, path) && strstr(path, "gateway.db") != NULL;
    errno = saved;
    return ours;
}

static int fails(int fd, const char *key) {
    long error = setting(key);
    if (!error || !is_ours(fd)) return 0;
    errno = (int)error;
    return 1;
}

/* One copy at a time, so that a later one is never replaced by an earlier. */
static pthread_mutex_t copying = PTHREAD_MUTEX_INITIALIZER;

static void copy(int fd) {
    char path[PATH_MAX + 16], part[PATH_MAX + 32], block[65536];
    if (!path_of(fd, path) || !strstr(path, "gateway.db")) return;
    strcat(path, ".synced");
    snprintf(part, sizeof part, "%s.part", path);
    long to = syscall(SYS_openat, AT_FDCWD, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (to < 0) return;
    off_t at = 0;
    for (ssize_t read; (read = pread(fd, block, sizeof block, at)) > 0; at += read)
        syscall(SYS_write, to, block, read);
    syscall(SYS_close, to);
    rename(part, path);
}

static void snap(int fd) {
    pthread_mutex_lock(&copying);
    copy(fd);
    pthread_mutex_unlock(&copying);
}

static int before_sync(int fd) {
    while (setting("hang") && is_ours(fd)) usleep(20000);
    return fails(fd, "sync");
}

static int after_sync(int fd, int result) {
    if (result == 0 && setting("snap")) snap(fd);
    return result;
}

int fsync(int fd) {
    REAL(fsync);
    return before_sync(fd) ? -1 : after_sync(fd, real(fd));
}

int fdatasync(int fd) {
    REAL(fdatasync);
    return before_sync(fd) ? -1 : after_sync(fd, real(fd));
}

static void before_read(int fd) {
    while (setting("readhang") && is_ours(fd)) usleep(20000);
}

ssize_t read(int fd, void *bytes, size_t size) {
    REAL(read);
    before_read(fd);
    return real(fd, bytes, size);
}

ssize_t pread(int fd, void *bytes, size_t size, off_t at) {
    REAL(pread);
    before_read(fd);
    return real(fd, bytes, size, at);
}

ssize_t pread64(int fd, void *bytes, size_t size, off64_t at) {
    REAL(pread64);
    before_read(fd);
    return real(fd, bytes, size, at);
}

ssize_t write(int fd, const void *bytes, size_t size) {
    REAL(write);
    return fails(fd, "write") ? -1 : real(fd, bytes, size);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    REAL(pwrite);
    return fails(fd, "write") ? -1 : real(fd, bytes, size, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
    REAL(pwrite64);
    return fails(fd, "write") ? -1 : real(fd, bytes, size, at);
}

int ftruncate(int fd, off_t size) {
    REAL(ftruncate);
    return fails(fd, "write") ? -1 : real(fd, size);
}

int ftruncate64(int fd, off64_t size) {
    REAL(ftruncate64);
    return fails(fd, "write") ? -1 : real(fd, size);
}

static int open_fails(const char *path, int flags) {
    if ((flags & O_ACCMODE) == O_RDONLY || !strstr(path, "gateway.db")) return 0;
    long error = setting("open");
    if (error) errno = (int)error;
    return error != 0;
}

static int open_at(const char *path, int flags, va_list rest) {
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    if (open_fails(path, flags)) return -1;
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int fd = open_at(path, flags, rest);
    va_end(rest);
    return fd;
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int fd = open_at(path, flags, rest);
    va_end(rest);
    return fd;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    int result = (int)syscall(SYS_clock_gettime, clock, at);
    if (result == 0 && clock == CLOCK_REALTIME) at->tv_sec += setting("clock");
    return result;
}
