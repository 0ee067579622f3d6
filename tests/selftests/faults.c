// SPDX-License-Identifier: GPL-2.0
/*
 * faults N OPERATION ARGUMENT...: the operation, of whose allocations the N-th fails. FAULTS names
 * the file that is told N: fail-nth of the kernel's fault injection, or the parameter of the module
 * digest_lists_fault. Prints one line with three words:
 *
 *   hit|missed   whether there was an N-th
 *   ERRNO        of the operation, 0 if it succeeded
 *   VALUE        what it returned
 *
 * Nothing but the one system call is made while it counts. Exit status 0 unless the operation
 * cannot be tried.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int counter;
static unsigned int nth;

static void set(unsigned int value)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", value);

	if (pwrite(counter, text, len, 0) != len) {
		perror("fail-nth");
		_exit(2);
	}
}

/* How many allocations are still to come before one fails: none if it has failed. */
static unsigned int left(void)
{
	char text[16] = "";

	if (pread(counter, text, sizeof(text) - 1, 0) < 1) {
		perror("fail-nth");
		_exit(2);
	}
	return strtoul(text, NULL, 10);
}

static int report(long value, int error)
{
	unsigned int rest = left();

	set(0);
	printf("%s %d %ld\n", rest ? "missed" : "hit", value < 0 ? error : 0, value);
	return 0;
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		die(path);
	return fd;
}

/* write FILE DATA: the content of DATA, by one write. */
static int do_write(char **arg)
{
	int out = open_or_die(arg[0], O_WRONLY), in = open_or_die(arg[1], O_RDONLY);
	struct stat stat;
	char *data;
	long ret;

	if (fstat(in, &stat))
		die(arg[1]);
	data = malloc(stat.st_size + 1);
	if (!data || read(in, data, stat.st_size) != stat.st_size)
		die(arg[1]);
	set(nth);
	ret = write(out, data, stat.st_size);
	return report(ret, errno);
}

/* load FILE PARAMETERS: a kernel module. */
static int do_load(char **arg)
{
	int fd = open_or_die(arg[0], O_RDONLY);
	long ret;

	set(nth);
	ret = syscall(SYS_finit_module, fd, arg[1], 0);
	return report(ret, errno);
}

/* unload NAME */
static int do_unload(char **arg)
{
	long ret;

	set(nth);
	ret = syscall(SYS_delete_module, arg[0], O_NONBLOCK);
	return report(ret, errno);
}

/* open FILE: for reading. */
static int do_open(char **arg)
{
	long ret;

	set(nth);
	ret = open(arg[0], O_RDONLY | O_CLOEXEC);
	return report(ret, errno);
}

/* change FILE: opens it for writing and closes it. */
static int do_change(char **arg)
{
	long ret;
	int error;

	set(nth);
	ret = open(arg[0], O_WRONLY | O_CLOEXEC);
	error = errno;
	if (ret >= 0)
		close(ret);
	return report(ret, error);
}

/* read FILE: all of it, from one descriptor. */
static int do_read(char **arg)
{
	static char buffer[65536];
	long ret, sum = 0;
	int fd = open_or_die(arg[0], O_RDONLY);

	set(nth);
	while ((ret = read(fd, buffer, sizeof(buffer))) > 0)
		sum += ret;
	return report(ret < 0 ? ret : sum, errno);
}

/* map FILE: executable. */
static int do_map(char **arg)
{
	int fd = open_or_die(arg[0], O_RDONLY);
	long ret;

	set(nth);
	ret = (long)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	return report(ret == -1 ? -1 : 0, errno);
}

/* protect FILE: maps it readable, and then makes that executable. */
static int do_protect(char **arg)
{
	int fd = open_or_die(arg[0], O_RDONLY);
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	long ret;

	if (page == MAP_FAILED)
		die("mmap");
	set(nth);
	ret = mprotect(page, 4096, PROT_READ | PROT_EXEC);
	return report(ret, errno);
}

/* exec FILE: a copy of this program, which reports itself. */
static int do_exec(char **arg)
{
	char fd[16];
	char *argv[] = { arg[0], "report", fd, NULL };

	snprintf(fd, sizeof(fd), "%d", counter);
	fcntl(counter, F_SETFD, 0);
	set(nth);
	execv(arg[0], argv);
	return report(-1, errno);
}

static const struct {
	const char *name;
	int (*run)(char **arg);
	int args;
} operations[] = {
	{ "write", do_write, 2 },
	{ "load", do_load, 2 },
	{ "unload", do_unload, 1 },
	{ "open", do_open, 1 },
	{ "change", do_change, 1 },
	{ "read", do_read, 1 },
	{ "map", do_map, 1 },
	{ "protect", do_protect, 1 },
	{ "exec", do_exec, 1 },
};

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc == 3 && !strcmp(argv[1], "report")) {
		counter = atoi(argv[2]);
		return report(0, 0);
	}
	counter = open(getenv("FAULTS") ?: "/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (counter < 0)
		die("FAULTS");
	nth = argc > 1 ? atoi(argv[1]) : 0;
	for (i = 0; i < sizeof(operations) / sizeof(*operations); i++)
		if (argc == operations[i].args + 3 && !strcmp(argv[2], operations[i].name))
			return operations[i].run(argv + 3);
	fprintf(stderr, "faults N OPERATION ARGUMENT...\n");
	return 2;
}
