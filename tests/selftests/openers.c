// SPDX-License-Identifier: GPL-2.0
/*
 * openers COMMAND FILE: opens FILE for writing by a way that is not open(2), and writes code to its
 * start. Fails with the errno of the call that failed as its exit status.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"

static int write_code(int fd)
{
	static const unsigned char code[] = RETURN_42;

	return pwrite(fd, code, sizeof(code), 0) == sizeof(code) && !fsync(fd) ? 0 : fail("pwrite");
}

/* open FILE: for comparison. */
static int do_open(char **arg)
{
	int fd = open(arg[0], O_RDWR | O_CLOEXEC);

	return fd < 0 ? fail("open") : write_code(fd);
}

/* cut FILE: by a descriptor for reading that cuts it; what is empty is then opened for writing. */
static int do_cut(char **arg)
{
	if (open(arg[0], O_RDONLY | O_TRUNC | O_CLOEXEC) < 0)
		return fail("open");
	return do_open(arg);
}

static int open_and_close(const char *path)
{
	int status;
	pid_t child = fork();

	if (!child)
		_exit(open(path, O_RDONLY | O_CLOEXEC) < 0);
	return child > 0 && waitpid(child, &status, 0) == child && !status ? 0 : -1;
}

/* fanotify FILE: by the descriptor that comes with an event. */
static int do_fanotify(char **arg)
{
	struct fanotify_event_metadata event[8];
	int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDWR | O_CLOEXEC);

	if (fd < 0 || fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, arg[0]))
		return fail("fanotify");
	if (open_and_close(arg[0]))
		return fail("open");
	if (read(fd, event, sizeof(event)) < (ssize_t)sizeof(*event))
		return fail("read");
	if (event->fd < 0) {
		errno = event->fd < -1 ? -event->fd : EACCES;
		return fail("event");
	}
	return write_code(event->fd);
}

/* As fs/xfs/libxfs/xfs_fs.h has them. */
struct handle_request {
	__u32 fd;
	void *path;
	__u32 oflags;
	void *ihandle;
	__u32 ihandlen;
	void *ohandle;
	__u32 *ohandlen;
};
#define PATH_TO_HANDLE _IOWR('X', 105, struct handle_request)
#define OPEN_BY_HANDLE _IOWR('X', 107, struct handle_request)

static int open_by_handle(char *path, __u32 flags)
{
	unsigned char handle[64];
	__u32 size = sizeof(handle);
	struct handle_request request = { .path = path, .ohandle = handle, .ohandlen = &size };
	/* Only directories take these requests. */
	int fd = open(dirname(strdupa(path)), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, PATH_TO_HANDLE, &request))
		return fail("handle");
	request = (struct handle_request){ .oflags = O_RDWR | O_LARGEFILE | flags, .ihandle = handle, .ihandlen = size };
	fd = ioctl(fd, OPEN_BY_HANDLE, &request);
	return fd < 0 ? fail("XFS_IOC_OPEN_BY_HANDLE") : write_code(fd);
}

/* handle FILE: by XFS_IOC_OPEN_BY_HANDLE. */
static int do_handle(char **arg)
{
	return open_by_handle(arg[0], 0);
}

/* flags FILE: the same, with all flags that open(2) does not have. */
static int do_flags(char **arg)
{
	return open_by_handle(arg[0], 0x78000000);
}

static const struct command commands[] = {
	{ "open", do_open, 1 },
	{ "cut", do_cut, 1 },
	{ "fanotify", do_fanotify, 1 },
	{ "handle", do_handle, 1 },
	{ "flags", do_flags, 1 },
};

int main(int argc, char **argv)
{
	return run_command(commands, sizeof(commands) / sizeof(*commands), argc, argv);
}
