// SPDX-License-Identifier: GPL-2.0
/*
 * files make DIR DIRECTORIES FILES SIZE: makes FILES files of at most SIZE bytes, each with other
 * content, in DIRECTORIES directories.
 *
 * files read DIR DIRECTORIES FILES READS TASKS SEED: reads READS of them, chosen at random, with
 * TASKS tasks; with READS of 0 each file once. Prints the nanoseconds that all of it took.
 *
 * files rewrite DIR FILES TIMES FIRST: writes FILES files in turn and reads each then, TIMES times
 * altogether. The content is a number, from FIRST on. Prints the nanoseconds.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *top;
static long directories, files;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void name(char *path, size_t size, long file)
{
	snprintf(path, size, "%s/%03ld/%05ld", top, file % directories, file);
}

static void make(long size)
{
	char path[4096];

	for (long i = 0; i < directories; i++) {
		snprintf(path, sizeof(path), "%s/%03ld", top, i);
		if (mkdir(path, 0755))
			die(path);
	}
	for (long i = 0; i < files; i++) {
		/* The first bytes tell files apart. */
		long length = size - i % (size / 2);
		char *content = malloc(size);
		int fd;

		memset(content, 'a' + i % 26, size);
		content[snprintf(content, size, "file %ld", i)] = '\n';
		name(path, sizeof(path), i);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
		if (fd < 0 || write(fd, content, length) != length || close(fd))
			die(path);
		free(content);
	}
}

static void read_one(long file)
{
	static char buffer[65536];
	char path[4096];
	ssize_t got;
	int fd;

	name(path, sizeof(path), file);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		die(path);
	do
		got = read(fd, buffer, sizeof(buffer));
	while (got > 0);
	if (got < 0 || close(fd))
		die(path);
}

/* splitmix64 */
static uint64_t next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static void read_all(long reads, long task, long tasks, uint64_t seed)
{
	uint64_t state = seed;

	for (long i = 0; i < (reads ? reads : files); i++) {
		/*
		 * Every task draws all numbers, so that the reads are the same for any number of
		 * tasks.
		 */
		long file = reads ? (long)(next(&state) % files) : i;

		if (i % tasks == task)
			read_one(file);
	}
}

static long long since(const struct timespec *start)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	return (end.tv_sec - start->tv_sec) * 1000000000LL + end.tv_nsec - start->tv_nsec;
}

static void rewrite(long count, long times, long first)
{
	char path[4096], content[32];

	for (long i = 0; i < times; i++) {
		int length = snprintf(content, sizeof(content), "%ld\n", first + i);
		int fd;

		snprintf(path, sizeof(path), "%s/%06ld", top, i % count);
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		if (fd < 0 || write(fd, content, length) != length || close(fd))
			die(path);
		fd = open(path, O_RDONLY);
		if (fd < 0 || read(fd, content, sizeof(content)) != length || close(fd))
			die(path);
	}
}

int main(int argc, char **argv)
{
	struct timespec start;

	if (argc >= 6) {
		top = argv[2];
		directories = atol(argv[3]);
		files = atol(argv[4]);
	}
	if (argc == 6 && !strcmp(argv[1], "make")) {
		make(atol(argv[5]));
		return 0;
	}
	if (argc == 6 && !strcmp(argv[1], "rewrite")) {
		clock_gettime(CLOCK_MONOTONIC, &start);
		rewrite(atol(argv[3]), atol(argv[4]), atol(argv[5]));
		printf("%lld\n", since(&start));
		return 0;
	}
	if (argc != 8 || strcmp(argv[1], "read")) {
		fprintf(stderr, "usage: files make DIR DIRECTORIES FILES SIZE\n"
				"       files read DIR DIRECTORIES FILES READS TASKS SEED\n"
				"       files rewrite DIR FILES TIMES FIRST\n");
		return 2;
	}
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (long task = 0; task < atol(argv[6]); task++) {
		pid_t child = fork();

		if (child < 0)
			die("fork");
		if (!child) {
			read_all(atol(argv[5]), task, atol(argv[6]), strtoull(argv[7], NULL, 0));
			_exit(0);
		}
	}
	for (long task = 0; task < atol(argv[6]); task++) {
		int status;

		if (wait(&status) < 0 || status) {
			fprintf(stderr, "a task failed\n");
			return 1;
		}
	}
	printf("%lld\n", since(&start));
	return 0;
}
