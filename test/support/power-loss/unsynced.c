// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// Preloaded into a process, this keeps a journal of what the process does to the files below a folder: what it writes, and
// what it has synced since. journal.ts reads it, volume.ts works out of it what a disk may hold when the power goes.
//
//   UNSYNCED_FOLDER    the folder, without symbolic links in its path
//   UNSYNCED_JOURNAL   the journal, outside of the folder
//   UNSYNCED_BOOT      eight hexadecimal digits that stand in for the kernel's boot id: a power loss comes with a new one,
//                      and LMDB looks at it
//
// A record is written after what it tells of has happened, in one append. What a sync covers is known from the record of its
// beginning. What is not intercepted (a write through a memory map, a duplicated descriptor, copy_file_range) is missing in
// the journal, and so is lost with the power: a test fails then, and does not pass by mistake.

struct record {
  char type;
  uint8_t flags;
  uint16_t reserved;
  uint32_t length; // of what follows
  uint64_t inode;
  uint64_t at; // offset, size, or whose sync it is
};

enum { OPENED = 'O', WRITTEN = 'W', RESIZED = 'T', SYNC_BEGINS = 'B', SYNC_ENDS = 'E', REMOVED = 'D', RENAMED = 'R' };
enum { IS_SYNCED = 1, IS_FOLDER = 2, IS_TRUNCATED = 4 };
enum { MAX_DESCRIPTOR = 1 << 16 };

enum kind { NOT_WATCHED = 0, WATCHED, WATCHED_SYNCED, BOOT_ID };

static struct { enum kind kind; dev_t device; ino_t inode; } watched[MAX_DESCRIPTOR];
static const char *folder, *boot;
static size_t folder_length;
static int journal = -1;

#define REAL(name) ({ static __typeof__(&name) real; if (!real) real = dlsym(RTLD_NEXT, #name); real; })

__attribute__((constructor)) static void begin(void) {
  folder = getenv("UNSYNCED_FOLDER");
  boot = getenv("UNSYNCED_BOOT");
  const char *path = getenv("UNSYNCED_JOURNAL");
  if (!folder || !path) return;
  folder_length = strlen(folder);
  journal = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
}

static void give_up(const char *reason) {
  dprintf(STDERR_FILENO, "unsynced: %s: %s\n", reason, strerror(errno));
  abort();
}

static void note(char type, int flags, uint64_t inode, uint64_t at, const struct iovec *data, int parts, size_t length) {
  struct record head = { .type = type, .flags = flags, .length = length, .inode = inode, .at = at };
  struct iovec all[parts + 1];
  all[0] = (struct iovec){ &head, sizeof head };
  int count = 1;
  for (size_t left = length; left > 0; count++) {
    all[count] = data[count - 1];
    if (all[count].iov_len > left) all[count].iov_len = left;
    left -= all[count].iov_len;
  }
  int saved = errno;
  if (REAL(writev)(journal, all, count) != (ssize_t)(sizeof head + length)) give_up("the journal cannot be written");
  errno = saved;
}

static void note_text(char type, int flags, uint64_t inode, uint64_t at, const char *text) {
  struct iovec part = { (void *)text, strlen(text) };
  note(type, flags, inode, at, &part, 1, part.iov_len);
}

static enum kind kind_of(int descriptor) {
  return journal >= 0 && descriptor >= 0 && descriptor < MAX_DESCRIPTOR ? watched[descriptor].kind : NOT_WATCHED;
}

// libuv closes with a system call of its own, which is not intercepted: the number may stand for something else by now.
static int is_file(int descriptor) {
  enum kind kind = kind_of(descriptor);
  if (kind != WATCHED && kind != WATCHED_SYNCED) return 0;
  struct stat status;
  int is_same = fstat(descriptor, &status) == 0 && status.st_dev == watched[descriptor].device &&
                status.st_ino == watched[descriptor].inode;
  if (!is_same) watched[descriptor].kind = NOT_WATCHED;
  return is_same;
}

// The path below the folder, "" for the folder itself; NULL for what is elsewhere.
static const char *below_folder(const char *path) {
  if (strncmp(path, folder, folder_length) != 0) return NULL;
  const char *rest = path + folder_length;
  return *rest == '\0' ? rest : *rest == '/' ? rest + 1 : NULL;
}

static int opened(int descriptor, int flags) {
  if (descriptor < 0 || journal < 0) return descriptor;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return descriptor;
  path[length] = '\0';
  if (boot && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0) watched[descriptor].kind = BOOT_ID;
  const char *name = below_folder(path);
  if (!name) return descriptor;
  if (descriptor >= MAX_DESCRIPTOR) give_up("too many files are open");
  struct stat status;
  if (fstat(descriptor, &status) != 0) give_up("a file has no status");
  watched[descriptor].device = status.st_dev;
  watched[descriptor].inode = status.st_ino;
  int traits = (S_ISDIR(status.st_mode) ? IS_FOLDER : 0) | (flags & O_TRUNC ? IS_TRUNCATED : 0);
  note_text(OPENED, traits, status.st_ino, S_ISDIR(status.st_mode) ? 0 : status.st_size, name);
  watched[descriptor].kind = flags & O_DSYNC ? WATCHED_SYNCED : WATCHED;
  return descriptor;
}

