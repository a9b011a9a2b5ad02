/* Counts the system calls that a process makes on the files of one folder, and lets some of them fail.
 *
 * Loaded by LD_PRELOAD into a build of searchkit, and into all processes that it starts. The environment variable
 * SHIM_CONTROL names a file with a `struct control`, which all these processes map into memory. The test writes it:
 * `shim.py` has the same layout. Only calls on paths in the folder `root` count. Call number `at` fails:
 *
 *   FAIL   the call is not made and returns -1 with `error` as errno (close is made, and returns -1)
 *   FAIL_ALL_LATER   so do all later calls of the same kind: a disk that stays broken
 *   KILL   the process is killed (SIGKILL) before the call;   KILL_GROUP   so are all processes of its group
 *   SHORT  a write writes half of its bytes and says so, as a write may
 *
 * If `space` is not negative, that many bytes can be written; then writes are cut short and fail with ENOSPC.
 * If `log` is not empty, each call is appended to that file, with its kind, and then, if it succeeded, its effect with
 * the bytes that it wrote.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum mode { FAIL = 1, FAIL_ALL_LATER, KILL, KILL_GROUP, SHORT };

struct control {
    int64_t count; /* calls so far, of all processes */
    int64_t at;    /* number of the call that fails, from 1; 0 = none */
    int64_t mode;
    int64_t error;
    int64_t space;    /* bytes that can still be written; -1 = no limit */
    int64_t hit;      /* set to 1 when call `at` was reached */
    char kind[32];    /* name of call number `at`, written when it is reached */
    char reached[512]; /* its path */
    char root[512];   /* without a slash at the end; empty = the shim does nothing */
    char log[512];
};

static struct control *control;

__attribute__((constructor)) static void start(void) {
    const char *path = getenv("SHIM_CONTROL");
    if (!path) return;
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) return;
    void *map = (void *)syscall(SYS_mmap, NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (map != MAP_FAILED) control = map;
}

/* The absolute path of `path` relative to the open folder `folder`, or of the open file if `path` is NULL. */
static const char *resolve(int folder, const char *path, char *out) {
    char base[PATH_MAX] = "", name[64];
    if (!path || *path != '/') {
        if (folder == AT_FDCWD) snprintf(name, sizeof name, "/proc/self/cwd");
        else snprintf(name, sizeof name, "/proc/self/fd/%d", folder);
        ssize_t length = readlink(name, base, sizeof base - 1);
        base[length < 0 ? 0 : length] = 0;
    }
    if (!path) snprintf(out, PATH_MAX, "%s", base);
    else if (*path == '/') snprintf(out, PATH_MAX, "%s", path);
    else snprintf(out, PATH_MAX, "%.2000s/%.2000s", base, path);
    return out;
}

static int is_inside(const char *path) {
    size_t length = strlen(control->root);
    return length && !strncmp(path, control->root, length) && (!path[length] || path[length] == '/');
}

