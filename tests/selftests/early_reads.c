// SPDX-License-Identifier: GPL-2.0
/*
 * A page of a user's file that something else writes to after everything has closed the file: a
 * direct read from SOURCE, a file of a FUSE server, into a shared mapping of FILE. It reads two
 * pages, and only the first is of FILE: while the server cannot finish the second, nothing says
 * that the first was written. ASKED exists when the read has begun. What the program does then:
 *
 *   gone FILE SOURCE ASKED   closes FILE, says "gone", and waits for the end of the read
 *   late FILE SOURCE ASKED   the same; after a line of input it maps FILE privately and makes that
 *                            executable, while another thread calls it, and says what the first
 *                            call returned and what a later one does
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "commands.h"

enum { PAGE = 4096, MAPPINGS = 6000 };

struct transfer {
	int source;
	char *into;
	pthread_t thread;
};

static void *receive(void *arg)
{
	struct transfer *transfer = arg;

	if (read(transfer->source, transfer->into, 2 * PAGE) < 0)
		perror("read");
	return NULL;
}

/* Begins the transfer and gives up FILE. */
static int begin(struct transfer *transfer, char **arg)
{
	int fd = open(arg[0], O_RDWR);

	if (fd < 0)
		return fail("open");
	transfer->into = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (transfer->into == MAP_FAILED ||
	    mmap(transfer->into, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
		return fail("mmap");
	transfer->source = open(arg[1], O_RDONLY | O_DIRECT);
	if (transfer->source < 0)
		return fail("open the source");
	errno = pthread_create(&transfer->thread, NULL, receive, transfer);
	if (errno)
		return fail("pthread_create");
	while (access(arg[2], F_OK))
		usleep(1000);
	if (fsync(fd) || munmap(transfer->into, PAGE) || close(fd))
		return fail("close");
	puts("gone");
	fflush(stdout);
	return 0;
}

static int gone(char **arg)
{
	struct transfer transfer;
	int error = begin(&transfer, arg);

	if (error)
		return error;
	pthread_join(transfer.thread, NULL);
	return 0;
}

static char *code;
static atomic_int ready;
static int first = -1;
static sigjmp_buf again;

static void not_yet(int signal)
{
	(void)signal;
	siglongjmp(again, 1);
}

static int call(void)
{
	int (*function)(void);

	memcpy(&function, &code, sizeof(function));
	return function();
}

/* Calls until the page is executable. */
static void *caller(void *arg)
{
	while (!atomic_load(&ready))
		;
	sigsetjmp(again, 1);
	first = call();
	return arg;
}

static int late(char **arg)
{
	struct transfer transfer;
	pthread_t thread;
	char line[8];
	int i, fd, error = begin(&transfer, arg);

	if (error)
		return error;
	if (!fgets(line, sizeof(line), stdin))
		return fail("no line of input");
	signal(SIGSEGV, not_yet);
	fd = open(arg[0], O_RDONLY);
	code = mmap(NULL, (MAPPINGS + 1) * (size_t)PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (code == MAP_FAILED ||
	    mmap(code, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_POPULATE, fd, 0) == MAP_FAILED)
		return fail("mmap");
	/* So that mprotect() has much to do after the first page, and returns late. */
	for (i = 1; i < MAPPINGS; i += 2)
		if (mprotect(code + i * (size_t)PAGE, PAGE, PROT_READ))
			return fail("mprotect");
	errno = pthread_create(&thread, NULL, caller, NULL);
	if (errno)
		return fail("pthread_create");
	usleep(10000);
	atomic_store(&ready, 1);
	if (mprotect(code, MAPPINGS * (size_t)PAGE, PROT_READ | PROT_EXEC))
		return fail("mprotect");
	pthread_join(thread, NULL);
	printf("first %d later %d\n", first, call());
	fflush(stdout);
	pthread_join(transfer.thread, NULL);
	return 0;
}

static const struct command commands[] = {
	{ "gone", gone, 3 },
	{ "late", late, 3 },
};

int main(int argc, char **argv) { return run_command(commands, sizeof(commands) / sizeof(*commands), argc, argv); }
