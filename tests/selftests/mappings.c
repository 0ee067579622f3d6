// SPDX-License-Identifier: GPL-2.0
/*
 * mappings COMMAND [FILE]: ways to get content executed that do not begin with execve() or with a
 * mapping that is executable at once. What calls its code prints what it returned. Fails with the
 * errno of the refused call as its exit status.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <unistd.h>

#include "commands.h"

#define SIZE 4096

static void *map(const char *path, int mode, int prot, int flags)
{
	int fd = open(path, mode | O_CLOEXEC);
	void *start = fd < 0 ? MAP_FAILED : mmap(NULL, SIZE, prot, flags, fd, 0);

	if (fd >= 0)
		close(fd);
	return start;
}

static void write_code(void *start)
{
	static const unsigned char code[] = RETURN_42;

	memcpy(start, code, sizeof(code));
}

static int call(void *start)
{
	int (*function)(void);

	__builtin___clear_cache(start, (char *)start + 8);
	memcpy(&function, &start, sizeof(function));
	printf("%d\n", function());
	return 0;
}

/* pkey FILE: maps it readable, then makes it executable by pkey_mprotect(2). */
static int do_pkey(char **arg)
{
	void *start = map(arg[0], O_RDONLY, PROT_READ, MAP_PRIVATE);

	if (start == MAP_FAILED)
		return fail("mmap");
	return pkey_mprotect(start, SIZE, PROT_READ | PROT_EXEC, -1) ? fail("pkey_mprotect") : 0;
}

/* moved FILE: the same by mprotect(2), after the mapping was moved. */
static int do_moved(char **arg)
{
	void *start = map(arg[0], O_RDONLY, PROT_READ, MAP_PRIVATE);
	void *room = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (start == MAP_FAILED || room == MAP_FAILED)
		return fail("mmap");
	start = mremap(start, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, room);
	if (start == MAP_FAILED)
		return fail("mremap");
	return mprotect(start, SIZE, PROT_READ | PROT_EXEC) ? fail("mprotect") : 0;
}

/* implied FILE: makes a mapping without rights readable, which the personality makes executable. */
static int do_implied(char **arg)
{
	void *start = map(arg[0], O_RDONLY, PROT_NONE, MAP_PRIVATE);

	if (start == MAP_FAILED)
		return fail("mmap");
	if (personality(READ_IMPLIES_EXEC) < 0)
		return fail("personality");
	return mprotect(start, SIZE, PROT_READ) ? fail("mprotect") : 0;
}

static sigjmp_buf not_executable;

static void on_fault(int signal)
{
	(void)signal;
	siglongjmp(not_executable, 1);
}

/*
 * noexec MOUNT FILE: sets noexec on MOUNT, where FILE is, and maps FILE readable, which the
 * personality makes executable if MOUNT is not noexec any more by then. Calls its code.
 */
static int do_noexec(char **arg)
{
	void *start;

	if (mount(NULL, arg[0], NULL, MS_REMOUNT | MS_BIND | MS_NOEXEC, NULL))
		return fail("mount");
	if (personality(READ_IMPLIES_EXEC) < 0)
		return fail("personality");
	start = map(arg[1], O_RDONLY, PROT_READ, MAP_PRIVATE);
	if (start == MAP_FAILED)
		return fail("mmap");
	signal(SIGSEGV, on_fault);
	if (!sigsetjmp(not_executable, 1))
		return call(start);
	errno = ENOEXEC;
	return fail("call");
}

/*
 * shared FILE: writes code to it through a shared mapping, which then becomes executable, and calls
 * the code.
 */
static int do_shared(char **arg)
{
	void *start = map(arg[0], O_RDWR, PROT_READ | PROT_WRITE, MAP_SHARED);

	if (start == MAP_FAILED)
		return fail("mmap");
	write_code(start);
	return mprotect(start, SIZE, PROT_READ | PROT_EXEC) ? fail("mprotect") : call(start);
}

/*
 * private FILE: writes code to pages of its own that the file began as, makes them executable, and
 * calls the code.
 */
static int do_private(char **arg)
{
	void *start = map(arg[0], O_RDONLY, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	if (start == MAP_FAILED)
		return fail("mmap");
	write_code(start);
	return mprotect(start, SIZE, PROT_READ | PROT_EXEC) ? fail("mprotect") : call(start);
}

/* anonymous: the same with pages that no file has. */
static int do_anonymous(char **arg)
{
	void *start = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)arg;
	if (start == MAP_FAILED)
		return fail("mmap");
	write_code(start);
	return mprotect(start, SIZE, PROT_READ | PROT_EXEC) ? fail("mprotect") : call(start);
}

/* shm: the same with shared memory of System V, attached for execution. */
static int do_shm(char **arg)
{
	int id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | 0700), error;
	void *start = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

	(void)arg;
	if (start == (void *)-1)
		return fail("shmat");
	write_code(start);
	start = shmat(id, NULL, SHM_EXEC);
	error = errno;
	shmctl(id, IPC_RMID, NULL);
	errno = error;
	return start == (void *)-1 ? fail("shmat for execution") : call(start);
}

static const struct command commands[] = {
	{ "pkey", do_pkey, 1 },
	{ "moved", do_moved, 1 },
	{ "implied", do_implied, 1 },
	{ "noexec", do_noexec, 2 },
	{ "shared", do_shared, 1 },
	{ "private", do_private, 1 },
	{ "anonymous", do_anonymous, 0 },
	{ "shm", do_shm, 0 },
};

int main(int argc, char **argv)
{
	return run_command(commands, sizeof(commands) / sizeof(*commands), argc, argv);
}
