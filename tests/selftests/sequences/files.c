// SPDX-License-Identifier: GPL-2.0
/*
 * Calls on files: opens, changes, names, and execution.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sequences.h"

static const int modes[] = {
	O_RDONLY, O_RDONLY, O_RDWR, O_RDWR, O_WRONLY, O_WRONLY | O_TRUNC, O_RDWR | O_DIRECT, O_WRONLY | O_APPEND, O_PATH,
	O_RDONLY | O_TRUNC,
};

static int any_mode(struct task *t)
{
	return modes[any(t, sizeof(modes) / sizeof(*modes))];
}

static int open_file(struct task *t)
{
	return hold(t, open_path(any_path(t), any_mode(t)));
}

/* What a descriptor stands for, opened once more. */
static int open_again(struct task *t)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", *any_fd(t));
	return hold(t, open(path, any_mode(t) | O_CLOEXEC));
}

static int close_one(struct task *t)
{
	int *fd = any_fd(t);

	if (*fd < 0)
		return -1;
	close(*fd);
	*fd = -1;
	return 0;
}

static int write_verdict(struct task *t)
{
	const unsigned char byte = any(t, 3) ? EVIL : GOOD;

	return pwrite(*any_fd(t), &byte, 1, VERDICT) == 1 ? 0 : -1;
}

static int write_all(struct task *t)
{
	static unsigned char content[CONTENT_MAX] __attribute__((aligned(PAGE)));
	const int fd = *any_fd(t);
	const size_t size = make_content(t, content, any(t, 2));

	/* A direct write is one of whole pages. */
	if (fcntl(fd, F_GETFL) & O_DIRECT)
		return pwrite(fd, content, PAGE, 0) == PAGE ? 0 : -1;
	return pwrite(fd, content, size, 0) == (ssize_t)size ? ftruncate(fd, size) : -1;
}

/* The pages of a pipe become those of the file, or are copied; they change once more afterwards. */
static int splice_pages(struct task *t)
{
	static unsigned char content[CONTENT_MAX] __attribute__((aligned(PAGE)));
	const int fd = *any_fd(t), gift = any(t, 2);
	struct iovec pages = { content, PAGE };
	loff_t at = 0;
	int ends[2], failed;

	make_content(t, content, any(t, 2));
	if (pipe2(ends, O_NONBLOCK | O_CLOEXEC))
		return -1;
	failed = vmsplice(ends[1], &pages, 1, gift ? SPLICE_F_GIFT : 0) != PAGE ||
		 splice(ends[0], NULL, fd, &at, PAGE, SPLICE_F_MOVE | SPLICE_F_NONBLOCK) != PAGE;
	content[VERDICT] = EVIL;
	close(ends[0]);
	close(ends[1]);
	return failed ? -1 : 0;
}

/* A file with a content, known or not, that nobody else has. */
static int source(struct task *t, size_t *size)
{
	static unsigned char content[CONTENT_MAX];
	const int fd = open(t->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0755);

	*size = make_content(t, content, any(t, 2));
	if (fd >= 0 && write(fd, content, *size) != (ssize_t)*size) {
		close(fd);
		return -1;
	}
	return fd;
}

static int copy_range(struct task *t)
{
	const int to = *any_fd(t);
	size_t size;
	const int from = source(t, &size);
	loff_t in = 0, out = 0;
	const int done = copy_file_range(from, &in, to, &out, size, 0) == (ssize_t)size;

	close(from);
	return done ? 0 : -1;
}

static int clone_file(struct task *t)
{
	const int to = *any_fd(t);
	size_t size;
	const int from = source(t, &size), failed = ioctl(to, FICLONE, from);

	close(from);
	return failed;
}

static int send_file(struct task *t)
{
	const int to = *any_fd(t);
	size_t size;
	const int from = source(t, &size);
	off_t in = 0;
	const int done = !lseek(to, 0, SEEK_SET) && sendfile(to, from, &in, size) == (ssize_t)size;

	close(from);
	return done ? 0 : -1;
}

static int cut(struct task *t)
{
	return any(t, 2) ? ftruncate(*any_fd(t), any(t, CONTENT_MAX)) : truncate(any_path(t), any(t, CONTENT_MAX));
}

static int make_room(struct task *t)
{
	static const int how[] = { 0, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_ZERO_RANGE,
				   FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE };

	return fallocate(*any_fd(t), how[any(t, 5)], any(t, 2) * PAGE, PAGE);
}

