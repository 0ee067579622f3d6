// SPDX-License-Identifier: GPL-2.0
/*
 * syscalls COMMAND ARGUMENT...: system calls that no shell and no tool of the guest makes. Prints
 * what it is told to, and fails with the errno of the call as its exit status.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fsverity.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"

#define CHECK_ONLY 0x10000 /* AT_EXECVE_CHECK */

static void *map(const char *path, int prot)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? MAP_FAILED : mmap(NULL, 4096, prot, MAP_PRIVATE, fd, 0);
}

/* map FILE: maps it executable. */
static int do_map(char **arg)
{
	return map(arg[0], PROT_READ | PROT_EXEC) == MAP_FAILED ? fail("mmap") : 0;
}

/* map-fd NUMBER: the same with a descriptor that was inherited. */
static int do_map_fd(char **arg)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, atoi(arg[0]), 0) == MAP_FAILED ? fail("mmap") : 0;
}

/* map-direct FILE: the same with a descriptor for direct I/O. */
static int do_map_direct(char **arg)
{
	int fd = open(arg[0], O_RDONLY | O_DIRECT | O_CLOEXEC);

	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? fail("mmap") : 0;
}

/* map-read FILE: maps it readable only. */
static int do_map_read(char **arg)
{
	return map(arg[0], PROT_READ) == MAP_FAILED ? fail("mmap") : 0;
}

/* map-over-writable FILE: maps it executable while a mapping of it exists that can be stored to. */
static int do_map_over_writable(char **arg)
{
	int fd = open(arg[0], O_RDWR | O_CLOEXEC);

	if (fd < 0 || mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED)
		return fail("mmap");
	close(fd);
	return map(arg[0], PROT_READ | PROT_EXEC) == MAP_FAILED ? fail("mmap") : 0;
}

/* map-implied FILE: maps it readable, which the personality makes executable. */
static int do_map_implied(char **arg)
{
	if (personality(READ_IMPLIES_EXEC) < 0)
		return fail("personality");
	return do_map_read(arg);
}

/* mprotect FILE: maps it readable, then makes it executable. */
static int do_mprotect(char **arg)
{
	void *start = map(arg[0], PROT_READ);

	if (start == MAP_FAILED)
		return fail("mmap");
	return mprotect(start, 4096, PROT_READ | PROT_EXEC) ? fail("mprotect") : 0;
}

static int make_executable(void *start)
{
	return mprotect(start, 4096, PROT_READ | PROT_EXEC) != 0;
}

/*
 * mprotect-killed FILE MILLISECONDS: the same by a task that has its memory in common with this
 * one, and is killed so many milliseconds later. Fails if it was done before.
 */
static int do_mprotect_killed(char **arg)
{
	static char stack[65536] __attribute__((aligned(16)));
	void *start = map(arg[0], PROT_READ);
	int status, pid;

	if (start == MAP_FAILED)
		return fail("mmap");
	pid = clone(make_executable, stack + sizeof(stack), CLONE_VM | SIGCHLD, start);
	if (pid < 0)
		return fail("clone");
	usleep(1000 * atoi(arg[1]));
	if (kill(pid, SIGKILL) || waitpid(pid, &status, 0) != pid)
		return fail("kill");
	if (WIFSIGNALED(status))
		return 0;
	fprintf(stderr, "the task was done before it was killed\n");
	return 1;
}

/* check FILE: asks whether it could be executed. */
static int do_check(char **arg)
{
	char *argv[] = { arg[0], NULL }, *envp[] = { NULL };
	int fd = open(arg[0], O_PATH | O_CLOEXEC);

	return syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH | CHECK_ONLY) ? fail("execveat") : 0;
}

/* mknod FILE: makes an empty regular file by mknod(2). */
static int do_mknod(char **arg)
{
	return mknod(arg[0], S_IFREG | 0644, 0) ? fail("mknod") : 0;
}

/* truncate FILE SIZE: by truncate(2), which opens nothing. */
static int do_truncate(char **arg)
{
	return truncate(arg[0], atol(arg[1])) ? fail("truncate") : 0;
}

/* store FILE TEXT: writes the text to its start through a shared mapping. */
static int do_store(char **arg)
{
	int fd = open(arg[0], O_RDWR | O_CLOEXEC);
	char *start = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (start == MAP_FAILED)
		return fail("mmap");
	memcpy(start, arg[1], strlen(arg[1]));
	return 0;
}

