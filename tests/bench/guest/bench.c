// SPDX-License-Identifier: GPL-2.0
/*
 * bench open|map|exec FILE N: opens and closes FILE, maps and unmaps it executable, or executes it,
 * N times after a tenth as many that do not count, on one processor; prints the nanoseconds of all
 * N.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *path;
static int fd;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void do_open(void)
{
	int opened = open(path, O_RDONLY);

	if (opened < 0 || close(opened))
		die(path);
}

static void do_map(void)
{
	void *start = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	if (start == MAP_FAILED || munmap(start, 4096))
		die("mmap");
}

static void do_exec(void)
{
	int status;
	pid_t child = vfork();

	if (!child) {
		execl(path, path, NULL);
		_exit(99);
	}
	if (waitpid(child, &status, 0) != child || status)
		die("exec");
}

static long long run(void (*once)(void), long n)
{
	struct timespec start, end;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (n-- > 0)
		once();
	clock_gettime(CLOCK_MONOTONIC, &end);
	return (end.tv_sec - start.tv_sec) * 1000000000ll + end.tv_nsec - start.tv_nsec;
}

int main(int argc, char **argv)
{
	void (*once)(void) = NULL;
	cpu_set_t last;
	long n;

	if (argc == 4) {
		once = !strcmp(argv[1], "open") ? do_open : once;
		once = !strcmp(argv[1], "map") ? do_map : once;
		once = !strcmp(argv[1], "exec") ? do_exec : once;
	}
	if (!once) {
		fprintf(stderr, "usage: bench open|map|exec FILE N\n");
		return 2;
	}
	path = argv[2];
	n = atol(argv[3]);
	CPU_ZERO(&last);
	CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) - 1, &last);
	if (sched_setaffinity(0, sizeof(last), &last))
		die("sched_setaffinity");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die(path);
	run(once, n / 10 + 1);
	printf("%lld\n", run(once, n));
	return 0;
}