/* A path that only this task has. */
static const char *own_path(struct task *t)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/own-%u", t->dir, t->id);
	return path;
}

static int create(struct task *t, const char *path)
{
	static unsigned char content[CONTENT_MAX];
	const size_t size = make_content(t, content, any(t, 2));
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0755);

	if (fd < 0)
		return -1;
	if (write(fd, content, size) != (ssize_t)size || any(t, 2)) {
		close(fd);
		return 0;
	}
	return hold(t, fd);
}

static int replace(struct task *t)
{
	const char *own = own_path(t);

	unlink(own);
	if (create(t, own))
		return -1;
	return any(t, 2) ? rename(own, any_path(t)) : renameat2(AT_FDCWD, own, AT_FDCWD, any_path(t), RENAME_EXCHANGE);
}

static int recreate(struct task *t)
{
	const char *path = any_path(t);

	return unlink(path) ? -1 : create(t, path);
}

static int exchange(struct task *t)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s", any_path(t));
	return renameat2(AT_FDCWD, path, AT_FDCWD, any_path(t), RENAME_EXCHANGE);
}

/* A descriptor gets a name, in place of another file. */
static int link_in(struct task *t)
{
	char path[64];
	size_t size;
	const char *own = own_path(t);
	const int fd = source(t, &size);
	int failed;

	unlink(own);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	failed = linkat(AT_FDCWD, path, AT_FDCWD, own, AT_SYMLINK_FOLLOW) || rename(own, any_path(t));
	return hold(t, fd) || failed ? -1 : 0;
}

static int other_link(struct task *t)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s", any_path(t));
	return unlink(any_path(t)) || link(path, any_path(t)) ? -1 : 0;
}

static int attributes(struct task *t)
{
	const int fd = *any_fd(t);

	switch (any(t, 4)) {
	case 0:
		return fchmod(fd, any(t, 3) ? 0755 : 0644);
	case 1:
		return futimens(fd, (struct timespec[]){ { .tv_sec = 1 }, { .tv_sec = 1 } });
	case 2:
		return fsetxattr(fd, "user.x", "x", 1, 0);
	default:
		return fsync(fd);
	}
}

/* Whoever opens a file with a lease waits for a second. */
static int lease(struct task *t)
{
	static const int leases[] = { F_UNLCK, F_RDLCK, F_WRLCK };
	const int fd = *any_fd(t);

	return any(t, 2) ? flock(fd, LOCK_SH | LOCK_NB) : fcntl(fd, F_SETLEASE, leases[any(t, 3)]);
}

static int execute_path(struct task *t)
{
	return execute(t, AT_FDCWD, any_path(t), 0);
}

static int execute_fd(struct task *t)
{
	return execute(t, *any_fd(t), "", AT_EMPTY_PATH);
}

static int execute_proc(struct task *t)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", *any_fd(t));
	return execute(t, AT_FDCWD, path, 0);
}

static int execute_memory(struct task *t)
{
	static unsigned char content[CONTENT_MAX];
	const size_t size = make_content(t, content, any(t, 2));
	const int fd = memfd_create("program", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char path[64];
	int program, failed;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	failed = fd < 0 || write(fd, content, size) != (ssize_t)size;
	/* What is not sealed is not executed where the list counts. */
	if (any(t, 3))
		fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW);
	program = open(path, O_RDONLY | O_CLOEXEC);
	close(fd);
	failed = failed || execute(t, program, "", AT_EMPTY_PATH);
	return hold(t, program) || failed ? -1 : 0;
}

const struct call file_calls[] = {
	{ "open", open_file, 14 },	     { "open_again", open_again, 6 },
	{ "close", close_one, 8 },	     { "write_byte", write_verdict, 6 },
	{ "write", write_all, 8 },	     { "splice", splice_pages, 2 },
	{ "copy_file_range", copy_range, 1 }, { "reflink", clone_file, 1 },
	{ "sendfile", send_file, 1 },	     { "truncate", cut, 1 },
	{ "fallocate", make_room, 1 },	     { "replace", replace, 3 },
	{ "recreate", recreate, 3 },	     { "exchange", exchange, 1 },
	{ "link_in", link_in, 1 },	     { "link", other_link, 1 },
	{ "attributes", attributes, 2 },     { "lease", lease, 1 },
	{ "exec", execute_path, 8 },	     { "exec_fd", execute_fd, 3 },
	{ "exec_proc", execute_proc, 1 },    { "exec_memfd", execute_memory, 1 },
	{ 0 },
};