/*
 * tmpfile DIRECTORY TEXT FILE: writes the text to a file that has no name, then gives it the name
 * FILE.
 */
static int do_tmpfile(char **arg)
{
	int fd = open(arg[0], O_TMPFILE | O_RDWR | O_CLOEXEC, 0755);
	char self[64];

	if (fd < 0 || write(fd, arg[1], strlen(arg[1])) < 0)
		return fail("tmpfile");
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, self, AT_FDCWD, arg[2], AT_SYMLINK_FOLLOW) ? fail("linkat") : 0;
}

/* memfd NAME TEXT: writes the text to a memfd, and opens that for reading. */
static int do_memfd(char **arg)
{
	int fd = memfd_create(arg[0], MFD_CLOEXEC);
	char self[64];

	if (fd < 0 || write(fd, arg[1], strlen(arg[1])) < 0)
		return fail("memfd");
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return open(self, O_RDONLY | O_CLOEXEC) < 0 ? fail("open") : 0;
}

/* Executes a copy of the file in a memfd, with these seals. */
static int exec_in_memfd(const char *path, const char *name, int seals)
{
	static char *argv[] = { "memfd", NULL };
	int from = open(path, O_RDONLY | O_CLOEXEC), fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char buf[65536];
	ssize_t n;

	if (from < 0 || fd < 0)
		return fail("open");
	while ((n = read(from, buf, sizeof(buf))) > 0)
		if (write(fd, buf, n) != n)
			return fail("write");
	if (seals && fcntl(fd, F_ADD_SEALS, seals))
		return fail("seal");
	fexecve(fd, argv, environ);
	return fail("fexecve");
}

/* memfd-exec FILE: executes a copy of the file in a memfd. */
static int do_memfd_exec(char **arg)
{
	return exec_in_memfd(arg[0], "copy", 0);
}

/* memfd-sealed-exec FILE: the same, after the memfd was sealed against writing and shrinking. */
static int do_memfd_sealed_exec(char **arg)
{
	return exec_in_memfd(arg[0], "sealed", F_SEAL_WRITE | F_SEAL_SHRINK);
}

/*
 * Maps a memfd of one huge page executable that has the text at its start; sealed against writing
 * and shrinking first, if asked.
 */
static int map_huge(const char *text, int sealed)
{
	int fd = memfd_create("huge", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB);
	size_t size = 2 << 20;
	char *start;

	if (fd < 0 || ftruncate(fd, size))
		return fail("memfd");
	start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (start == MAP_FAILED)
		return fail("mmap to write");
	memcpy(start, text, strlen(text));
	munmap(start, size);
	if (sealed && fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK))
		return fail("seal");
	return mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? fail("mmap") : 0;
}

/* memfd-huge TEXT: maps a memfd of one huge page executable that has the text at its start. */
static int do_memfd_huge(char **arg)
{
	return map_huge(arg[0], 0);
}

/* memfd-huge-sealed TEXT: the same, sealed. */
static int do_memfd_huge_sealed(char **arg)
{
	return map_huge(arg[0], 1);
}

/* swap-exec FILE OTHER: opens FILE, renames OTHER over it, and executes what is open. */
static int do_swap_exec(char **arg)
{
	static char *argv[] = { "swap", NULL };
	int fd = open(arg[0], O_RDONLY | O_CLOEXEC);

	if (fd < 0 || rename(arg[1], arg[0]))
		return fail("rename");
	fexecve(fd, argv, environ);
	return fail("fexecve");
}