static mode_t mode_of(int flags, va_list arguments) {
  return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return opened(REAL(open)(path, flags, mode), flags);
}

int openat(int at, const char *path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return opened(REAL(openat)(at, path, flags, mode), flags);
}

int close(int descriptor) {
  // Before: as soon as it is closed, another thread may get the same number.
  if (kind_of(descriptor) != NOT_WATCHED) watched[descriptor].kind = NOT_WATCHED;
  return REAL(close)(descriptor);
}

ssize_t read(int descriptor, void *buffer, size_t length) {
  ssize_t count = REAL(read)(descriptor, buffer, length);
  if (count >= 8 && kind_of(descriptor) == BOOT_ID) memcpy(buffer, boot, 8);
  return count;
}

static ssize_t written(int descriptor, const struct iovec *data, int parts, off_t at, ssize_t count) {
  if (count <= 0 || !is_file(descriptor)) return count;
  if (at < 0) at = lseek(descriptor, 0, SEEK_CUR) - count;
  int flags = watched[descriptor].kind == WATCHED_SYNCED ? IS_SYNCED : 0;
  note(WRITTEN, flags, watched[descriptor].inode, at, data, parts, count);
  return count;
}

ssize_t write(int descriptor, const void *buffer, size_t length) {
  struct iovec part = { (void *)buffer, length };
  return written(descriptor, &part, 1, -1, REAL(write)(descriptor, buffer, length));
}

ssize_t writev(int descriptor, const struct iovec *data, int parts) {
  return written(descriptor, data, parts, -1, REAL(writev)(descriptor, data, parts));
}

ssize_t pwrite(int descriptor, const void *buffer, size_t length, off_t at) {
  struct iovec part = { (void *)buffer, length };
  return written(descriptor, &part, 1, at, REAL(pwrite)(descriptor, buffer, length, at));
}

ssize_t pwritev(int descriptor, const struct iovec *data, int parts, off_t at) {
  return written(descriptor, data, parts, at, REAL(pwritev)(descriptor, data, parts, at));
}

int ftruncate(int descriptor, off_t size) {
  int result = REAL(ftruncate)(descriptor, size);
  if (result == 0 && is_file(descriptor)) note(RESIZED, 0, watched[descriptor].inode, size, NULL, 0, 0);
  return result;
}

static int synced(int descriptor, int (*sync)(int)) {
  if (!is_file(descriptor)) return sync(descriptor);
  uint64_t inode = watched[descriptor].inode;
  // Two threads may sync one file at the same time.
  uint64_t whose = syscall(SYS_gettid);
  note(SYNC_BEGINS, 0, inode, whose, NULL, 0, 0);
  int result = sync(descriptor);
  if (result == 0) note(SYNC_ENDS, 0, inode, whose, NULL, 0, 0);
  return result;
}

int fsync(int descriptor) {
  return synced(descriptor, REAL(fsync));
}

int fdatasync(int descriptor) {
  return synced(descriptor, REAL(fdatasync));
}

// The place of a name in the folder, whether there is a file of that name or not; NULL for what is elsewhere.
static const char *place_of(const char *path, char place[PATH_MAX * 2]) {
  if (journal < 0) return NULL;
  const char *slash = strrchr(path, '/');
  char parent[PATH_MAX] = ".";
  if (slash) snprintf(parent, sizeof parent, "%.*s/", (int)(slash - path), path);
  char real[PATH_MAX];
  if (!realpath(parent, real)) return NULL;
  snprintf(place, PATH_MAX * 2, "%s/%s", real, slash ? slash + 1 : path);
  return below_folder(place);
}

int unlink(const char *path) {
  char place[PATH_MAX * 2];
  const char *name = place_of(path, place);
  int result = REAL(unlink)(path);
  if (result == 0 && name) note_text(REMOVED, 0, 0, 0, name);
  return result;
}

int rename(const char *from, const char *to) {
  char from_place[PATH_MAX * 2], to_place[PATH_MAX * 2];
  const char *from_name = place_of(from, from_place), *to_name = place_of(to, to_place);
  int result = REAL(rename)(from, to);
  if (result != 0 || (!from_name && !to_name)) return result;
  if (!from_name || !to_name) give_up("a file was moved into the folder or out of it");
  // The two names with their NULs: paths may hold everything else.
  struct iovec names[2] = { { (void *)from_name, strlen(from_name) + 1 }, { (void *)to_name, strlen(to_name) + 1 } };
  note(RENAMED, 0, 0, 0, names, 2, names[0].iov_len + names[1].iov_len);
  return result;
}

// Programs that are built for large files call these; sizes are the same here.
_Static_assert(sizeof(off_t) == 8, "off_t");
int open64(const char *path, int flags, ...) __attribute__((alias("open")));
int openat64(int at, const char *path, int flags, ...) __attribute__((alias("openat")));
int ftruncate64(int descriptor, off_t size) __attribute__((alias("ftruncate")));
ssize_t pwrite64(int descriptor, const void *buffer, size_t length, off_t at) __attribute__((alias("pwrite")));
ssize_t pwritev64(int descriptor, const struct iovec *data, int parts, off_t at) __attribute__((alias("pwritev")));