static void note(const char *kind, const char *path, const char *other, int64_t inode, int64_t offset,
                 const void *data, size_t size) {
    if (!control->log[0]) return;
    int saved = errno;
    int fd = syscall(SYS_openat, AT_FDCWD, control->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    char head[2 * PATH_MAX + 256];
    int length = snprintf(head, sizeof head, "%s\n%s\n%s\n%lld %lld %zu\n", kind, path, other ? other : "",
                          (long long)inode, (long long)offset, size);
    struct iovec parts[] = {{head, (size_t)length}, {(void *)data, size}};
    if (syscall(SYS_writev, fd, parts, 2) < 0) abort();
    syscall(SYS_close, fd);
    errno = saved;
}

static int64_t inode_of(int fd) {
    struct stat status;
    return fstat(fd, &status) ? 0 : (int64_t)status.st_ino;
}

static int64_t inode_at(const char *path) {
    struct stat status;
    return lstat(path, &status) ? 0 : (int64_t)status.st_ino;
}

/* What shall become of the call: 0 = make it, 1 = fail with errno set, 2 = write half. */
static int decide(const char *kind, const char *path) {
    int64_t number = __atomic_add_fetch(&control->count, 1, __ATOMIC_SEQ_CST);
    note("call", path, kind, 0, number, NULL, 0);
    int is_later = control->mode == FAIL_ALL_LATER && control->hit && !strcmp(kind, control->kind);
    if (number != control->at && !is_later) return 0;
    if (number == control->at) {
        snprintf(control->kind, sizeof control->kind, "%s", kind);
        snprintf(control->reached, sizeof control->reached, "%.511s", path);
        control->hit = 1;
    }
    switch (control->mode) {
    case KILL: kill(getpid(), SIGKILL); pause(); break;
    case KILL_GROUP: kill(0, SIGKILL); pause(); break;
    case SHORT: return !strcmp(kind, "write") || !strcmp(kind, "pwrite") ? 2 : 0;
    default: break;
    }
    errno = (int)control->error;
    return 1;
}

/* A call on a path that is judged by its name. */
#define ON_PATH(kind, folder, path) \
    char full[PATH_MAX]; \
    int is_counted = control && control->root[0] && is_inside(resolve(folder, path, full)); \
    if (is_counted && decide(kind, full)) return -1;

/* --- files are opened */

static int must_pass_mode(int flags) { return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE; }

static int do_open(int folder, const char *path, int flags, mode_t mode) {
    char full[PATH_MAX];
    int is_counted = control && control->root[0] && is_inside(resolve(folder, path, full));
    int is_new = 0;
    if (is_counted) {
        if (decide("open", full)) return -1;
        is_new = (flags & O_CREAT) && access(full, F_OK);
    }
    int fd = syscall(SYS_openat, folder, path, flags, mode);
    if (is_counted && fd >= 0) {
        if (is_new) note("create", full, NULL, inode_of(fd), 0, NULL, 0);
        if (flags & O_TRUNC) note("truncate", full, NULL, inode_of(fd), 0, NULL, 0);
    }
    return fd;
}

#define OPENS(name) \
    int name(const char *path, int flags, ...) { \
        va_list list; va_start(list, flags); \
        mode_t mode = must_pass_mode(flags) ? va_arg(list, mode_t) : 0; va_end(list); \
        return do_open(AT_FDCWD, path, flags, mode); \
    }
OPENS(open)
OPENS(open64)

#define OPENS_AT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        va_list list; va_start(list, flags); \
        mode_t mode = must_pass_mode(flags) ? va_arg(list, mode_t) : 0; va_end(list); \
        return do_open(folder, path, flags, mode); \
    }
OPENS_AT(openat)
OPENS_AT(openat64)

/* --- files are read and written */

static ssize_t do_write(const char *kind, int fd, const void *data, size_t size, off_t offset) {
    char full[PATH_MAX];
    int is_counted = control && control->root[0] && is_inside(resolve(fd, NULL, full));
    int has_offset = offset >= 0;
    if (is_counted) {
        int verdict = decide(kind, full);
        if (verdict == 1) return -1;
        if (verdict == 2 && size > 1) size /= 2;
        if (control->space >= 0) {
            if (!control->space && size) { errno = ENOSPC; return -1; }
            if ((int64_t)size > control->space) size = (size_t)control->space;
        }
    }
    int64_t at = !is_counted || has_offset ? offset : (int64_t)lseek(fd, 0, SEEK_CUR);
    ssize_t done = has_offset ? syscall(SYS_pwrite64, fd, data, size, offset) : syscall(SYS_write, fd, data, size);
    if (is_counted && done >= 0) {
        if (control->space >= 0) __atomic_sub_fetch(&control->space, done, __ATOMIC_SEQ_CST);
        note("write", full, NULL, inode_of(fd), at, data, (size_t)done);
    }
    return done;
}

ssize_t write(int fd, const void *data, size_t size) { return do_write("write", fd, data, size, -1); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return do_write("pwrite", fd, data, size, at); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) { return do_write("pwrite", fd, data, size, at); }

/* Copies within the kernel are refused, as some systems do. The caller then reads and writes. */
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t size, unsigned flags) {
    (void)in, (void)from, (void)out, (void)to, (void)size, (void)flags;
    errno = ENOSYS;
    return -1;
}
ssize_t sendfile64(int out, int in, off64_t *offset, size_t size) {
    char full[PATH_MAX];
    if (control && control->root[0] && is_inside(resolve(out, NULL, full))) { errno = EINVAL; return -1; }
    return syscall(SYS_sendfile, out, in, offset, size);
}

