// SPDX-License-Identifier: GPL-2.0
/*
 * What nobody may see: unknown content that runs, or that a mapping for execution shows.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sequences.h"

/* The file may have been cut: then there is no page, and the kernel sends SIGBUS. */
static sigjmp_buf no_page;

static void on_sigbus(int signal)
{
	siglongjmp(no_page, signal);
}

/* The verdict that a mapping shows, or -1 where there is no page. */
int look_at(const struct map *map)
{
	volatile int seen = -1;

	signal(SIGBUS, on_sigbus);
	if (!sigsetjmp(no_page, 1))
		seen = ((volatile unsigned char *)map->at)[VERDICT];
	signal(SIGBUS, SIG_DFL);
	return seen;
}

/* Writes a byte of memory. Returns -1 where there is no page. */
int poke(unsigned char *byte, unsigned char value)
{
	volatile int failed = -1;

	signal(SIGBUS, on_sigbus);
	if (!sigsetjmp(no_page, 1)) {
		*(volatile unsigned char *)byte = value;
		failed = 0;
	}
	signal(SIGBUS, SIG_DFL);
	return failed;
}

/* Looks at everything that is mapped for execution. */
void look(struct task *t)
{
	int i;

	for (i = 0; i < MAPS; i++) {
		const struct map *map = &t->maps[i];

		/* It has to be readable to be looked at. */
		if (map->at && map->prot & PROT_EXEC && map->prot & PROT_READ && !map->own && look_at(map) == EVIL)
			saw_evil(t, map->shared ? "a shared mapping shows it" : "a private mapping shows it", map);
	}
}

/* Executes a file. Returns 0 if it ran, or -1. */
int execute(struct task *t, int dir, const char *path, int flags)
{
	char *arguments[] = { "program", NULL };
	char *environment[] = { NULL };
	int status;
	pid_t child = vfork();

	if (!child) {
		execveat(dir, path, arguments, environment, flags);
		_exit(99);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EVIL)
		saw_evil(t, "it was executed", NULL);
	return WIFEXITED(status) && WEXITSTATUS(status) == GOOD ? 0 : -1;
}