/* init-module FILE: loads a module from memory. */
static int do_init_module(char **arg)
{
	int fd = open(arg[0], O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *data;

	if (fd < 0 || fstat(fd, &st))
		return fail("open");
	data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return fail("mmap");
	return syscall(SYS_init_module, data, st.st_size, "") ? fail("init_module") : 0;
}

/* kexec-load: asks to load nothing for kexec from memory, which lets go of what is loaded. */
static int do_kexec_load(char **arg)
{
	(void)arg;
	return syscall(SYS_kexec_load, 0UL, 0UL, NULL, 0UL) ? fail("kexec_load") : 0;
}

/*
 * kexec-cmdline KERNEL CMDLINE: loads a kernel for kexec with that command line and no initramfs.
 */
static int do_kexec_cmdline(char **arg)
{
	int kernel = open(arg[0], O_RDONLY | O_CLOEXEC);

	return syscall(SYS_kexec_file_load, kernel, -1, strlen(arg[1]) + 1, arg[1], 4UL /* KEXEC_FILE_NO_INITRAMFS */) ?
		       fail("kexec_file_load") :
		       0;
}

/* kexec KERNEL INITRAMFS: loads both for kexec, and lets go of them. */
static int do_kexec(char **arg)
{
	int kernel = open(arg[0], O_RDONLY | O_CLOEXEC), initramfs = open(arg[1], O_RDONLY | O_CLOEXEC);
	const char *cmdline = "quiet";

	if (syscall(SYS_kexec_file_load, kernel, initramfs, strlen(cmdline) + 1, cmdline, 0UL))
		return fail("kexec_file_load");
	return syscall(SYS_kexec_file_load, -1, -1, 0, NULL, 1UL /* KEXEC_FILE_UNLOAD */) ? fail("unload") : 0;
}

/*
 * write FILE FROM: writes what FROM has to FILE, in one call. Prints the name of the errno, or
 * nothing for success.
 */
static int do_write(char **arg)
{
	int from = open(arg[1], O_RDONLY | O_CLOEXEC), to = open(arg[0], O_WRONLY | O_CLOEXEC);
	const char *name;
	struct stat st;
	ssize_t done;
	char *data;

	if (from < 0 || to < 0 || fstat(from, &st))
		return fail("open");
	data = malloc(st.st_size + 1);
	if (!data || read(from, data, st.st_size) != st.st_size)
		return fail("read");
	done = write(to, data, st.st_size);
	if (done == st.st_size)
		return 0;
	name = done < 0 ? strerrorname_np(errno) : "incomplete";
	if (name)
		puts(name);
	else
		printf("%d\n", errno);
	return 1;
}

/* verity FILE: enables fs-verity, and prints the digest. */
static int do_verity(char **arg)
{
	struct fsverity_enable_arg enable = {
		.version = 1,
		.hash_algorithm = FS_VERITY_HASH_ALG_SHA256,
		.block_size = 4096,
	};
	struct {
		struct fsverity_digest head;
		unsigned char bytes[64];
	} digest = { .head.digest_size = 64 };
	int i, fd = open(arg[0], O_RDONLY | O_CLOEXEC);

	if (ioctl(fd, FS_IOC_ENABLE_VERITY, &enable) || ioctl(fd, FS_IOC_MEASURE_VERITY, &digest))
		return fail("fs-verity");
	for (i = 0; i < digest.head.digest_size; i++)
		printf("%02x", digest.head.digest[i]);
	putchar('\n');
	return 0;
}

/*
 * poison FILE: the memory of the file's first page fails: the page is lost, and what it had and
 * storage has not.
 */
static int do_poison(char **arg)
{
	int fd = open(arg[0], O_RDONLY | O_CLOEXEC);
	volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	if (page == MAP_FAILED)
		return fail("mmap");
	(void)page[0];
	return madvise((void *)page, 4096, MADV_HWPOISON) ? fail("madvise") : 0;
}

static const struct command commands[] = {
	{ "map", do_map, 1 },
	{ "map-fd", do_map_fd, 1 },
	{ "map-direct", do_map_direct, 1 },
	{ "map-read", do_map_read, 1 },
	{ "map-over-writable", do_map_over_writable, 1 },
	{ "map-implied", do_map_implied, 1 },
	{ "mprotect", do_mprotect, 1 },
	{ "mprotect-killed", do_mprotect_killed, 2 },
	{ "check", do_check, 1 },
	{ "mknod", do_mknod, 1 },
	{ "truncate", do_truncate, 2 },
	{ "store", do_store, 2 },
	{ "poison", do_poison, 1 },
	{ "tmpfile", do_tmpfile, 3 },
	{ "memfd", do_memfd, 2 },
	{ "memfd-exec", do_memfd_exec, 1 },
	{ "memfd-sealed-exec", do_memfd_sealed_exec, 1 },
	{ "memfd-huge", do_memfd_huge, 1 },
	{ "memfd-huge-sealed", do_memfd_huge_sealed, 1 },
	{ "swap-exec", do_swap_exec, 2 },
	{ "init-module", do_init_module, 1 },
	{ "kexec", do_kexec, 2 },
	{ "kexec-cmdline", do_kexec_cmdline, 2 },
	{ "kexec-load", do_kexec_load, 0 },
	{ "write", do_write, 2 },
	{ "verity", do_verity, 1 },
};

int main(int argc, char **argv)
{
	return run_command(commands, sizeof(commands) / sizeof(*commands), argc, argv);
}