ssize_t read(int fd, void *data, size_t size) {
    ON_PATH("read", fd, NULL)
    return syscall(SYS_read, fd, data, size);
}

static int do_truncate(int fd, off_t size) {
    ON_PATH("ftruncate", fd, NULL)
    int result = syscall(SYS_ftruncate, fd, size);
    if (is_counted && !result) note("truncate", full, NULL, inode_of(fd), size, NULL, 0);
    return result;
}
int ftruncate(int fd, off_t size) { return do_truncate(fd, size); }
int ftruncate64(int fd, off64_t size) { return do_truncate(fd, size); }

static int do_sync(const char *kind, int fd) {
    ON_PATH(kind, fd, NULL)
    /* Not synced in truth, for speed: a test of power failures replays the log. */
    if (is_counted) { note("fsync", full, NULL, inode_of(fd), 0, NULL, 0); return 0; }
    return syscall(SYS_fsync, fd);
}
int fsync(int fd) { return do_sync("fsync", fd); }
int fdatasync(int fd) { return do_sync("fdatasync", fd); }

static void *do_map(void *address, size_t size, int protection, int flags, int fd, off_t offset) {
    char full[PATH_MAX];
    if (fd >= 0 && control && control->root[0] && is_inside(resolve(fd, NULL, full)) && decide("mmap", full))
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
}
void *mmap(void *a, size_t s, int p, int f, int fd, off_t o) { return do_map(a, s, p, f, fd, o); }
void *mmap64(void *a, size_t s, int p, int f, int fd, off64_t o) { return do_map(a, s, p, f, fd, o); }

int close(int fd) {
    char full[PATH_MAX];
    int fails = control && control->root[0] && is_inside(resolve(fd, NULL, full)) && decide("close", full);
    int saved = errno, result = syscall(SYS_close, fd);
    if (!fails) return result;
    errno = saved;
    return -1;
}

int flock(int fd, int operation) {
    ON_PATH("flock", fd, NULL)
    return syscall(SYS_flock, fd, operation);
}

/* --- names are made, changed and removed */

static int do_mkdir(int folder, const char *path, mode_t mode) {
    ON_PATH("mkdir", folder, path)
    int result = syscall(SYS_mkdirat, folder, path, mode);
    if (is_counted && !result) note("mkdir", full, NULL, inode_at(full), 0, NULL, 0);
    return result;
}
int mkdir(const char *path, mode_t mode) { return do_mkdir(AT_FDCWD, path, mode); }
int mkdirat(int folder, const char *path, mode_t mode) { return do_mkdir(folder, path, mode); }

static int do_unlink(const char *kind, int folder, const char *path, int flags) {
    ON_PATH(kind, folder, path)
    int result = syscall(SYS_unlinkat, folder, path, flags);
    if (is_counted && !result) note("unlink", full, NULL, 0, 0, NULL, 0);
    return result;
}
int unlink(const char *path) { return do_unlink("unlink", AT_FDCWD, path, 0); }
int rmdir(const char *path) { return do_unlink("rmdir", AT_FDCWD, path, AT_REMOVEDIR); }
int unlinkat(int folder, const char *path, int flags) {
    return do_unlink(flags & AT_REMOVEDIR ? "rmdir" : "unlink", folder, path, flags);
}

static int do_link(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    ON_PATH("link", to_folder, to)
    char source[PATH_MAX];
    resolve(from_folder, from, source);
    int result = syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
    if (is_counted && !result) note("link", source, full, inode_at(full), 0, NULL, 0);
    return result;
}
int link(const char *from, const char *to) { return do_link(AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int a, const char *from, int b, const char *to, int flags) { return do_link(a, from, b, to, flags); }

static int do_rename(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    ON_PATH("rename", to_folder, to)
    char source[PATH_MAX];
    resolve(from_folder, from, source);
    int result = syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    if (is_counted && !result) note("rename", source, full, inode_at(full), 0, NULL, 0);
    return result;
}
int rename(const char *from, const char *to) { return do_rename(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int a, const char *from, int b, const char *to) { return do_rename(a, from, b, to, 0); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) { return do_rename(a, from, b, to, flags); }
